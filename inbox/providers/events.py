"""What a webhook can tell us, whichever provider sent it."""

from dataclasses import dataclass
from datetime import datetime

from inbox.providers.blooio_types import Media, ReplyTo


@dataclass(frozen=True)
class Participant:
    """Somebody in a group."""

    identifier: str
    name: str | None


@dataclass(frozen=True)
class Received:
    """A message for us. `chat` is the person's address, or in a group its id; `sender` wrote it;
    `recipient` is our number. `at` None: they gave no time that can be believed."""

    message_id: str | None
    chat: str
    sender: str | None
    recipient: str | None
    text: str | None
    media: tuple[Media, ...]
    protocol: str
    at: datetime | None
    is_group: bool
    group_name: str | None
    participants: tuple[Participant, ...]
    chat_guid: str | None
    reply_to: ReplyTo | None


@dataclass(frozen=True)
class SentOutside:
    """A message of ours that went out past Tapback. No webhook says this: only our own comparison
    with the provider's list does."""

    message_id: str
    chat: str
    text: str | None
    media: tuple[Media, ...]
    protocol: str
    at: datetime | None
    is_group: bool
    group_name: str | None


@dataclass(frozen=True)
class Report:
    """How far one of our messages has come: pending, queued, sent, delivered, read or failed."""

    message_id: str
    chat: str | None
    status: str
    protocol: str
    at: datetime | None
    error_code: str | None
    error_message: str | None


@dataclass(frozen=True)
class Reacted:
    """A reaction put on, or taken off, the message `message_id`. The echo of our own is Ignored,
    so `outbound` is False."""

    message_id: str
    chat: str
    sender: str | None
    reaction: str
    added: bool
    at: datetime | None
    outbound: bool = False


@dataclass(frozen=True)
class Renamed:
    """A group has a new name."""

    chat: str
    name: str


@dataclass(frozen=True)
class Ignored:
    """Nothing to do, and why."""

    reason: str


Body = Received | SentOutside | Report | Reacted | Renamed | Ignored


@dataclass(frozen=True)
class Event:
    """`key` tells a redelivery within a line; None when the event carries nothing that could: the
    caller then makes one from the raw body."""

    name: str
    key: str | None
    body: Body
