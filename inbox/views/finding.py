"""Find through the asker: what is not theirs is not there."""

from flask import g, request

from inbox import conversations
from inbox.conversations import Conversation
from inbox.db import db


def conversation(id: int) -> Conversation:
    query = conversations.visible_to(g.user).where(Conversation.id == id)
    found: Conversation = db.one_or_404(query)
    return found


def typed_text() -> str:
    """What was typed, byte for byte: a form writes each line break as two characters."""
    return request.form.get("text", "").replace("\r\n", "\n")
