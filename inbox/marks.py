"""Keyset marks: where a page of a long list ends, as text for an address."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, literal, tuple_


def write(at: datetime, id: int) -> str:
    return f"{at.isoformat()}_{id}"


def read(mark: str | None) -> tuple[datetime, int] | None:
    """What `write` made, or None for anything else: a broken mark shows the first page."""
    at, _, id = (mark or "").rpartition("_")
    try:
        when, number = datetime.fromisoformat(at), int(id)
        when = (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return (when, number) if 0 <= number < 2**63 else None


def beyond(at: Any, id: Any, mark: tuple[datetime, int], *, rising: bool) -> ColumnElement[bool]:
    """The rows after `mark` in the order of (`at`, `id`), rising or falling."""
    here, there = tuple_(at, id), tuple_(literal(mark[0], at.type), literal(mark[1], id.type))
    return here > there if rising else here < there
