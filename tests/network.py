"""The provider as it really is, whatever its answers say: for tests that must know the truth.

It stands where `parcels` has its client. What was taken under a key is taken once for a day, and it
complains when a second message goes out while the first may still arrive.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from inbox.db import now
from inbox.errors import ProviderError
from inbox.providers.blooio_types import Accepted, ProviderMessage

KEY_LIVES = timedelta(hours=24)
SINCE = timedelta(minutes=10)

# What the answer says, and whether the message was taken.
ANSWERS = {
    "taken": (None, True),
    "rejected": (None, True),
    "lost on the way back": ({"kind": "unknown"}, True),
    "lost on the way": ({"kind": "unknown"}, False),
    "unavailable": ({"kind": "unavailable", "status": 503}, False),
    "unavailable but taken": ({"kind": "unavailable", "status": 500}, True),
    "unreachable": ({"kind": "unreachable"}, False),
    "refused": ({"kind": "refused", "status": 403}, False),
    "unauthorized": ({"kind": "unauthorized", "status": 401}, False),
    "throttled": ({"kind": "throttled", "status": 429, "retry_after": 7}, False),
    "chat is limited": (
        {"kind": "limited", "status": 429, "code": "conversation_awaiting_reply"},
        False,
    ),
    "new people are limited": (
        {"kind": "limited", "status": 429, "code": "new_conversation_limit_reached"},
        False,
    ),
}
LISTS = (
    "answers",
    "answers",
    "answers",
    "unknown",
    "unavailable",
    "unreachable",
    "refused",
    "unauthorized",
)


@dataclass
class Taken:
    id: str
    text: str
    key: str
    at: datetime
    status: str = "queued"


@dataclass
class Network:
    """`answer` and `listing` are what it says next; `complaints` tell what went out twice."""

    taken: list[Taken] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    answer: str = "taken"
    listing: str = "answers"

    def send(self, chat: str, *, idempotency_key: str, text: str) -> Accepted:
        self.requests.append(text)
        error, takes = ANSWERS[self.answer]
        known = self.under(idempotency_key)
        message = known or (self._take(idempotency_key, text) if takes else None)
        if error:
            raise ProviderError(**error)
        assert message
        return Accepted((message.id,), message.status, repeated=known is not None)

    def messages(self, chat: str, *, since: datetime, **how: str) -> Iterator[ProviderMessage]:
        if self.listing != "answers":
            raise ProviderError(self.listing)
        return iter([_listed(one, chat) for one in self.taken if one.at >= since])

    def under(self, key: str) -> Taken | None:
        """What was taken under this key, as long as the key is remembered."""
        young = now() - KEY_LIVES
        return next((one for one in self.taken if one.key == key and one.at > young), None)

    def find(self, text: str, since: datetime) -> list[Taken]:
        return [one for one in self.taken if one.text == text and one.at >= since - SINCE]

    def _take(self, key: str, text: str) -> Taken:
        alive = [one.id for one in self.taken if one.text == text and one.status != "failed"]
        if alive:
            self.complaints.append(f"{text!r} goes out again although {alive} may arrive")
        status = "failed" if self.answer == "rejected" else "queued"
        message = Taken(f"msg_{id(self):x}_{len(self.taken)}", text, key, now(), status)
        self.taken.append(message)
        return message


def _listed(one: Taken, chat: str) -> ProviderMessage:
    return ProviderMessage(
        id=one.id,
        chat=chat,
        direction="outbound",
        text=one.text,
        sender=None,
        number=None,
        media=(),
        reactions=(),
        reply_to=None,
        sent_at=one.at,
        delivered_at=None,
        status=one.status,
        protocol="imessage",
        error=None,
    )
