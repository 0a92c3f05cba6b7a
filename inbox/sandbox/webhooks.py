"""Webhooks: who is told, and the first step of telling them."""

import json
from secrets import token_hex
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint

from inbox.sandbox import asked, payloads
from inbox.sandbox.box import Box, here
from inbox.sandbox.errors import Answer, Problem, invalid, missing
from inbox.sandbox.store import Row

bp = Blueprint("webhooks", __name__)

MOST = 64
LATE = 2.0
HELD_BACK = (0.7, 3.0)  # a read receipt follows a delivery after a second
LOOPBACK = ("127.0.0.1", "localhost", "::1")
STATUS = {"message.sent", "message.delivered", "message.failed", "message.read"}
TYPES = {
    "status": STATUS,
    "message": STATUS | {"message.received", "message.reaction"},
    "poll": {"poll.received", "poll.created", "poll.voted"},
}


def register(box: Box, url: str, *, secret: str | None, webhook_type: str) -> str:
    """Make sure that `url` is told; gives the signing secret. A known URL keeps the one it has
    unless another is given."""
    with box.store.transaction():
        row = box.store.row("SELECT * FROM webhook WHERE webhook_url = ?", url)
        secret = secret or box.options.secret or (row["secret"] if row else new_secret())
        if row is None:
            _add(box, url, webhook_type, secret, -1)
        else:
            box.store.run(
                "UPDATE webhook SET secret = ?, webhook_type = ? WHERE webhook_url = ?",
                secret,
                webhook_type,
                url,
            )
    return secret


def new_secret() -> str:
    return f"whsec_{token_hex(20)}"


def emit(box: Box, payload: payloads.Payload) -> None:
    """Tell every webhook that wants to know, each by its own delivery."""
    body = payloads.dressed(payload, box.options.payload)
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    for row in box.store.rows("SELECT * FROM webhook"):
        if active(box, row) and wants(row["webhook_type"], payload["event"]):
            _tell(box, row["webhook_id"], payload, text)


def wants(webhook_type: str, event: str) -> bool:
    return webhook_type == "all" or event in TYPES[webhook_type]


def active(box: Box, row: Row) -> bool:
    expired = row["valid_until"] != -1 and row["valid_until"] < box.now()
    return row["deprecated_at"] is None and (box.options.webhooks == "closed" or not expired)


def find(box: Box, webhook_id: str) -> Row:
    row = box.store.row("SELECT * FROM webhook WHERE webhook_id = ?", webhook_id)
    if row is None:
        raise missing("Webhook")
    return row


def shown(box: Box, row: Row) -> dict[str, Any]:
    names = (
        "webhook_id", "webhook_url", "webhook_type", "created_at", "deprecated_at", "valid_until",
        "last_triggered", "failure_count",
    )  # fmt: skip
    return {
        **{name: row[name] for name in names},
        "scope": "organization",
        "api_key_name": None,
        "integration_name": None,
        "is_active": active(box, row),
    }


@bp.get("/webhooks")
def index() -> dict[str, Any]:
    box = here()
    rows = box.store.rows("SELECT * FROM webhook ORDER BY rowid")
    return {"webhooks": [shown(box, row) for row in rows]}


@bp.post("/webhooks")
def create() -> Answer:
    box, body = here(), asked.body()
    url = _url(asked.text(body, "webhook_url", required=True) or "")
    webhook_type, valid_until = _type(body, "message"), _until(body, -1)
    with box.store.transaction():
        known = box.store.row("SELECT * FROM webhook WHERE webhook_url = ?", url)
        if known is not None:
            return _known(known), 200
        if box.options.webhooks == "closed":
            raise Problem(410, "New webhooks are created in v4: POST /v4/webhooks.")
        if box.store.number("SELECT count(*) FROM webhook") >= MOST:
            raise Problem(409, "An organization has at most 64 webhooks.")
        secret = box.options.secret or new_secret()
        row = _add(box, url, webhook_type, secret, valid_until)
    named = ("webhook_id", "webhook_url", "webhook_type", "created_at")
    return {**{n: row[n] for n in named}, "scope": "organization", "signing_secret": secret}, 201


@bp.get("/webhooks/<webhook_id>")
def one(webhook_id: str) -> dict[str, Any]:
    return shown(here(), find(here(), webhook_id))


