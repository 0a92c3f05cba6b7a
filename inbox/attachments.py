"""Files of messages: what came with one, and whether we have it."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from inbox import jobs
from inbox.db import Model
from inbox.errors import Refused

JOB = "fetch_file"


class Attachment(Model):
    """`state`: pending (it is being fetched, or waits for that), stored, blocked (it may not be
    fetched) or failed (it could not be); `problem` says why, in words.

    `name`, `content_type` and `size` are a stranger's words until it is stored; then the type and
    the size are those of its content. `kind`: picture, audio, video, card or file. `stored`,
    `display` and `thumbnail` are names in our storage: what came, and what we made of a picture.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        Index(
            "ix_attachment_pending",
            "id",
            sqlite_where=text("state = 'pending'"),
            postgresql_where=text("state = 'pending'"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    url: Mapped[str]
    name: Mapped[str | None]
    content_type: Mapped[str | None]
    size: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="pending")
    problem: Mapped[str | None]
    attempts: Mapped[int] = mapped_column(default=0, server_default="0")
    fetch_after: Mapped[datetime | None]
    stored_at: Mapped[datetime | None]
    stored: Mapped[str | None]
    sha256: Mapped[str | None]
    kind: Mapped[str | None]
    display: Mapped[str | None]
    thumbnail: Mapped[str | None]
    width: Mapped[int | None]
    height: Mapped[int | None]
    cards: Mapped[str | None]

    @property
    def people(self) -> list[dict[str, Any]]:
        """Those on a contact card: name, organization, numbers and emails of {kind, value}."""
        people: list[dict[str, Any]] = json.loads(self.cards) if self.cards else []
        return people


def want(attachments: Iterable[Attachment]) -> None:
    """Have these fetched once the transaction commits; their message does not wait for it."""
    for attachment in attachments:
        if attachment.state == "pending":
            jobs.ask_after_commit(JOB, attachment.id)


def retry(attachment: Attachment) -> None:
    """A person asks for it once more."""
    if attachment.state != "failed":
        raise Refused("This file is not one that failed.")
    attachment.state = "pending"
    attachment.problem = attachment.fetch_after = None
    attachment.attempts = 0
    want([attachment])
