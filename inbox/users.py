"""The people who answer, and what they may."""

import re
import secrets
from datetime import datetime
from functools import cache
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model, db, now
from inbox.errors import Refused

ROLES = ("agent", "manager", "admin")
EMAIL = re.compile(r"[^@\s,;<>\x00-\x1f]+@[^@\s,;<>\x00-\x1f]+")
LONGEST_EMAIL, LONGEST_NAME = 254, 80
SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 1024


class User(Model):
    __tablename__ = "user"

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    password: Mapped[str | None]
    role: Mapped[str] = mapped_column(default="agent")
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(
        unique=True, default=lambda: secrets.token_urlsafe(24)
    )
    created_at: Mapped[datetime] = mapped_column(default=now)

    @property
    def roles(self) -> list[str]:
        return [self.role]


def add(email: str, *, name: str, role: str, password: str | None) -> User:
    """A new person. `password` is already hashed; without one nobody can sign in as them."""
    email, name = read_email(email), read_name(name)
    if with_email(email):
        raise Refused(f"There is already somebody with the address {email}.")
    user = User(email=email, name=name, role=read_role(role), password=password)
    db.session.add(user)
    db.session.flush()
    return user


def disable(user: User) -> None:
    """They cannot sign in any more. End their sessions in the same transaction."""
    _spare_the_last_admin(user)
    user.active = False


def change_role(user: User, role: str) -> None:
    role = read_role(role)
    if role != "admin":
        _spare_the_last_admin(user)
    user.role = role


def anyone() -> bool:
    return db.session.scalar(select(User.id).limit(1)) is not None


def with_email(email: str) -> User | None:
    return db.session.scalar(select(User).filter_by(email=email.strip().lower()))


def read_email(typed: str) -> str:
    email = typed.strip().lower()
    if not EMAIL.fullmatch(email) or len(email) > LONGEST_EMAIL:
        raise Refused("Type an e-mail address, like ana@example.com.")
    return email


def read_name(typed: str) -> str:
    name = " ".join(typed.split())
    if not name or not name.isprintable():
        raise Refused("Type a name.")
    if len(name) > LONGEST_NAME:
        raise Refused(f"A name has at most {LONGEST_NAME} letters.")
    return name


def read_role(role: str) -> str:
    if role not in ROLES:
        raise Refused(f"A role is one of {', '.join(ROLES)}.")
    return role


def read_password(typed: str, *, email: str = "") -> str:
    """A password nobody guesses first. Any characters, any mixture of them, spaces too."""
    if len(typed) < SHORTEST_PASSWORD:
        raise Refused(f"A password has at least {SHORTEST_PASSWORD} characters.")
    if len(typed) > LONGEST_PASSWORD:
        raise Refused(f"A password has at most {LONGEST_PASSWORD} characters.")
    plain = typed.lower()
    if plain in _common() or plain in {email, email.partition("@")[0]} or len(set(plain)) < 3:
        raise Refused("Too many people use that password. Choose another one.")
    return typed


def _spare_the_last_admin(user: User) -> None:
    # Locked in one order, so that two admins who disable each other do not both succeed.
    admins = select(User.id).filter_by(role="admin", active=True).order_by(User.id)
    if list(db.session.scalars(admins.with_for_update())) == [user.id]:
        raise Refused("This is the last admin. Make somebody else admin first.")


@cache
def _common() -> frozenset[str]:
    return frozenset(Path(__file__).with_name("common_passwords.txt").read_text().split())