@bp.patch("/webhooks/<webhook_id>")
def change(webhook_id: str) -> dict[str, Any]:
    box, body = here(), asked.body()
    row = find(box, webhook_id)
    deprecated_at = row["deprecated_at"]
    if "deprecate" in body:
        deprecated_at = box.now() if asked.flag(body, "deprecate") else None
    box.store.run(
        "UPDATE webhook SET webhook_type = ?, valid_until = ?, deprecated_at = ?"
        " WHERE webhook_id = ?",
        _type(body, row["webhook_type"]),
        _until(body, row["valid_until"]),
        deprecated_at,
        webhook_id,
    )
    return shown(box, find(box, webhook_id))


@bp.delete("/webhooks/<webhook_id>")
def delete(webhook_id: str) -> dict[str, Any]:
    find(here(), webhook_id)
    here().store.run("DELETE FROM webhook WHERE webhook_id = ?", webhook_id)
    return {"success": True, "message": "Webhook deleted"}


@bp.post("/webhooks/<webhook_id>/secret/rotate")
def rotate(webhook_id: str) -> dict[str, Any]:
    box, secret = here(), new_secret()
    find(box, webhook_id)
    box.store.run(
        "UPDATE webhook SET old_secret = secret, secret = ?, rotation_count = rotation_count + 1"
        " WHERE webhook_id = ?",
        secret,
        webhook_id,
    )
    return {
        "webhook_id": webhook_id,
        "signing_secret": secret,
        "rotated_at": box.now(),
        "rotated_by": "api_key",
        "rotation_count": find(box, webhook_id)["rotation_count"],
    }


def _tell(box: Box, webhook_id: str, payload: payloads.Payload, text: str) -> None:
    if box.weather.strike("lost"):
        return
    seconds = _lateness(box, payload["event"])
    twice = box.options.deliver_twice or box.weather.strike("duplicated")
    for _ in range(2 if twice else 1):
        _plan(box, webhook_id, payload, text, seconds)


def _lateness(box: Box, event: str) -> float:
    seconds = LATE if event in box.options.deliver_late else 0.0
    if shuffled := box.weather.strike("shuffled"):
        least, most = HELD_BACK
        seconds += least + (most - least) * shuffled.chance
    if delayed := box.weather.strike("delayed"):
        seconds += delayed.seconds
    return seconds


def _plan(box: Box, webhook_id: str, payload: payloads.Payload, text: str, seconds: float) -> None:
    event_id = f"evt_{token_hex(10)}"
    box.store.add(
        "delivery",
        event_id=event_id,
        webhook_id=webhook_id,
        event=payload["event"],
        message_id=payload["message_id"],
        body=text,
    )
    box.later(seconds, "deliver", event_id=event_id)


def _add(box: Box, url: str, webhook_type: str, secret: str, valid_until: int) -> Row:
    webhook_id = f"wh_{token_hex(10)}"
    box.store.add(
        "webhook",
        webhook_id=webhook_id,
        webhook_url=url,
        webhook_type=webhook_type,
        secret=secret,
        created_at=box.now(),
        valid_until=valid_until,
    )
    return find(box, webhook_id)


def _known(row: Row) -> dict[str, Any]:
    return {
        "webhook_id": row["webhook_id"],
        "webhook_url": row["webhook_url"],
        "scope": "organization",
        "message": "Webhook already registered",
    }


def _url(url: str) -> str:
    """https, or plain http on loopback, where the real provider could never reach."""
    try:
        split = urlsplit(url)
    except ValueError:
        raise invalid("webhook_url must be a URL.") from None
    local = split.scheme == "http" and split.hostname in LOOPBACK
    if not split.hostname or not (split.scheme == "https" or local):
        raise invalid("webhook_url must be an https URL.")
    return url


def _type(body: dict[str, Any], default: str) -> str:
    found = asked.text(body, "webhook_type") or default
    if found not in (*TYPES, "all"):
        raise invalid("webhook_type must be message, status, poll or all.")
    return found


def _until(body: dict[str, Any], default: int) -> int:
    found = body.get("valid_until", default)
    if found is None:
        return -1
    if isinstance(found, bool) or not isinstance(found, int):
        raise invalid("valid_until must be milliseconds or -1.")
    return found
