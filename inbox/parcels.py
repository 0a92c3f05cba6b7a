"""Handing one message to the provider. No database here: plain values go in and come out."""

import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from inbox.errors import ProviderError
from inbox.providers.blooio import Blooio
from inbox.providers.blooio_types import Accepted
from inbox.verdicts import KEY_LIVES

# From this many tries of unknown outcome on, the provider's own list is asked before each.
ASK_FROM = 3
_own = threading.local()


@dataclass(frozen=True)
class Parcel:
    """One try. `doubted`: an earlier try may have reached the phone."""

    message_id: int
    lease: str
    base_url: str
    api_key: str
    number: str | None
    chat_key: str
    text: str
    key: str
    attempts: int
    doubted: bool
    created_at: datetime


@dataclass(frozen=True)
class Outcome:
    """What came of a parcel; `result` is None when the provider's list does not know it either."""

    parcel: Parcel
    result: Accepted | ProviderError | None
    seconds: float


def hand_over(parcel: Parcel, at: datetime) -> Outcome:
    """Try once. Never raises what the provider did."""
    began = time.monotonic()
    result: Accepted | ProviderError | None
    try:
        result = _try(parcel, at)
    except ProviderError as error:
        result = error
    return Outcome(parcel, result, time.monotonic() - began)


def find(parcel: Parcel) -> Accepted | None:
    """The message in the provider's list, if it is there: the same text, sent since it was made."""
    since = parcel.created_at - timedelta(minutes=1)
    sent = _client(parcel).messages(parcel.chat_key, since=since, direction="outbound", sort="asc")
    for message in sent:
        if message.text == parcel.text:
            return Accepted(message_ids=(message.id,), status=message.status or "", repeated=True)
    return None


def _try(parcel: Parcel, at: datetime) -> Accepted | None:
    too_old = at - parcel.created_at > KEY_LIVES
    if parcel.doubted and (parcel.attempts > ASK_FROM or too_old):
        found = find(parcel)
        if found or too_old:
            return found
    return _client(parcel).send(parcel.chat_key, idempotency_key=parcel.key, text=parcel.text)


def _client(parcel: Parcel) -> Blooio:
    """One client for each thread and line: a session is not for two threads at once."""
    clients: dict[tuple[str, str, str | None], Blooio] = _own.__dict__.setdefault("clients", {})
    where = (parcel.base_url, parcel.api_key, parcel.number)
    if where not in clients:
        clients[where] = Blooio(parcel.base_url, parcel.api_key, number=parcel.number)
    return clients[where]
