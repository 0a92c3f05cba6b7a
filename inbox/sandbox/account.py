"""Who the key belongs to, and its numbers."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, g

from inbox.sandbox.box import Box, here

bp = Blueprint("account", __name__)

BORN = 1_703_123_457_000


@bp.get("/me")
def me() -> dict[str, Any]:
    box = here()
    organization = {
        "organization_id": "org_sandbox",
        "name": "Sandbox",
        "country_code": "US",
        "created_at": BORN,
    }
    return {
        "auth_type": "api_key",
        "valid": True,
        "user_id": None,
        "api_key": g.key,
        "organization_id": "org_sandbox",
        "organization": organization,
        "metadata": {},
        "integration_details": None,
        "devices": [_device(box, number) for number in box.options.numbers],
        "usage": _usage(box),
    }


@bp.get("/me/numbers")
def numbers() -> dict[str, Any]:
    box = here()
    found = [_device(box, number) for number in box.options.numbers]
    for number in found:
        number["last_active"] = _iso(number["last_active"])
    return {"numbers": found}


def _device(box: Box, number: str) -> dict[str, Any]:
    last = box.store.number("SELECT max(time_sent) FROM message WHERE internal_id = ?", number)
    return {
        "phone_number": number,
        "is_active": number in box.options.active,
        "last_active": last or None,
        "plan_kind": box.options.plan,
    }


def _usage(box: Box) -> dict[str, Any]:
    counted = "SELECT count(*) FROM message WHERE direction = ?"
    last = box.store.number("SELECT max(time_sent) FROM message WHERE direction = 'outbound'")
    return {
        "inbound_messages": box.store.number(counted, "inbound"),
        "outbound_messages": box.store.number(counted, "outbound"),
        "last_message_sent": last or None,
    }


def _iso(ms: int | None) -> str | None:
    if ms is None:
        return None
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
