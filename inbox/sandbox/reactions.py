"""Our reactions to messages; -1 is the newest message, -2 the one before it."""

import re
from typing import Any

from flask import Blueprint

from inbox.sandbox import asked, chats, messages, numbers, speech
from inbox.sandbox.box import Box, here
from inbox.sandbox.errors import invalid, missing
from inbox.sandbox.store import Row

bp = Blueprint("reactions", __name__)

REACTION = re.compile(
    r"([+-])(love|like|dislike|laugh|emphasize|question|[^\x00-\x7f][^\s\x00-\x1f]*)"
)
BACKWARDS = re.compile(r"-[1-9][0-9]{0,5}")


@bp.post("/chats/<chat>/messages/<message_id>/reactions")
def create(chat: str, message_id: str) -> dict[str, Any]:
    box, body = here(), asked.body()
    found = REACTION.fullmatch(asked.text(body, "reaction", required=True) or "")
    if found is None:
        raise invalid("reaction must be + or - and a tapback or an emoji.")
    direction = asked.text(body, "direction")
    if direction not in (None, "inbound", "outbound"):
        raise invalid("direction must be inbound or outbound.")
    numbers.require(box)
    message = _find(box, chat, message_id, direction)["message_id"]
    action = "add" if found[1] == "+" else "remove"
    speech.mark(box, message, "", found[2], action)
    return {"success": True, "message_id": message, "reaction": found[2], "action": action}


def _find(box: Box, chat: str, message_id: str, direction: str | None) -> Row:
    if not BACKWARDS.fullmatch(message_id):
        return messages.find(box, chat, message_id)
    row = box.store.row(
        "SELECT * FROM message WHERE chat = ? AND (? IS NULL OR direction = ?)"
        " ORDER BY time_sent DESC, seq DESC LIMIT 1 OFFSET ?",
        chats.resolve(box, chat).id,
        direction,
        direction,
        -int(message_id) - 1,
    )
    if row is None:
        raise missing("Message")
    return row
