"""A provider's event as somebody may read it who must not read what people write to each other.

Nothing is shown but what is named here: the provider's own words, ids and times, and small numbers.
Of a phone number the last two digits stay, of everything else its length.
"""

import json
import re
from typing import Any
from urllib.parse import urlsplit


def _names(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


WORDS = _names(
    """action allocation_type api_version channel_type code content_type direction error_code event
    media_type mime_type previous_action previous_tier protocol status tier type x_blooio_event
    x_blooio_replay"""
)
IDS = _names(
    """channel_id chat_id contact_id event_id group_id guid id message_id organization_id
    original_event_id reply_to_message_id webhook_id x_blooio_message_id x_original_event_id"""
)
TIMES = _names(
    """banned_at created_at delivered_at occurred_at read_at received_at sent_at time_sent
    timestamp"""
)
SIZES = _names("size duration_ms part_index")
# What else a field may be called: these names may be read, and what is in them may not.
OTHERS = _names(
    """attachments channel_address chat_guid chat_name contact data error error_message external_id
    file_name formatted_text from group group_name icon_url identifier internal_id is_added is_group
    message name original_text participants phone_number previous_icon_url previous_name reaction
    reasons recipient reply_to sender text url"""
)
FIELDS = OTHERS | WORDS | IDS | TIMES | SIZES

WORD = re.compile(r"(?!.*\d{5})[a-z][a-z0-9]*(?:[._/+-][a-z0-9]+)*|\d{4}-\d{2}-\d{2}")
ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_-]{2,64}")
DIALLED = re.compile(r"(?<![A-Za-z0-9])\d{7,15}(?![A-Za-z0-9])")
SECRET = re.compile(r"(?:whsec|bl|sk|key|secret|token)_.*", re.IGNORECASE)
TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?")
NUMBER = re.compile(r"(?:tel:)?\+?[\d\s().-]{7,24}", re.ASCII)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
TAPBACKS = re.compile(r"[+-]?(?:love|like|dislike|laugh|emphasize|question)")

LONGEST_WORD = 40
MOST_ITEMS, MOST_VALUES, DEEPEST = 100, 2000, 20
SMALL = 10_000
# Seconds and milliseconds from 2001 to 2096: what a time is, and a phone number is not.
MOMENTS = (range(10**9, 4 * 10**9), range(10**12, 4 * 10**12))


def masked(raw: bytes | str) -> str:
    """Indented JSON with the shape of `raw` and none of its words; a sentence if it is no JSON."""
    try:
        value = json.loads(raw)
    except (ValueError, RecursionError):
        return f"({len(raw)} bytes that are not JSON)"
    return json.dumps(_Mask().value(value, ""), indent=2, ensure_ascii=False)


class _Mask:
    """`left` is how many values may still be shown: an event may be a mebibyte of brackets."""

    def __init__(self) -> None:
        self.left = MOST_VALUES

    def value(self, value: Any, field: str, depth: int = 0) -> Any:
        self.left -= 1
        if self.left < 0 or depth > DEEPEST:
            return "(and more)"
        if isinstance(value, dict):
            return self._object(value, depth)
        if isinstance(value, list):
            return self._list(value, field, depth)
        if isinstance(value, str):
            return text(value, field)
        if isinstance(value, bool) or value is None:
            return value
        return number(value, field)

    def _object(self, value: dict[str, Any], depth: int) -> dict[str, Any]:
        shown: dict[str, Any] = {}
        for place, (name, inner) in enumerate(value.items(), 1):
            if place > MOST_ITEMS:
                shown["(and more)"] = len(value) - MOST_ITEMS
                break
            field = name.lower().replace("-", "_")
            known = field in FIELDS
            key = name if known else f"(field {place}, name hidden)"
            shown[key] = self.value(inner, field if known else "", depth + 1)
        return shown

    def _list(self, value: list[Any], field: str, depth: int) -> list[Any]:
        shown = [self.value(inner, field, depth + 1) for inner in value[:MOST_ITEMS]]
        more = len(value) - MOST_ITEMS
        return [*shown, f"(and {more} more)"] if more > 0 else shown


def text(value: str, field: str) -> str:
    """What may be read of a string in this field."""
    if not value:
        return ""
    if _plain(value, field):
        return value
    digits = re.sub(r"\D", "", value, flags=re.ASCII)
    if NUMBER.fullmatch(value) and 7 <= len(digits) <= 15:
        return f"(number ending in {digits[-2:]})"
    if EMAIL.fullmatch(value):
        return "(e-mail address hidden)"
    if "://" in value and not re.search(r"\s", value):
        return f"({_host(value)} hidden)"
    return f"(text hidden, {len(value)} characters)"


def number(value: float, field: str) -> Any:
    """What may be read of a number: a time, a size, or one too small to reach anybody."""
    if isinstance(value, int):
        if field in TIMES and any(value in moments for moments in MOMENTS):
            return value
        if field in SIZES or (field and abs(value) < SMALL):
            return value
    return "(number hidden)"


def _plain(value: str, field: str) -> bool:
    if SECRET.fullmatch(value) or DIALLED.search(value):
        return False
    if field in WORDS:
        return bool(WORD.fullmatch(value)) and len(value) <= LONGEST_WORD
    if field in IDS:
        return bool(ID.fullmatch(value))
    if field in TIMES:
        return bool(TIME.fullmatch(value))
    return field == "reaction" and bool(TAPBACKS.fullmatch(value))


def _host(value: str) -> str:
    """Whose file it is, when it is the provider's: all after it may let in whoever has it."""
    try:
        host = urlsplit(value).hostname or ""
    except ValueError:
        host = ""
    return "address at blooio.com" if host.endswith(".blooio.com") else "address"
