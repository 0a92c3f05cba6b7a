"""Typing, reading and the contact card: small things that leave a mark on a chat."""

from typing import Any

from flask import Blueprint

from inbox.sandbox import chats, limits, numbers, phones
from inbox.sandbox.box import Box, here
from inbox.sandbox.chats import Chat

bp = Blueprint("presence", __name__)

NO_TYPING = "RCS chats do not support composing indicators"


@bp.post("/chats/<chat>/typing")
def start_typing(chat: str) -> dict[str, Any]:
    box, found = here(), _reachable(here(), chat)
    road = phones.road(box, list(found.members))
    seconds = box.options.typing_seconds / box.options.speed if road == "imessage" else 0
    _mark(box, found.id, "typing_until", box.now() + int(seconds * 1000))
    answer = {"chat_id": found.id, "typing": True, "started_at": box.now()}
    return answer | ({"warning": NO_TYPING} if road == "rcs" else {})


@bp.delete("/chats/<chat>/typing")
def stop_typing(chat: str) -> dict[str, Any]:
    box, found = here(), _reachable(here(), chat)
    _mark(box, found.id, "typing_until", None)
    return {"chat_id": found.id, "typing": False, "stopped_at": box.now()}


@bp.post("/chats/<chat>/read")
def read(chat: str) -> dict[str, Any]:
    box = here()
    chat_id = chats.begun(box, chat)["chat"]
    _mark(box, chat_id, "read_at", box.now())
    return {"chat_id": chat_id, "status": "read", "marked_at": box.now()}


@bp.post("/chats/<chat>/contact-card")
def share_card(chat: str) -> dict[str, Any]:
    box, found = here(), _reachable(here(), chat)
    limits.check_card(box)
    _mark(box, found.id, "card_staged", 1)
    return {
        "success": True,
        "chat_id": found.id,
        "message": "Contact card staged."
        " It will be sent with the next outgoing message in this chat.",
    }


def _reachable(box: Box, chat: str) -> Chat:
    found = chats.resolve(box, chat)
    numbers.require(box)
    return found


def _mark(box: Box, chat: str, column: str, value: int | None) -> None:
    with box.store.transaction():
        box.store.run("INSERT OR IGNORE INTO presence (chat) VALUES (?)", chat)
        sql = f"UPDATE presence SET {column} = ? WHERE chat = ?"  # noqa: S608
        box.store.run(sql, value, chat)
