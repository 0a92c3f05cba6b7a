"""Comparisons of what the provider has with what we have: what was missing, and what still is."""

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, Select, delete, func, select
from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model, db, now
from inbox.lines import Line

KEPT = timedelta(days=30)
# How far before the start of the last complete one the next one begins: lists lag.
MARGIN = timedelta(minutes=10)
EVERY = {"recent": timedelta(minutes=15), "all": timedelta(days=1)}
AFTER_AN_ERROR = {"recent": timedelta(minutes=5), "all": timedelta(hours=1)}
# Between two that nobody waits for, however often somebody finds a reason.
REST = timedelta(minutes=1)
# Longer than the longest request with its second try.
LEASE = timedelta(minutes=3)
INTERRUPTED = "It was interrupted."


class Verification(Model):
    """One comparison of a line with its provider.

    `kind` is recent (chats that moved since `since`), all, or asked (by a person). It is under way
    until `ended_at`; with an `error` it did not get through. `missing_messages` and
    `missing_reports` are what it found that we did not have; `still_missing` what was not there
    after it had filled the gaps. `done` counts chats compared, of `chats`. `note` is what it could
    not look at, without being wrong for that.

    It is worked at in turns by whoever holds its lease; `todo` is what is left.
    """

    __tablename__ = "verification"
    __table_args__ = (Index("ix_verification_line_id_id", "line_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    kind: Mapped[str]
    since: Mapped[datetime]
    started_at: Mapped[datetime] = mapped_column(default=now)
    ended_at: Mapped[datetime | None]
    chats: Mapped[int] = mapped_column(default=0)
    done: Mapped[int] = mapped_column(default=0)
    messages: Mapped[int] = mapped_column(default=0)
    missing_messages: Mapped[int] = mapped_column(default=0)
    missing_reports: Mapped[int] = mapped_column(default=0)
    still_missing: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None]
    note: Mapped[str | None]
    todo: Mapped[str | None]
    lease: Mapped[str | None]
    lease_until: Mapped[datetime | None]

    @property
    def missing(self) -> int:
        return self.missing_messages + self.missing_reports


def ask(line_id: int, kind: str, since: datetime | None = None) -> Verification:
    """With the line held: one that begins from now on, unless such a one is waiting already."""
    waiting = (one for one in under_way(line_id) if one.todo is None and one.kind == kind)
    known = next(waiting, None)
    if known and known.since <= (since or known.since):
        return known
    row = Verification(line_id=line_id, kind=kind, since=since or now())
    db.session.add(row)
    db.session.flush()
    return row


def begun(line_id: int, at: datetime) -> bool:
    """Whether one that looks at what is recent has begun since then, or waits to begin."""
    since = (Verification.kind != "all", Verification.started_at >= at)
    return db.session.scalar(_of(line_id).where(*since).limit(1)) is not None


def ask_when_due(line: Line, at: datetime) -> bool:
    """With the line held: whether its time has come again, and it was asked for."""
    due = [kind for kind in EVERY if _due(line, kind, at)]
    for kind in due:
        ask(line.id, kind)
    return bool(due)


def under_way(line_id: int) -> list[Verification]:
    """Not ended: those that somebody may wait for first, the slow one last."""
    query = _of(line_id).where(Verification.ended_at.is_(None))
    order = (Verification.kind == "all", Verification.id)
    return list(db.session.scalars(query.order_by(*order)))


def to_go_on(line_id: int, at: datetime, rest: timedelta = REST) -> Verification | None:
    """With the line held: the one to work at now; None while somebody is at one, or all may wait.

    One whose holder died is done with; the slow one is gone on with where that one stood.
    """
    rows = under_way(line_id)
    if any(row.lease and row.lease_until and row.lease_until > at for row in rows):
        return None
    for row in rows:
        _let_go(row, at)
    ready = (row for row in rows if row.ended_at is None and not _rests(row, at, rest))
    return next(ready, None)


def forgotten(at: datetime) -> list[int]:
    """The lines with one under way that nobody has been at for a minute."""
    touched = func.coalesce(Verification.lease_until, Verification.started_at)
    left = (Verification.ended_at.is_(None), touched < at - timedelta(minutes=1))
    return list(db.session.scalars(select(Verification.line_id).where(*left).distinct()))


def take_over(at: datetime) -> None:
    """At the start of the only process: nobody is at any of them, whatever the rows say."""
    for row in db.session.scalars(select(Verification).where(Verification.ended_at.is_(None))):
        _let_go(row, at)


def begin(line: Line, at: datetime) -> datetime:
    """From when on messages have not been verified yet: what came before has been, all of it."""
    whole = (Verification.error.is_(None), Verification.still_missing == 0)
    query = select(func.max(Verification.started_at)).where(
        Verification.line_id == line.id, Verification.ended_at.is_not(None), *whole
    )
    last = db.session.scalar(query)
    return max(last - MARGIN if last else line.created_at, at - KEPT)


def latest(line_id: int, count: int) -> list[Verification]:
    """The newest ones first."""
    return list(db.session.scalars(_of(line_id).order_by(Verification.id.desc()).limit(count)))


def last_good(line_id: int) -> Verification | None:
    """The newest one that got through."""
    good = (Verification.ended_at.is_not(None), Verification.error.is_(None))
    query = _of(line_id).where(*good).order_by(Verification.id.desc()).limit(1)
    return db.session.scalar(query)


def words(row: Verification) -> str:
    """What it found, as the end of a sentence."""
    if not row.missing and not row.still_missing:
        return "nothing missing"
    told = (_count(row.missing_messages, "message"), _count(row.missing_reports, "delivery report"))
    found = " and ".join(filter(None, told)) + " had not arrived"
    if not row.still_missing:
        return f"{found} and {'was' if row.missing == 1 else 'were'} fetched"
    if row.still_missing >= row.missing:
        return f"{found} and could not be fetched"
    return f"{found}, and {row.still_missing:,} could not be fetched"


def tidy() -> None:
    db.session.execute(delete(Verification).where(Verification.started_at < now() - KEPT))


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}" if number else ""


def _due(line: Line, kind: str, at: datetime) -> bool:
    kinds = ("all",) if kind == "all" else ("recent", "asked")
    query = _of(line.id).where(Verification.kind.in_(kinds))
    last = db.session.scalar(query.order_by(Verification.id.desc()).limit(1))
    if last is None:
        return kind == "recent" or at - line.created_at >= EVERY[kind]
    if last.ended_at is None:
        return False
    if last.error:
        return at - last.ended_at >= AFTER_AN_ERROR[kind]
    return at - last.started_at >= EVERY[kind]


def _rests(row: Verification, at: datetime, rest: timedelta) -> bool:
    if row.kind != "recent" or row.todo is not None:
        return False
    earlier = _of(row.line_id).where(
        Verification.kind != "all",
        Verification.ended_at.is_not(None),
        Verification.started_at > at - rest,
    )
    return db.session.scalar(earlier.with_only_columns(Verification.id).limit(1)) is not None


def _let_go(row: Verification, at: datetime) -> None:
    if row.lease and row.kind != "all":
        row.ended_at, row.error, row.todo = at, INTERRUPTED, None
    row.lease = None


def _of(line_id: int) -> Select[Verification]:
    return select(Verification).where(Verification.line_id == line_id)
