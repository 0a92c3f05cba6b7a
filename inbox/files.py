"""Files as people get them: whose they may see, and in which shape."""

from dataclasses import dataclass

from sqlalchemy import Select, select

from inbox import conversations, file_names
from inbox.attachments import Attachment
from inbox.conversations import Conversation
from inbox.messages import Message
from inbox.users import User

MADE = {".jpg": "image/jpeg", ".webp": "image/webp"}
# What a browser may play, and as what: it takes a film from an iPhone under the name of the kin.
PLAYED = {
    "audio/aac": "audio/aac",
    "audio/flac": "audio/flac",
    "audio/mp4": "audio/mp4",
    "audio/mpeg": "audio/mpeg",
    "audio/ogg": "audio/ogg",
    "audio/wav": "audio/wav",
    "video/mp4": "video/mp4",
    "video/quicktime": "video/mp4",
    "video/webm": "video/webm",
}


@dataclass(frozen=True)
class Shape:
    """What to send: its name in storage, its type, and the header that says to save it, if so."""

    stored: str
    content_type: str
    disposition: str


def visible_to(user: User) -> Select[Attachment]:
    """The only way to a file on somebody's behalf."""
    allowed = conversations.visible_to(user).with_only_columns(Conversation.id)
    seen = select(Message.id).where(Message.conversation_id.in_(allowed))
    return select(Attachment).where(Attachment.message_id.in_(seen))


def playable(attachment: Attachment) -> bool:
    return attachment.stored is not None and attachment.content_type in PLAYED


def shape(attachment: Attachment, kind: str) -> Shape | None:
    """`kind`: thumbnail, picture, play or original; None when there is no such thing of it.

    Shown are only pictures that we made ourselves, and what plays; the original is for saving.
    """
    made = {"thumbnail": attachment.thumbnail, "picture": attachment.display}.get(kind)
    if made:
        return Shape(made, MADE[made[made.rindex(".") :]], "inline")
    if kind == "play" and attachment.stored and playable(attachment):
        return Shape(attachment.stored, PLAYED[attachment.content_type or ""], "inline")
    if kind == "original" and attachment.stored:
        name = file_names.clean(attachment.name, attachment.content_type)
        content_type = attachment.content_type or "application/octet-stream"
        return Shape(attachment.stored, content_type, file_names.disposition(name))
    return None
