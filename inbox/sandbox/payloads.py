"""What a webhook says: flat, or in one of the other shapes that have been seen."""

import json
from collections.abc import Mapping
from secrets import token_hex
from typing import Any

from inbox.sandbox import addresses, groups
from inbox.sandbox.box import Box
from inbox.sandbox.store import Row

Payload = dict[str, Any]


def received(box: Box, message: Row) -> Payload:
    payload = _common(box, message, "message.received", "received")
    payload["sender"] = message["sender"]
    payload |= _said(message)
    payload["received_at"] = message["time_sent"]
    if message["reply_to"] is not None:
        payload["reply_to"] = json.loads(message["reply_to"])
    if payload["is_group"]:
        group = groups.find(box, message["chat"])
        payload |= {"chat_guid": group["chat_guid"], "chat_name": group["name"]}
    return payload


def status(box: Box, message: Row, status: str, **more: Any) -> Payload:
    """One of ours is sent, delivered, read or failed."""
    payload = _common(box, message, f"message.{status}", status)
    if status in ("sent", "failed"):
        payload |= _said(message)
    return payload | more


def reaction(
    box: Box, message: Row, sender: str, reaction: str, action: str, direction: str
) -> Payload:
    return {
        "event": "message.reaction",
        "direction": direction,
        "message_id": message["message_id"],
        "external_id": message["chat"],
        "internal_id": message["internal_id"],
        "sender": sender,
        "reaction": reaction,
        "action": action,
        "original_text": message["text"],
        "timestamp": box.now(),
        **_group(box, message["chat"]),
    }


def dressed(payload: Payload, form: str) -> Payload:
    """The payload as the sandbox was told to shape it."""
    if form == "strings" and payload.get("attachments"):
        return payload | {"attachments": [a["url"] for a in payload["attachments"]]}
    if form == "no_sender" and not payload["is_group"]:
        return {name: value for name, value in payload.items() if name != "sender"}
    return _envelope(payload) if form == "v4" else payload


def _common(box: Box, message: Row, event: str, status: str) -> Payload:
    return {
        "event": event,
        "message_id": message["message_id"],
        "external_id": message["chat"],
        "internal_id": message["internal_id"],
        "status": status,
        "protocol": message["protocol"],
        "timestamp": box.now(),
        **_group(box, message["chat"]),
    }


def _said(message: Row) -> Payload:
    said = {"text": message["text"], "attachments": json.loads(message["attachments"])}
    if message["formatted_text"] is not None:
        said["formatted_text"] = message["formatted_text"]
    return said


def _group(box: Box, chat: str) -> Payload:
    if addresses.kind(chat) != "group":
        return {"is_group": False}
    group = box.store.row("SELECT name FROM chat_group WHERE group_id = ?", chat)
    return {
        "is_group": True,
        "group_id": chat,
        "group_name": group["name"] if group else None,
        "participants": groups.participants(box, chat),
    }


def _envelope(payload: Payload) -> Payload:
    renamed = {"external_id": "chat_id", "internal_id": "recipient"}
    dropped = {
        "event",
        "timestamp",
        "is_group",
        "group_id",
        "group_name",
        "participants",
        "chat_guid",
    }
    data = {renamed.get(n, n): v for n, v in payload.items() if n not in dropped}
    data |= {"channel_id": "ch_sandbox", "channel_type": "blooio", "group": _v4_group(payload)}
    data["contact"] = {"identifier": payload.get("sender") or payload["external_id"]}
    if "error_message" in payload:
        data["error"] = {"code": payload["error_code"], "message": payload["error_message"]}
    return {
        "id": f"evt_{token_hex(10)}",
        "type": payload["event"],
        "api_version": "2026-10-01",
        "created_at": payload["timestamp"],
        "organization_id": "org_sandbox",
        "data": data,
    }


def _v4_group(payload: Mapping[str, Any]) -> Payload | None:
    if not payload["is_group"]:
        return None
    return {"id": payload["group_id"], "name": payload["group_name"]}
