"""Tapbacks and emoji on bubbles."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model, now

EMOJI = {
    "love": "❤️",
    "like": "👍",
    "dislike": "👎",
    "laugh": "😂",
    "emphasize": "‼️",
    "question": "❓",
}


class Reaction(Model):
    """A tapback or an emoji that somebody put on a bubble. `sender` is an address of theirs."""

    __tablename__ = "reaction"
    __table_args__ = (UniqueConstraint("message_id", "sender", "reaction"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"))
    sender: Mapped[str]
    reaction: Mapped[str]
    at: Mapped[datetime] = mapped_column(default=now)

    @property
    def emoji(self) -> str:
        return EMOJI.get(self.reaction, self.reaction)
