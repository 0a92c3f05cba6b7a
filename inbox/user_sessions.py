"""Who is signed in, and where. A session ends here, not in a cookie: by hand, by age or by rest.

The browser keeps a random token, the table only its hash. What ended is cut off the live pages
after the commit.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ForeignKey, event, or_, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from inbox import live
from inbox.db import Model, db, now
from inbox.users import User

log = structlog.get_logger(__name__)

LONGEST = timedelta(days=30)
IDLE = timedelta(days=7)
SEEN_EVERY = timedelta(minutes=1)
LONGEST_AGENT = 300


class UserSession(Model):
    __tablename__ = "user_session"

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)
    last_seen_at: Mapped[datetime] = mapped_column(default=now)
    ip: Mapped[str | None]
    user_agent: Mapped[str | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)

    user: Mapped[User] = relationship(lazy="joined", innerjoin=True)

    def alive(self, at: datetime) -> bool:
        rested = at - self.last_seen_at >= IDLE
        old = at - self.created_at >= LONGEST
        return self.ended_at is None and self.user.active and not rested and not old


def begin(user: User, *, ip: str | None, user_agent: str | None) -> str:
    """Sign somebody in. The answer is the token for their browser; it is kept nowhere else."""
    token = secrets.token_urlsafe(32)
    agent = (user_agent or "")[:LONGEST_AGENT] or None
    session = UserSession(token_hash=_hashed(token), user=user, ip=ip, user_agent=agent)
    db.session.add(session)
    return token


def with_token(token: str) -> UserSession | None:
    """The session of a browser, if it has not ended."""
    found = db.session.scalar(select(UserSession).filter_by(token_hash=_hashed(token)))
    return found if found and found.alive(now()) else None


def see(id: int, at: datetime) -> None:
    """Somebody was here."""
    mine = update(UserSession).where(UserSession.id == id, UserSession.last_seen_at < at)
    db.session.execute(mine.values(last_seen_at=at))


def end(session: UserSession) -> None:
    session.ended_at = session.ended_at or now()
    _cut_after_commit(f"session-{session.id}")


def end_all(user: User) -> None:
    """Everywhere: they were disabled, or may do something else from now on."""
    theirs = update(UserSession).where(
        UserSession.user_id == user.id, UserSession.ended_at.is_(None)
    )
    db.session.execute(theirs.values(ended_at=now()))
    _cut_after_commit(f"user-{user.id}")


def tidy(since: datetime) -> None:
    """End what is too old, and cut off what another process ended after `since`; commit after it.

    A command line cannot reach the browsers of a web process: this does, a little later.
    """
    at = now()
    too_old = or_(UserSession.created_at <= at - LONGEST, UserSession.last_seen_at <= at - IDLE)
    old = update(UserSession).where(UserSession.ended_at.is_(None), too_old)
    db.session.execute(old.values(ended_at=at))
    for id in db.session.scalars(select(UserSession.id).where(UserSession.ended_at >= since)):
        _cut_after_commit(f"session-{id}")


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _cut_after_commit(room: str) -> None:
    db.session().info.setdefault("cuts", []).append(room)


@event.listens_for(Session, "after_commit")
def _cut(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for room in session.info.pop("cuts", []):
        try:
            live.cut(room)
        except Exception:  # it is committed: what cannot be reached is asked again as it returns
            log.exception("session.not_cut")


@event.listens_for(Session, "after_rollback")
def _forget(session: Session) -> None:
    if not session.in_nested_transaction():
        session.info.pop("cuts", None)
