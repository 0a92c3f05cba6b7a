"""The people who answer, and what they may."""

import secrets
from datetime import datetime

from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model, now

ROLES = ("agent", "manager", "admin")


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
