"""Handing one message to the provider. No database here: plain values go in and come out."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from inbox.deliveries import ASK_FROM, listed_since
from inbox.errors import ProviderError
from inbox.providers.blooio import Blooio
from inbox.providers.blooio_types import Accepted
from inbox.verdicts import KEY_LIVES

log = structlog.get_logger(__name__)

# Older doubt is looked up first: how long a key lives is only what the provider says, and a clock
# that was set back makes it look younger than it is.
PROMPT = timedelta(minutes=5)
_own = threading.local()


@dataclass(frozen=True)
class Parcel:
    """One try, the `attempts`th since `first_tried_at`, begun at `tried_at`.

    `unknown`: nobody could tell what became of the last try. `doubted_at`: when the first try left
    that may have reached the phone. `only_ask`: it must not
    be sent again, because the person has opted out meanwhile. `known`: the provider's ids that
    belong to other bubbles of this conversation, so that one of them is not taken for this one.
    """

    message_id: int
    lease: str
    base_url: str
    api_key: str
    number: str | None
    chat_key: str
    text: str
    key: str
    attempts: int
    unknown: bool
    doubted_at: datetime | None
    only_ask: bool
    known: frozenset[str]
    first_tried_at: datetime
    tried_at: datetime

    @property
    def doubted(self) -> bool:
        return self.doubted_at is not None


@dataclass(frozen=True)
class Outcome:
    """What came of a parcel. `asked`: it is the list that answered, not the sending.

    `result` None: it was not sent again, and the list does not know it.
    """

    parcel: Parcel
    result: Accepted | ProviderError | None
    asked: bool
    seconds: float


def hand_over(parcel: Parcel) -> Outcome:
    """Try once. Never raises."""
    began = time.monotonic()
    asked = must_ask(parcel)
    result = _guarded(lambda: find(parcel)) if asked else None
    if result is None and may_send(parcel):
        result = _guarded(lambda: _send(parcel))
        asked = False
        if parcel.doubted and _refused(result):
            # A rule that says no to this try says nothing of the one before.
            listed = _guarded(lambda: find(parcel))
            asked, result = listed is not None, listed or result
    return Outcome(parcel, result, asked, time.monotonic() - began)


def must_ask(parcel: Parcel) -> bool:
    """Whether the list is asked first: the key may be forgotten, or tries alone did not help."""
    often = parcel.doubted and parcel.attempts > ASK_FROM
    return parcel.only_ask or often or _old(parcel) or not may_send(parcel)


def may_send(parcel: Parcel) -> bool:
    """While the key is known to the provider, the same key again cannot make a second message."""
    if parcel.only_ask:
        return False
    return parcel.doubted_at is None or parcel.tried_at - parcel.doubted_at <= KEY_LIVES


def find(parcel: Parcel) -> Accepted | None:
    """The message in the provider's list: the same text, sent since, and nobody else's."""
    since = listed_since(parcel.first_tried_at, parcel.tried_at)
    sent = _client(parcel).messages(parcel.chat_key, since=since, direction="outbound", sort="asc")
    for message in sent:
        if message.text == parcel.text and message.id not in parcel.known:
            return Accepted(message_ids=(message.id,), status=message.status or "", repeated=True)
    return None


def _old(parcel: Parcel) -> bool:
    if parcel.doubted_at is None:
        return False
    return not timedelta() <= parcel.tried_at - parcel.doubted_at <= PROMPT


def _refused(result: Accepted | ProviderError | None) -> bool:
    return isinstance(result, ProviderError) and result.kind in ("refused", "redirected")


def _send(parcel: Parcel) -> Accepted | None:
    client = _client(parcel)
    try:
        return client.send(parcel.chat_key, idempotency_key=parcel.key, text=parcel.text)
    except ProviderError as error:
        if error.kind != "duplicate":
            raise
    # The key is known, so it was taken before, but the answer does not say as what.
    if found := find(parcel):
        return found
    raise ProviderError("unknown", "The key is known and the message is not listed.", status=409)


def _guarded(what: Callable[[], Accepted | None]) -> Accepted | ProviderError | None:
    """An answer that breaks our own code may still have come after the message had left."""
    try:
        return what()
    except ProviderError as error:
        return error
    except Exception as error:
        log.error("sender.failed", error=type(error).__name__)
        return ProviderError("unknown", type(error).__name__)


def _client(parcel: Parcel) -> Blooio:
    """One client for each thread and line: a session is not for two threads at once."""
    clients: dict[tuple[str, str, str | None], Blooio] = _own.__dict__.setdefault("clients", {})
    where = (parcel.base_url, parcel.api_key, parcel.number)
    if where not in clients:
        clients[where] = Blooio(parcel.base_url, parcel.api_key, number=parcel.number)
    return clients[where]
