"""POST a message: every rule in the provider's order, then one row per bubble and an answer."""

import hashlib
import json
import re
from typing import Any

from flask import Blueprint, g, request

from inbox.sandbox import (
    asked,
    chats,
    content,
    lifecycle,
    limits,
    messages,
    numbers,
    phones,
    replies,
)
from inbox.sandbox.box import Box, here
from inbox.sandbox.chats import Chat
from inbox.sandbox.content import Content
from inbox.sandbox.errors import Answer, Problem, invalid
from inbox.sandbox.store import Row

bp = Blueprint("sending", __name__)

KEY = re.compile(r"[\x21-\x7e]{1,255}")


@bp.post("/chats/<chat>/messages")
def send(chat: str) -> Answer:
    box, body, key = here(), asked.body(), _key()
    fingerprint = _fingerprint(chat, body)
    # Within one transaction: of two requests with one key the second waits, then finds the first.
    with box.store.transaction():
        known = _known(box, key)
        if known is not None:
            return _again(box, known, fingerprint), 200
        answer = accept(box, chat, body)
        box.store.add(
            "sent",
            api_key=g.key,
            idempotency_key=key,
            chat=answer.pop("chat"),
            body=json.dumps(body),
            fingerprint=fingerprint,
            message_ids=json.dumps(answer.get("message_ids") or [answer["message_id"]]),
            answer=json.dumps(answer),
            at=box.now(),
        )
    return answer, 202


def accept(box: Box, chat_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """Take a send, or raise Problem. The answer also carries `chat`, its id."""
    wanted = content.read(body, box.options.max_text)
    chat = chats.resolve(box, chat_id, create=True)
    _check_recipients(box, chat, wanted)
    number = numbers.choose(box, chat.id, wanted.from_number)
    limits.check(box, chat, number, wanted)
    reply_to = replies.find(box, chat.id, number, wanted)
    refused = box.weather.strike("failed") is not None
    ids, status = [], "queued"
    for bubble in wanted.bubbles:
        message = messages.add(box, chat.id, bubble, number=number, reply_to=reply_to)
        status = lifecycle.begin(box, message, chat.members, refused=refused)
        ids.append(message["message_id"])
    box.store.run("UPDATE presence SET card_staged = 0 WHERE chat = ?", chat.id)
    answer: dict[str, Any] = {"chat": chat.id, **_ids(wanted, ids), "status": status}
    if chat.several:
        answer["group_id"] = chat.id
        answer["group_created"] = chat.created
        answer["participants"] = list(chat.members)
    if reply_to is not None and reply_to["message_id"] is None:
        answer["parent_unresolved"] = True
    return answer


def _ids(wanted: Content, ids: list[str]) -> dict[str, Any]:
    if wanted.mode == "single":
        return {"message_id": ids[0]}
    if wanted.mode == "array":
        return {"message_ids": ids}
    return {"message_ids": ids, "count": len(ids)}


def _check_recipients(box: Box, chat: Chat, wanted: Content) -> None:
    if set(chat.members) & set(box.options.numbers):
        raise invalid("A message cannot go to one of our own numbers.")
    if set(wanted.mentions) - set(chat.members):
        raise invalid("Only participants can be mentioned.")
    if chat.is_group and not chat.members:
        raise invalid("This group has nobody in it.")
    styled = any(bubble.formatted_text is not None for bubble in wanted.bubbles)
    if styled and phones.road(box, list(chat.members)) != "imessage":
        raise invalid("No styles on this channel.", "format_unsupported_for_channel_type")


def _key() -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not KEY.fullmatch(key):
        raise invalid("Idempotency-Key has 1 to 255 visible characters.")
    return key


def _fingerprint(chat: str, body: dict[str, Any]) -> str:
    text = json.dumps([chat, body], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _known(box: Box, key: str | None) -> Row | None:
    oldest = box.now() - int(box.options.idempotency_hours * 3_600_000)
    return box.store.row(
        "SELECT * FROM sent WHERE idempotency_key = ? AND api_key = ? AND at > ?"
        " ORDER BY id DESC LIMIT 1",
        key,
        g.key,
        oldest,
    )


def _again(box: Box, known: Row, fingerprint: str) -> dict[str, Any]:
    """The original answer; its status is the present one only if that is failed."""
    if box.options.idempotency == "strict" and known["fingerprint"] != fingerprint:
        raise Problem(409, "Duplicate idempotency key with another body.")
    box.store.run("UPDATE sent SET repeats = repeats + 1 WHERE id = ?", known["id"])
    answer: dict[str, Any] = json.loads(known["answer"])
    for message_id in json.loads(known["message_ids"]):
        if messages.get(box, message_id)["status"] == "failed":
            answer["status"] = "failed"
    return answer
