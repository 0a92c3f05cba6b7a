"""Files that came with a message."""

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from inbox.db import Model


class Attachment(Model):
    """A file that came with a message. `pending` until it has been fetched."""

    __tablename__ = "attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    url: Mapped[str]
    name: Mapped[str | None]
    content_type: Mapped[str | None]
    size: Mapped[int | None]
    state: Mapped[str] = mapped_column(default="pending")
