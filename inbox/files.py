"""Files as people get them: whose they may see, and in which shape."""

from dataclasses import dataclass

from sqlalchemy import Select, select

from inbox import conversations, file_names, snippets
from inbox.attachments import Attachment
from inbox.conversations import Conversation
from inbox.db import db, lock
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


def show_in_list(message: Message) -> None:
    """Let the row of the list say what came, now that it is known; the line is held."""
    db.session.refresh(message, ["attachments"])
    kinds = [attachment.kind for attachment in message.attachments]
    if not all(kinds) or message.text.strip():
        return
    conversation = message.conversation
    lock(conversation)
    if conversation.last_message_id == message.id:
        conversation.snippet = snippets.of_files(kinds)


def name(attachment: Attachment) -> str:
    """As it is shown and saved."""
    return file_names.clean(attachment.name, attachment.content_type)


def about(attachment: Attachment) -> str:
    """Its type and size, like "PDF, 412 KB"."""
    words = [_type_word(attachment.content_type), _size_words(attachment.size)]
    return ", ".join(word for word in words if word)


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
        content_type = attachment.content_type or "application/octet-stream"
        saved_as = file_names.disposition(name(attachment))
        return Shape(attachment.stored, content_type, saved_as)
    return None


def _type_word(content_type: str | None) -> str:
    suffix = file_names.SUFFIXES.get(content_type or "")
    return suffix[1:].upper() if suffix else ""


def _size_words(size: int | None) -> str:
    if size is None:
        return ""
    if size < 1000:
        return f"{size} bytes"
    return f"{size / 1000:.0f} KB" if size < 1_000_000 else f"{size / 1_000_000:.1f} MB"
