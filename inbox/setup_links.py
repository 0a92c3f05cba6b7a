"""Single-use links that make a person: the first admin, and those who are invited.

A link is a random token of 256 bits; the table keeps only its hash.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model, now

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
