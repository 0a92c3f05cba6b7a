"""Single-use links that make a person: the first admin, and those who are invited.

A link is a random token of 256 bits; the table keeps only its hash.
"""

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Mapped, mapped_column

from inbox import lines, users
from inbox.db import Model, db, now
from inbox.errors import Refused
from inbox.users import User

LASTS = {"setup": timedelta(minutes=30), "invitation": timedelta(hours=72)}


class SetupLink(Model):
    __tablename__ = "setup_link"

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    token_hash: Mapped[str] = mapped_column(unique=True)
    role: Mapped[str]
    email: Mapped[str | None]
    name: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]

    @property
    def usable(self) -> bool:
        return self.used_at is None and now() < self.expires_at


def first_run_url(public_url: str) -> str | None:
    """The address where the first admin is made; None once there is anybody."""
    if users.anyone():
        return None
    _void(SetupLink.kind == "setup")
    token = _make("setup", role="admin")
    return url(public_url, token)


def invite(email: str, *, name: str, role: str) -> str:
    """The token for somebody new. An earlier invitation of the same address ends."""
    email, name, role = users.read_email(email), users.read_name(name), users.read_role(role)
    if users.with_email(email):
        raise Refused(f"There is already somebody with the address {email}.")
    _void(SetupLink.email == email)
    return _make("invitation", role=role, email=email, name=name)


def url(public_url: str, token: str) -> str:
    return f"{public_url.rstrip('/')}/setup/{token}"


def with_token(token: str) -> SetupLink | None:
    """The link, if it can still be used."""
    link = db.session.scalar(select(SetupLink).filter_by(token_hash=_hashed(token)))
    return link if link and link.usable else None


def use(link: SetupLink, *, email: str, name: str, password: str) -> User:
    """Make the person. Of two who use a link at the same time, one is refused.

    `password` is already hashed. An invited person keeps the address that was invited.
    """
    # All setup links go at once, so that two of them cannot make two first admins.
    mine = SetupLink.kind == "setup" if link.kind == "setup" else SetupLink.id == link.id
    if link.id not in _void(mine) or (link.kind == "setup" and users.anyone()):
        raise Refused("This link was already used.")
    user = users.add(link.email or email, name=name, role=link.role, password=password)
    lines.welcome(user)
    return user


def _make(kind: str, *, role: str, email: str | None = None, name: str | None = None) -> str:
    token = secrets.token_urlsafe(32)
    link = SetupLink(kind=kind, token_hash=_hashed(token), role=role, email=email, name=name)
    link.expires_at = now() + LASTS[kind]
    db.session.add(link)
    return token


def _void(which: ColumnElement[bool]) -> list[int]:
    """End the open ones among these links. The answer is the ids of those that were open."""
    at = now()
    ended = (
        update(SetupLink)
        .where(which, SetupLink.used_at.is_(None), SetupLink.expires_at > at)
        .values(used_at=at)
        .returning(SetupLink.id)
    )
    return list(db.session.scalars(ended))


def _hashed(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
