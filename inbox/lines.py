"""A line is one number of ours at a provider: its keys, its people and its health."""

import json
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Select, or_, select
from sqlalchemy.orm import Mapped, mapped_column

from inbox import activity, jobs, vault
from inbox.db import Model, db, locked, now
from inbox.errors import Refused
from inbox.users import User

SEES_ALL = ("manager", "admin")
# Faults of the provider in a row after which the line rests, and tries with one message at a time.
BREAKER = 5
OFF = "The sandbox is off while a real line is connected."
LONGEST_REST = timedelta(minutes=20)


class Line(Model):
    __tablename__ = "line"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    provider: Mapped[str] = mapped_column(default="blooio")
    sandbox: Mapped[bool] = mapped_column(default=False)
    number: Mapped[str | None]
    base_url: Mapped[str]
    api_key_sealed: Mapped[str]
    webhook_secrets_sealed: Mapped[str | None]
    bare_signatures: Mapped[bool] = mapped_column(default=True)
    region: Mapped[str] = mapped_column(default="US")
    concurrency: Mapped[int] = mapped_column(default=10)
    pace: Mapped[float | None]  # messages a minute
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_inbound_at: Mapped[datetime | None]

    # The lane: who drains it, and what holds it up.
    lease_holder: Mapped[str | None]
    lease_until: Mapped[datetime | None]
    failures: Mapped[int] = mapped_column(default=0)
    paused_until: Mapped[datetime | None]
    stopped_reason: Mapped[str | None]
    new_people_held_until: Mapped[datetime | None]
    next_send_at: Mapped[datetime | None]

    @property
    def api_key(self) -> str:
        return vault.unseal(self.api_key_sealed)

    @property
    def webhook_secrets(self) -> list[str]:
        """Any of them verifies a webhook; none of them means that every webhook is refused."""
        if not self.webhook_secrets_sealed:
            return []
        secrets: list[str] = json.loads(vault.unseal(self.webhook_secrets_sealed))
        return secrets

    @property
    def rests_until(self) -> datetime | None:
        """While the provider is not to be bothered; None when the lane may run."""
        return self.paused_until if _ahead(self.paused_until, LONGEST_REST) else None

    @property
    def takes_new_people_from(self) -> datetime | None:
        """While the provider lets us write to nobody new; None when it does."""
        until = self.new_people_held_until
        return until if _ahead(until, LONGEST_REST + timedelta(hours=1)) else None


class LineMember(Model):
    __tablename__ = "line_member"

    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True, index=True)


def state(line: Line) -> str:
    """How it is: off (on purpose), stopped (a person must mend it), down (the provider does not
    answer), slowed (the provider asked for a rest), or ready."""
    if line.stopped_reason == OFF:
        return "off"
    if line.stopped_reason:
        return "stopped"
    if line.failures >= BREAKER:
        return "down"
    return "slowed" if line.rests_until else "ready"


def resume(line: Line, by: User | None = None) -> None:
    """A person says that what stopped it is mended."""
    if state(line) == "off":
        raise Refused(OFF)
    line.stopped_reason = line.paused_until = None
    line.failures = 0
    record(line, by)
    jobs.ask_after_commit("drain", line.id)


def record(line: Line, by: User | None = None) -> None:
    user_id = by.id if by else None
    activity.record(f"line.{state(line)}", line_id=line.id, user_id=user_id)


def _ahead(moment: datetime | None, most: timedelta) -> bool:
    """Whether it is still to come. Further away than it ever can be, a clock was set back."""
    at = now()
    return moment is not None and at < moment <= at + most


def visible_to(user: User) -> Select[Line]:
    """Managers and admins see every line, agents the lines that they belong to."""
    if user.role in SEES_ALL:
        return select(Line)
    mine = select(LineMember.line_id).where(LineMember.user_id == user.id)
    return select(Line).where(Line.id.in_(mine))


def put(
    key: str,
    *,
    name: str,
    base_url: str,
    api_key: str,
    webhook_secrets: list[str],
    number: str | None,
    bare_signatures: bool,
    sandbox: bool = False,
) -> Line:
    """Make the line, or let it reach its provider this way from now on. A stopped lane goes on.

    A new line is seen by everybody who is already here.
    """
    line = with_key(key)
    new = line is None
    if line is None:
        line = Line(key=key, name=name, sandbox=sandbox)
        db.session.add(line)
    line.base_url = base_url
    line.api_key_sealed = vault.seal(api_key)
    line.webhook_secrets_sealed = vault.seal(json.dumps(webhook_secrets))
    line.number = number
    line.bare_signatures = bare_signatures
    line.stopped_reason = None
    line.failures = 0
    line.paused_until = None
    db.session.flush()
    if new:
        for user_id in db.session.scalars(select(User.id)):
            db.session.add(LineMember(line_id=line.id, user_id=user_id))
    return line


def welcome(user: User) -> None:
    """A new person sees the lines that exist today."""
    for line_id in db.session.scalars(select(Line.id)):
        db.session.merge(LineMember(line_id=line_id, user_id=user.id))


def with_key(key: str) -> Line | None:
    return db.session.scalar(select(Line).filter_by(key=key))


def hold(line_id: int) -> Line:
    """The line, freshly read and held until the commit.

    Whoever changes messages of a line that somebody else may change too holds the line first, so
    that a report and the sending it is about come one after the other.
    """
    return db.session.scalars(locked(select(Line).filter_by(id=line_id), Line)).one()


def busy(at: datetime) -> Select[Line]:
    """Lines whose lane may run at `at`: not stopped, and not waiting for its provider."""
    rested = or_(
        Line.paused_until.is_(None),
        Line.paused_until <= at,
        Line.paused_until > at + LONGEST_REST,
    )
    return select(Line).where(Line.stopped_reason.is_(None), rested)
