"""Inline replies: which message `reply_to` means, and whether it may be answered."""

from collections.abc import Mapping
from typing import Any

from inbox.sandbox.box import Box
from inbox.sandbox.content import Content
from inbox.sandbox.errors import Problem, invalid
from inbox.sandbox.store import Row

LONGEST = 30 * 86_400_000

Reply = dict[str, Any]


def find(box: Box, chat: str, number: str, content: Content) -> Reply | None:
    """``{message_id, guid, part_index}`` to store; `message_id` is None for an unknown guid."""
    asked_for = content.reply_to
    if asked_for is None:
        return None
    if content.mode != "single":
        raise invalid("Several messages cannot be replies.", "reply_target_not_supported")
    part = _part(asked_for)
    parent = _parent(box, asked_for)
    if parent is None:
        return {"message_id": None, "guid": asked_for["guid"], "part_index": part}
    _check(box, parent, chat, number)
    return {"message_id": parent["message_id"], "guid": parent["guid"], "part_index": part}


def _part(asked_for: Mapping[str, Any]) -> int:
    part = asked_for.get("part_index", 0)
    if isinstance(part, bool) or not isinstance(part, int) or part < 0:
        raise invalid("part_index must be at least 0.", "reply_target_invalid")
    return part


def _parent(box: Box, asked_for: Mapping[str, Any]) -> Row | None:
    message_id, guid = asked_for.get("message_id"), asked_for.get("guid")
    if isinstance(message_id, str) and message_id:
        row = box.store.row("SELECT * FROM message WHERE message_id = ?", message_id)
        if row is None:
            raise Problem(404, "Reply target message not found", "reply_target_not_found")
        return row
    if not isinstance(guid, str) or not guid:
        raise invalid("reply_to needs message_id or guid.", "reply_target_invalid")
    return box.store.row("SELECT * FROM message WHERE guid = ?", guid)


def _check(box: Box, parent: Row, chat: str, number: str) -> None:
    if parent["chat"] != chat:
        raise invalid("The reply target is in another chat.", "reply_target_chat_mismatch")
    if parent["internal_id"] != number:
        raise invalid("The reply target is on another number.", "reply_target_device_mismatch")
    if box.now() - parent["time_sent"] > LONGEST:
        raise invalid(
            "You can only reply to messages from the last 30 days", "reply_target_expired"
        )
    if not parent["guid"]:
        raise invalid("The reply target has not left yet.", "reply_target_invalid")
