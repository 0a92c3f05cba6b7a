"""The strings behind the stage, under ``/sandbox``: for tests and demos, not the provider's."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from flask import Blueprint, current_app

from inbox.sandbox import asked, phones, speech
from inbox.sandbox.box import here
from inbox.sandbox.errors import Answer, invalid

bp = Blueprint("controls", __name__)


@bp.post("/say")
def say() -> Answer:
    """``{from, text?, group?, to?, attachments?, reply_to?}``: this person writes to us."""
    body, attachments = asked.body(), asked.body().get("attachments") or []
    if not isinstance(attachments, list) or not all(isinstance(a, str) for a in attachments):
        raise invalid("attachments must be a list of URLs.")
    message_id = speech.say(
        here(),
        asked.text(body, "from", required=True) or "",
        asked.text(body, "text"),
        group=asked.text(body, "group"),
        to=asked.text(body, "to"),
        attachments=attachments,
        reply_to=asked.text(body, "reply_to"),
    )
    return {"message_id": message_id}, 201


@bp.post("/react")
def react() -> Answer:
    """``{from, message_id, reaction, action?}``: this person reacts to a message."""
    body = asked.body()
    sender, message_id, reaction = (
        asked.text(body, name, required=True) or "" for name in ("from", "message_id", "reaction")
    )
    action = asked.text(body, "action") or "add"
    if action not in ("add", "remove"):
        raise invalid("action must be add or remove.")
    speech.react(here(), sender, message_id, reaction, action)
    return {"message_id": message_id}, 201


@bp.get("/sent")
def sent() -> dict[str, Any]:
    """Every accepted send, oldest first, with its idempotency key and how often it was repeated."""
    rows = here().store.rows("SELECT * FROM sent ORDER BY id")
    found = [
        {
            "chat_id": row["chat"],
            "idempotency_key": row["idempotency_key"],
            "body": json.loads(row["body"]),
            "message_ids": json.loads(row["message_ids"]),
            "repeats": row["repeats"],
            "at": row["at"],
        }
        for row in rows
    ]
    return {"sent": found}


@bp.get("/chats")
def chats() -> dict[str, Any]:
    """Where we are typing, have read, or have a contact card waiting."""
    box = here()
    found = [
        {
            "chat_id": row["chat"],
            "typing": (row["typing_until"] or 0) > box.now(),
            "read_at": row["read_at"],
            "card_staged": bool(row["card_staged"]),
        }
        for row in box.store.rows("SELECT * FROM presence")
    ]
    return {"chats": found}


@bp.get("/people")
def people() -> dict[str, Any]:
    box = here()
    return {"people": [asdict(phones.of(box, p.address)) for p in box.options.people]}


@bp.get("/people/<address>")
def person(address: str) -> dict[str, Any]:
    return asdict(phones.of(here(), address))


@bp.put("/people/<address>")
def change_person(address: str) -> dict[str, Any]:
    """Any of `people.TRAITS`."""
    return asdict(phones.change(here(), address, asked.body()))


@bp.put("/faults")
def set_faults() -> dict[str, Any]:
    """``{faults: [...]}``, each of the fields of `faults.Fault`; an empty list ends all trouble."""
    faults = asked.body().get("faults")
    if not isinstance(faults, list):
        raise invalid("faults must be a list.")
    current_app.extensions["sandbox_faults"].set(faults)
    return {"left": current_app.extensions["sandbox_faults"].left()}


@bp.get("/faults")
def faults_left() -> dict[str, Any]:
    return {"left": current_app.extensions["sandbox_faults"].left()}


@bp.get("/weather")
def weather() -> dict[str, Any]:
    """The seed, the switches with what is left of their counts, and how often each has struck."""
    return here().weather.shown()


@bp.put("/weather")
def change_weather() -> dict[str, Any]:
    """``{switches: [...], seed?}``: these and no others, each a text or an object of the fields of
    `switches.Switch`."""
    body, change = asked.body(), here().weather.change
    switches = body.get("switches")
    if not isinstance(switches, list):
        raise invalid("switches must be a list.")
    return _changed(lambda: change(switches, body.get("seed", here().weather.seed)))


@bp.delete("/weather")
def calm() -> dict[str, Any]:
    """No switch, no fault, and nothing counted."""
    here().weather.calm()
    current_app.extensions["sandbox_faults"].set([])
    return weather()


@bp.put("/weather/<name>")
def put_switch(name: str) -> dict[str, Any]:
    """Set one switch and leave the others: ``{rate?, count?, form?, everywhere?}``."""
    body = asked.body()
    return _changed(lambda: here().weather.put({**body, "name": name}))


@bp.delete("/weather/<name>")
def take_switch(name: str) -> dict[str, Any]:
    here().weather.take(name)
    return weather()


def _changed(change: Callable[[], None]) -> dict[str, Any]:
    try:
        change()
    except ValueError as error:
        raise invalid(str(error)) from None
    return weather()
