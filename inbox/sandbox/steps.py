"""Everything that can happen later, by the name under which the store keeps it."""

from typing import Any

from inbox.sandbox import behaviour, delivery, lifecycle
from inbox.sandbox.box import Box

SLOW = frozenset({"deliver", "fetch"})


def run(box: Box, step: str, what: dict[str, Any]) -> None:
    match step:
        case "sent":
            lifecycle.sent(box, **what)
        case "delivered":
            lifecycle.delivered(box, **what)
        case "read":
            lifecycle.read(box, **what)
        case "failed":
            lifecycle.fail(box, **what)
        case "fetch":
            lifecycle.fetch(box, **what)
        case "react":
            behaviour.react(box, **what)
        case "answer":
            behaviour.answer(box, **what)
        case "deliver":
            delivery.deliver(box, **what)
