"""Our numbers: which of them a message leaves from."""

import hashlib

from inbox.sandbox import addresses
from inbox.sandbox.box import Box
from inbox.sandbox.errors import Problem, invalid


def require(box: Box) -> None:
    """503 when no number of the key has a phone behind it."""
    if not box.options.active:
        raise Problem(503, "No active number available.")


def choose(box: Box, chat: str, asked_for: str | None = None) -> str:
    """The number to send from: the one asked for, else the one this chat is used to."""
    if asked_for is not None:
        return _pinned(box, asked_for)
    require(box)
    if box.options.from_number == "round_robin":
        return box.options.active[box.store.number("SELECT count(*) FROM sent") % _count(box)]
    last = box.store.row(
        "SELECT internal_id FROM message WHERE chat = ? ORDER BY seq DESC LIMIT 1", chat
    )
    if last is not None and last["internal_id"] in box.options.active:
        return str(last["internal_id"])
    return box.options.active[0]


def allocation(number: str) -> str:
    """The provider's id of a number."""
    return f"alloc_{hashlib.sha256(number.encode()).hexdigest()[:12]}"


def _pinned(box: Box, number: str) -> str:
    if not addresses.PHONE.fullmatch(number) or number not in box.options.numbers:
        raise invalid("from_number does not belong to this key.")
    if number not in box.options.active:
        raise Problem(503, "No active number available.")
    return number


def _count(box: Box) -> int:
    return len(box.options.active)
