"""The bubbles of a conversation, page by page, and those that changed."""

from sqlalchemy import select

from inbox import marks
from inbox.activity import Activity
from inbox.conversations import Conversation
from inbox.db import db
from inbox.messages import Message

PAGE = 40
MOST_CHANGES = 500


def page(conversation: Conversation, before: str | None = None) -> tuple[list[Message], str | None]:
    """The bubbles before the keyset mark, rising, and the mark of those still before them."""
    query = select(Message).where(Message.conversation_id == conversation.id)
    if mark := marks.read(before):
        query = query.where(marks.beyond(Message.at, Message.id, mark, rising=False))
    query = query.order_by(Message.at.desc(), Message.id.desc()).limit(PAGE + 1)
    found = list(db.session.scalars(query))
    rows = found[:PAGE][::-1]
    first = rows[0] if rows else None
    return rows, marks.write(first.at, first.id) if first and len(found) > PAGE else None


def changed(conversation: Conversation, after: int, upto: int) -> list[Message] | None:
    """The bubbles that something happened to in (`after`, `upto`], rising; None: too many."""
    ids = (
        select(Activity.message_id)
        .where(Activity.conversation_id == conversation.id, Activity.message_id.is_not(None))
        .where(Activity.id > after, Activity.id <= upto)
        .distinct()
    )
    query = select(Message).where(Message.id.in_(ids)).order_by(Message.at, Message.id)
    rows = list(db.session.scalars(query.limit(MOST_CHANGES + 1)))
    return rows if len(rows) <= MOST_CHANGES else None
