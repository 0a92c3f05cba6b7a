"""Messages: keeping and showing them."""

import json
from collections.abc import Mapping
from secrets import token_urlsafe
from typing import Any
from uuid import uuid4

from flask import Blueprint

from inbox.sandbox import addresses, asked, chats, contacts
from inbox.sandbox.box import Box, here
from inbox.sandbox.content import Bubble
from inbox.sandbox.errors import missing
from inbox.sandbox.store import Row

bp = Blueprint("messages", __name__)


def add(
    box: Box,
    chat: str,
    bubble: Bubble,
    *,
    number: str,
    sender: str | None = None,
    status: str = "queued",
    protocol: str = "pending",
    error: str | None = None,
    reply_to: Mapping[str, Any] | None = None,
    at: int | None = None,
) -> Row:
    """Keep one message; with a `sender` it is inbound."""
    message_id = f"msg_{token_urlsafe(12)}"
    if addresses.kind(chat) != "group":
        contacts.remember(box, chat)
    box.store.add(
        "message",
        message_id=message_id,
        chat=chat,
        direction="inbound" if sender else "outbound",
        internal_id=number,
        sender=sender,
        text=bubble.text,
        formatted_text=bubble.formatted_text,
        attachments=json.dumps(bubble.attachments),
        guid=new_guid() if sender else None,
        reply_to=json.dumps(reply_to) if reply_to else None,
        status=status,
        protocol=protocol,
        error=error,
        time_sent=box.now() if at is None else at,
    )
    return get(box, message_id)


def new_guid() -> str:
    return str(uuid4()).upper()


def get(box: Box, message_id: str) -> Row:
    row = box.store.row("SELECT * FROM message WHERE message_id = ?", message_id)
    if row is None:
        raise missing("Message")
    return row


def find(box: Box, chat: str, message_id: str) -> Row:
    row = get(box, message_id)
    if row["chat"] != chats.resolve(box, chat).id:
        raise missing("Message")
    return row


@bp.get("/chats/<chat>/messages")
def index(chat: str) -> dict[str, Any]:
    box, page = here(), asked.page()
    order = {"desc": "DESC", "asc": "ASC"}[asked.choice("sort", "desc", "asc")]
    chat_id = chats.begun(box, chat)["chat"]
    where, values = _filter(chat_id)
    total = box.store.number(f"SELECT count(*) FROM message WHERE {where}", *values)  # noqa: S608
    rows = box.store.rows(
        f"SELECT * FROM message WHERE {where}"  # noqa: S608
        f" ORDER BY time_sent {order}, seq {order} LIMIT ? OFFSET ?",
        *values,
        page.limit,
        page.offset,
    )
    found = [{**shown(box, row), "external_id": chat_id} for row in rows]
    return {"chat_id": chat_id, "messages": found, "pagination": page.info(total)}


@bp.get("/chats/<chat>/messages/<message_id>")
def one(chat: str, message_id: str) -> dict[str, Any]:
    box = here()
    row = find(box, chat, message_id)
    alone = addresses.kind(row["chat"]) != "group"
    contact = contacts.short(box, row["chat"]) if alone else None
    return {**shown(box, row), "chat_id": row["chat"], "contact": contact}


@bp.get("/chats/<chat>/messages/<message_id>/status")
def status(chat: str, message_id: str) -> dict[str, Any]:
    row = find(here(), chat, message_id)
    names = (
        "message_id",
        "direction",
        "status",
        "protocol",
        "time_sent",
        "time_delivered",
        "error",
    )
    return {**{name: row[name] for name in names}, "chat_id": row["chat"]}


def shown(box: Box, row: Row) -> dict[str, Any]:
    names = (
        "message_id", "direction", "internal_id", "text", "time_sent", "time_delivered",
        "status", "protocol", "error",
    )  # fmt: skip
    found = {name: row[name] for name in names}
    found["attachments"] = json.loads(row["attachments"])
    found["sender"] = row["sender"] if addresses.kind(row["chat"]) == "group" else None
    found["reactions"] = _reactions(box, row["message_id"])
    if row["formatted_text"] is not None:
        found["formatted_text"] = row["formatted_text"]
    if row["reply_to"] is not None:
        found["reply_to"] = json.loads(row["reply_to"])
    return found


def _filter(chat: str) -> tuple[str, list[Any]]:
    where = "chat = ?"
    values: list[Any] = [chat]
    direction = asked.choice("direction", "", "inbound", "outbound")
    for condition, value in (
        ("direction = ?", direction or None),
        ("time_sent > ?", asked.whole("since")),
        ("time_sent < ?", asked.whole("until")),
    ):
        if value is not None:
            where, values = f"{where} AND {condition}", [*values, value]
    return where, values


def _reactions(box: Box, message_id: str) -> list[dict[str, Any]]:
    rows = box.store.rows(
        "SELECT reaction, is_added, time_sent, sender FROM reaction WHERE message_id = ?"
        " ORDER BY time_sent",
        message_id,
    )
    return [
        {**dict(row), "is_added": bool(row["is_added"]), "sender": row["sender"] or None}
        for row in rows
    ]
