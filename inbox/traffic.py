"""The traffic guard: a reply that was begun before somebody else wrote is not sent unread."""

from sqlalchemy import func, or_, select

from inbox import messages
from inbox.conversations import Conversation
from inbox.db import db, lock
from inbox.errors import Overtaken
from inbox.messages import Message
from inbox.users import User


def guard(
    conversation: Conversation, author: User, seen: int | None, *, client_id: str | None = None
) -> None:
    """Refuse when a customer or a colleague wrote after the message `seen`, the last one that
    `author` had before them. None: they have been told and send it anyway."""
    lock(conversation)
    if conversation.opted_out_at:
        return  # which is the better reason to refuse it
    if seen is None or (client_id and messages.composed(author, client_id)):
        return
    others = or_(Message.author_id.is_(None), Message.author_id != author.id)
    query = select(func.count()).where(
        Message.conversation_id == conversation.id, Message.id > seen, others
    )
    if count := db.session.scalar(query):
        new = "1 new message" if count == 1 else f"{count} new messages"
        raise Overtaken(f"{new} since you started.")
