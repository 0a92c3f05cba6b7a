"""What a request asked for, read and checked: its JSON, its page, its order."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from inbox.sandbox.errors import Problem, invalid


def body() -> dict[str, Any]:
    """The JSON object of the request, or a 400."""
    found = request.get_json(silent=True)
    if not isinstance(found, dict):
        raise invalid("The body must be a JSON object.")
    return found


def text(source: Mapping[str, Any], name: str, *, required: bool = False) -> str | None:
    found = source.get(name)
    if found is None and not required:
        return None
    if not isinstance(found, str) or (required and not found.strip()):
        raise invalid(f"{name} must be a text.")
    return found


def flag(source: Mapping[str, Any], name: str) -> bool:
    found = source.get(name, False)
    if not isinstance(found, bool):
        raise invalid(f"{name} must be true or false.")
    return found


def choice(name: str, *allowed: str) -> str:
    """A word of the query, the first of `allowed` when it is absent."""
    found = request.args.get(name, allowed[0])
    if found not in allowed:
        raise invalid(f"{name} must be one of {', '.join(allowed)}.")
    return found


def whole(name: str) -> int | None:
    found = request.args.get(name)
    if found is None:
        return None
    try:
        return int(found)
    except ValueError:
        raise invalid(f"{name} must be a whole number.") from None


@dataclass(frozen=True)
class Page:
    limit: int
    offset: int

    def info(self, total: int) -> dict[str, int]:
        return {"limit": self.limit, "offset": self.offset, "total": total}

    def of(self, rows: list[Any]) -> list[Any]:
        return rows[self.offset : self.offset + self.limit]


def page() -> Page:
    limit, offset = whole("limit"), whole("offset") or 0
    limit = 50 if limit is None else limit
    if not 1 <= limit <= 200 or offset < 0:
        raise invalid("limit must be 1 to 200 and offset at least 0.")
    return Page(limit, offset)


def lenient_page() -> Page:
    """For the lists whose contract has no 400: what cannot be used is clamped or ignored."""
    return Page(
        min(max(request.args.get("limit", 50, type=int), 1), 200),
        max(request.args.get("offset", 0, type=int), 0),
    )


def lenient_choice(name: str, *allowed: str) -> str:
    try:
        return choice(name, *allowed)
    except Problem:
        return allowed[0]


def search() -> str:
    """What to look for, in lower case; empty finds everything."""
    return request.args.get("q", "").strip().lower()


def lenient_whole(name: str) -> int | None:
    try:
        return whole(name)
    except Problem:
        return None
