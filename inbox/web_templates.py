"""What every template can use: names for people, pictures of numbers, addresses of files."""

import hashlib
import json
from functools import cache
from pathlib import Path

from flask import Flask, current_app, request, url_for

from inbox import files, phone, queues, sandbox
from inbox.conversations import Conversation
from inbox.db import now
from inbox.lines import Line
from inbox.lines import state as line_state
from inbox.messages import Message

TONES = 8
STATES = {
    "received": "Received",
    "queued": "Queued",
    "sending": "Sending",
    "accepted": "Sending",
    "sent": "Sent",
    "delivered": "Delivered",
    "read": "Read",
    "failed": "Failed",
    "unknown": "Unknown",
    "held": "Held",
    "scheduled": "Scheduled",
    "cancelled": "Cancelled",
}


def init_app(app: Flask) -> None:
    app.jinja_env.globals |= {"line_state": line_state, "now": now}
    app.jinja_env.globals |= {"file_name": files.name, "file_about": files.about}
    app.jinja_env.globals["playable"] = files.playable
    for one in (initials, tone, shown, vendor, asset, state_word, queues_of, sandbox_panel):
        app.jinja_env.globals[one.__name__] = one
        app.jinja_env.filters[one.__name__] = one


def initials(name: str | None) -> str:
    """Of the first and the last word; of a number, nothing that looks like a name."""
    words = [word for word in (name or "").split() if word[0].isalpha()]
    ends = words[:1] + words[1:][-1:]
    return "".join(word[0] for word in ends).upper() or "#"


def tone(id: int | None) -> int:
    """One of eight colours, always the same for the same person."""
    return (id or 0) % TONES + 1


def shown(value: str | None, region: str | None = "US") -> str:
    return phone.shown(value, region) if value else ""


def state_word(message: Message) -> str:
    return STATES.get(message.status, "Unknown")


def queues_of(conversation: Conversation) -> str:
    return " ".join(queues.holding(conversation))


def sandbox_panel(line: Line) -> str | None:
    """Where the pretend provider's weather is made: it answers on this machine only."""
    here = request.host.rsplit(":", 1)[0] in ("127.0.0.1", "localhost", "[::1]")
    return sandbox.panel_address(line.base_url) if here and line.sandbox else None


def vendor(package: str) -> str:
    """The address of a library's file; its version is part of the name."""
    return url_for("static", filename=f"vendor/{_vendored(current_app.static_folder)[package]}")


def asset(path: str) -> str:
    """The address of one of our files, which changes when the file does."""
    file = Path(current_app.static_folder or "") / path
    return url_for("static", filename=path, v=_stamp(file))


@cache
def _vendored(folder: str | None) -> dict[str, str]:
    listed = json.loads((Path(folder or "") / "vendor" / "manifest.json").read_text())
    return {one["package"]: one["file"] for one in listed}


def _stamp(file: Path) -> str:
    try:
        changed = file.stat().st_mtime_ns
    except OSError:
        return "0"
    return _digest(file, changed)


@cache
def _digest(file: Path, changed: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12]
