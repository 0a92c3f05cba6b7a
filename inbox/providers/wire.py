"""Reading what others wrote: any value in, one of our types or None out, never an exception."""

import json
import math
import re
import time
from collections.abc import Container, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

LONGEST_ID = 255
EARLIEST = datetime(2015, 1, 1, tzinfo=UTC)
AHEAD = timedelta(days=1)
SECONDS_UNTIL = 100_000_000_000  # a smaller number is seconds: as milliseconds it is 1973
UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL takes neither


def an_object(body: bytes) -> dict[str, Any] | None:
    """The JSON object that the whole body is, or None."""
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def rows(value: Any) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def text(value: Any) -> str | None:
    """Text as it was written; a number as text; without what no database stores."""
    if isinstance(value, str):
        return UNSTORABLE.sub("\ufffd", value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _digits(value)
    return None


def name(value: Any) -> str | None:
    """Text that means something: trimmed, not empty."""
    return (text(value) or "").strip() or None


def ident(value: Any) -> str | None:
    """An id or an address: like a name, but never longer than a column."""
    found = name(value)
    return found if found is not None and len(found) <= LONGEST_ID else None


def first(*values: Any) -> str | None:
    """The first id among the values."""
    return next((found for found in map(ident, values) if found), None)


def flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def whole(value: Any) -> int | None:
    """A whole number, in range for a 64-bit column."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return int(value) if abs(value) < 2**63 else None


def word(value: Any, known: Container[str]) -> str:
    """One of the known words, or "unknown"."""
    found = (name(value) or "").lower()
    return found if found in known else "unknown"


def when(value: Any) -> datetime | None:
    """Milliseconds, seconds or ISO text as a time; None when absurd: before 2015 or more than a
    day ahead."""
    moment = _iso(value) if isinstance(value, str) else _epoch(value)
    if moment is None or not EARLIEST <= moment <= _now() + AHEAD:
        return None
    return moment


def first_time(*values: Any) -> datetime | None:
    return next((found for found in map(when, values) if found), None)


def _now() -> datetime:
    return datetime.fromtimestamp(time.time(), UTC)


def _iso(value: str) -> datetime | None:
    value = value.strip()
    if re.fullmatch(r"[0-9]{9,14}", value):
        return _epoch(int(value))
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _epoch(value: Any) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e15:
        return None
    seconds = value if value < SECONDS_UNTIL else value / 1000
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _digits(value: float) -> str | None:
    try:
        return str(value)
    except ValueError:  # an integer of more than 4,300 digits
        return None
