"""Webhooks we turned away: how many a day and why. What they said is not kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, UniqueConstraint, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model, db, now
from inbox.lines import Line

KEPT = timedelta(days=30)
REASONS = {
    "mismatch": (
        "The signature is wrong",
        "It was not made with our secret. If the secret was changed at Blooio, set the new one in"
        " BLOOIO_WEBHOOK_SECRET. If it is right, somebody else sent these.",
    ),
    "stale": (
        "Too old or too new",
        "The sender’s clock and ours differ by more than 5 minutes. Check this machine’s clock.",
    ),
    "no secret": (
        "No secret is set",
        "Without a signing secret nobody is believed. Set BLOOIO_WEBHOOK_SECRET to the secret that"
        " Blooio showed when the webhook was made.",
    ),
    "missing": (
        "Not signed",
        "Blooio signs every webhook. Somebody else sent these, or something on the way took the"
        " header X-Blooio-Signature off.",
    ),
    "malformed": (
        "The signature cannot be read",
        "It is in a form that is not taken. Look whether something on the way changes the header"
        " X-Blooio-Signature, and at BLOOIO_BARE_SIGNATURES.",
    ),
    "no line": (
        "An address without a line",
        "No line of yours has the address that these came to. If they are Blooio’s, correct the"
        " address of the webhook there.",
    ),
    "too large": ("Larger than 1 MiB", "Blooio’s are far smaller. Somebody else sent these."),
    "not json": (
        "Not JSON",
        "They were of another kind, or compressed. Blooio sends plain JSON. Look whether something"
        " on the way changes them.",
    ),
    "not an object": (
        "Signed, but unreadable",
        "The signature was right, but the content is not one JSON object. Tell Blooio’s support.",
    ),
}
SIGNATURE = {"mismatch", "stale", "no secret", "missing", "malformed"}


class Refusal(Model):
    """`day` is the UTC date; `line_key` is empty for an address that no line has."""

    __tablename__ = "webhook_refusal"
    __table_args__ = (UniqueConstraint("day", "line_key", "reason"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    day: Mapped[str]
    line_key: Mapped[str]
    reason: Mapped[str]
    count: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(default=now)


@dataclass(frozen=True)
class Why:
    """How many were refused for one reason since a day, on the line of this key."""

    reason: str
    line_key: str
    count: int
    last_at: datetime

    @property
    def name(self) -> str:
        return REASONS.get(self.reason, (self.reason, ""))[0]

    @property
    def advice(self) -> str:
        return REASONS.get(self.reason, ("", ""))[1]


def add(day: str, line_key: str, reason: str, count: int, last_at: datetime) -> None:
    """So many more. Several processes may add to the same row at once."""
    insert = sqlite.insert if db.engine.dialect.name == "sqlite" else postgresql.insert
    row = insert(Refusal).values(
        day=day, line_key=line_key, reason=reason, count=count, last_at=last_at
    )
    later = {"count": Refusal.count + row.excluded.count, "last_at": row.excluded.last_at}
    db.session.execute(
        row.on_conflict_do_update(index_elements=["day", "line_key", "reason"], set_=later)
    )


def line_ids() -> Mapping[str, int]:
    """The lines that can be refused for, by their keys."""
    return {key: id for key, id in db.session.execute(select(Line.key, Line.id))}  # noqa: C416


def count(since: datetime, line_key: str | None = None) -> int:
    """On that UTC day and after."""
    query = select(func.coalesce(func.sum(Refusal.count), 0)).where(*_since(since, line_key))
    return int(db.session.scalar(query) or 0)


def reasons(since: datetime, line_key: str | None = None) -> list[Why]:
    """The most frequent ones first."""
    total = func.sum(Refusal.count)
    query = select(Refusal.reason, Refusal.line_key, total, func.max(Refusal.last_at))
    alike = query.where(*_since(since, line_key)).group_by(Refusal.reason, Refusal.line_key)
    rows = db.session.execute(alike.order_by(total.desc(), Refusal.reason, Refusal.line_key))
    return [Why(reason, key, int(count), last_at) for reason, key, count, last_at in rows]


def tidy() -> None:
    db.session.execute(delete(Refusal).where(Refusal.last_at < now() - KEPT))


def _since(since: datetime, line_key: str | None) -> list[ColumnElement[bool]]:
    lines = [] if line_key is None else [Refusal.line_key == line_key]
    return [Refusal.day >= since.date().isoformat(), *lines]
