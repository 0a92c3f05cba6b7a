"""What Blooio's list says, as the webhook would have told it: same shape, same key, so that the
webhook itself changes nothing when it comes after all.
"""

from datetime import datetime
from typing import Any

from inbox.providers.blooio_events import OUTSIDE
from inbox.providers.blooio_types import Media, ProviderMessage, ReplyTo

Payload = dict[str, Any]


def received(message: ProviderMessage, chat: str, *, group: bool, name: str | None) -> Payload:
    """Somebody wrote. In a chat of two the list leaves out who it was: the other one."""
    payload = _common("message.received", message, chat, group=group, name=name) | {
        "status": "received",
        "sender": message.sender or (None if group else chat),
        "received_at": _ms(message.sent_at),
    }
    if message.reply_to:
        payload["reply_to"] = _reply_to(message.reply_to)
    return payload


def report(message: ProviderMessage, chat: str) -> Payload:
    """One of ours is as far as the list says. It does not say when a message failed."""
    return {
        "event": f"message.{message.status}",
        "message_id": message.id,
        "external_id": chat,
        "internal_id": message.number,
        "status": message.status,
        "protocol": message.protocol,
        "sent_at": _ms(message.sent_at),
        "delivered_at": _ms(message.delivered_at),
        "error_message": message.error,
    }


def outside(message: ProviderMessage, chat: str, *, group: bool, name: str | None) -> Payload:
    """One of ours that Tapback did not send. No webhook says so: see `read_event(listed=True)`."""
    told = _common(OUTSIDE, message, chat, group=group, name=name)
    return told | {"sent_at": _ms(message.sent_at)}


def _common(
    event: str, message: ProviderMessage, chat: str, *, group: bool, name: str | None
) -> Payload:
    told: Payload = {
        "event": event,
        "message_id": message.id,
        "external_id": chat,
        "internal_id": message.number,
        "protocol": message.protocol,
        "text": message.text,
        "attachments": [_medium(one) for one in message.media],
        "is_group": group,
    }
    return told | ({"group_id": chat, "group_name": name} if group else {})


def _medium(one: Media) -> Payload:
    return {"url": one.url, "name": one.name, "content_type": one.content_type, "size": one.size}


def _reply_to(answered: ReplyTo) -> Payload:
    return {
        "message_id": answered.message_id,
        "guid": answered.guid,
        "part_index": answered.part_index,
    }


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
