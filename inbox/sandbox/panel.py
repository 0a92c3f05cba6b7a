"""The control page: weather, somebody who writes, and what was sent, for people at this machine."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from flask import Blueprint, Response, render_template, send_from_directory

from inbox.sandbox import phones
from inbox.sandbox.box import Box, here
from inbox.sandbox.people import Person
from inbox.sandbox.store import Row
from inbox.sandbox.switches import KINDS, Kind

PATH = "/sandbox"
HEADER = "X-Sandbox-Panel"
FILES = Path(__file__).parent / "files"
LAST = 20
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

bp = Blueprint("panel", __name__)


def address(base_url: str) -> str:
    """Where the control page of the sandbox is whose API has this base URL."""
    return urljoin(base_url, PATH)


@bp.after_request
def protect(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("")
def page() -> str:
    box = here()
    return render_template(
        "panel.html", path=PATH, header=HEADER, parts=_parts(), senders=_senders(box)
    )


@bp.get("/files/<name>")
def file(name: str) -> Response:
    return send_from_directory(FILES, name)


@bp.get("/now")
def now() -> dict[str, Any]:
    """The weather, and the last accepted sends, newest first."""
    box = here()
    rows = box.store.rows("SELECT * FROM sent ORDER BY id DESC LIMIT ?", LAST)
    total = box.store.number("SELECT count(*) FROM sent")
    return {"weather": box.weather.shown(), "total": total, "sent": [_sent(box, r) for r in rows]}


def _sent(box: Box, row: Row) -> dict[str, Any]:
    ids = json.loads(row["message_ids"])
    marks = ", ".join("?" * len(ids))
    bubbles = box.store.rows(
        f"SELECT text, attachments, status, protocol FROM message"  # noqa: S608
        f" WHERE message_id IN ({marks}) ORDER BY seq",
        *ids,
    )
    return {
        "to": _name(box, row["chat"]),
        "bubbles": [bubble["text"] or _files(bubble["attachments"]) for bubble in bubbles],
        "status": bubbles[-1]["status"],
        "protocol": bubbles[-1]["protocol"],
        "key": row["idempotency_key"],
        "repeats": row["repeats"],
        "at": row["at"],
    }


def _files(attachments: str) -> str:
    return ", ".join(one["name"] or "file" for one in json.loads(attachments))


def _name(box: Box, chat: str) -> str:
    group = box.store.row("SELECT name FROM chat_group WHERE group_id = ?", chat)
    if group is not None:
        return group["name"] or chat
    return phones.of(box, chat).name or chat


def _senders(box: Box) -> list[dict[str, str]]:
    """Who may write, and where: everybody alone, and the first of each group in it."""
    found = [{"from": p.address, "group": "", "name": p.name or p.address} for p in _people(box)]
    for gathering in box.options.groups if box.options.demo else ():
        first = gathering.members[0]
        name = f"{_name(box, first)}, in {gathering.name}"
        found.append({"from": first, "group": gathering.group_id, "name": name})
    return found


def _people(box: Box) -> list[Person]:
    return [phones.of(box, person.address) for person in box.options.people]


def _parts() -> list[tuple[str, str, dict[str, Kind]]]:
    return [
        (
            "Nothing is stored",
            "The send did not happen. Sending it again is right.",
            _kinds(lambda kind: kind.strikes == "request" and not kind.stored),
        ),
        (
            "Stored, and not told",
            "The send happened. Sending it again with another key would be twice.",
            _kinds(lambda kind: kind.strikes in ("request", "acceptance") and kind.stored),
        ),
        (
            "Webhooks",
            "What becomes of the events on their way.",
            _kinds(lambda kind: kind.strikes in ("event", "delivery")),
        ),
    ]


def _kinds(wanted: Callable[[Kind], bool]) -> dict[str, Kind]:
    return {name: kind for name, kind in KINDS.items() if wanted(kind)}
