"""Blooio's webhook events as values: flat v2, the v4 envelope, the tutorial's `data.from`.

Whatever arrives gives an Event; what we do not use, or cannot place, is Ignored with a reason.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from inbox.providers import blooio_answers as answers
from inbox.providers import wire
from inbox.providers.blooio_types import SENT, STATUSES
from inbox.providers.events import (
    Body,
    Event,
    Ignored,
    Participant,
    Reacted,
    Received,
    Renamed,
    Report,
    SentOutside,
)

__all__ = [
    "Event",
    "Ignored",
    "Participant",
    "Reacted",
    "Received",
    "Renamed",
    "Report",
    "SentOutside",
    "number",
    "read_event",
]

LONGEST_KEY = 200
OUTSIDE = "message.outside"


@dataclass(frozen=True)
class _Wire:
    """An event taken apart: `data` is where its fields are, `outer` what is around them."""

    name: str
    message_id: str | None
    outer: Mapping[str, Any]
    data: Mapping[str, Any]

    @property
    def enveloped(self) -> bool:
        return self.data is not self.outer

    def get(self, *names: str) -> str | None:
        return wire.first(*(self.data.get(name) for name in names))

    def inner(self, name: str) -> Mapping[str, Any]:
        return wire.mapping(self.data.get(name))


def read_event(
    payload: Mapping[str, Any], headers: Mapping[str, str], *, listed: bool = False
) -> Event:
    """The event of a webhook. The headers are not signed: they only fill what the body lacks.

    `listed`: we wrote the payload ourselves, from the provider's list. Only then can it be about
    a message that was sent past us, whatever a stranger may call theirs.
    """
    event = _open(payload, {name.lower(): value for name, value in headers.items()})
    if listed and event.name == OUTSIDE:
        return Event(event.name, _short(f"listed:{event.message_id}"), _outside(event))
    return Event(event.name, _key(event), _body(event))


def number(payload: Mapping[str, Any]) -> str | None:
    """Which of our numbers an event is about, when it says."""
    return _recipient(_open(payload, {}))


def _open(payload: Mapping[str, Any], headers: Mapping[str, str]) -> _Wire:
    data = payload.get("data")
    fields = data if isinstance(data, dict) else payload
    kind = wire.ident(payload.get("type"))
    names = (
        payload.get("event"),
        kind if kind and "." in kind else None,  # a bare "text" or "image" is not an event
        fields.get("event"),
        headers.get("x-blooio-event"),
    )
    message_id = wire.first(
        fields.get("message_id"),
        payload.get("message_id"),
        fields.get("id"),
        headers.get("x-blooio-message-id"),
    )
    return _Wire((wire.first(*names) or "").lower(), message_id, payload, fields)


def _key(event: _Wire) -> str | None:
    id = wire.ident(event.outer.get("id")) if event.enveloped else None
    if id:
        return _short(f"id:{id}")
    if not event.name or not event.message_id:
        return None
    pieces = [event.name, event.message_id]
    if event.name == "message.reaction":  # several reactions share the message they are put on
        pieces += [event.get(n) or "" for n in ("reaction", "action", "sender", "timestamp")]
    if event.name == "message.status":  # one name for every step of a message
        pieces.append(event.get("status") or "")
    return _short(":".join(pieces))


def _short(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return "sha256:" + hashlib.sha256(key.encode()).hexdigest()


def _body(event: _Wire) -> Body:
    family, _, what = event.name.partition(".")
    if event.name == "message.received":
        return _received(event)
    if event.name == "message.reaction":
        return _reacted(event)
    if event.name == "group.name_changed":
        return _renamed(event)
    if family == "message" and (what in SENT or what == "status"):
        return _report(event, what)
    return Ignored("unknown event" if event.name else "no event name")


def _received(event: _Wire) -> Received | Ignored:
    group, person, recipient = _group(event), _person(event), _recipient(event)
    chat = group or person
    if _ours(event, recipient):
        return Ignored("our own message")
    if chat is None:
        return Ignored("no sender")
    return Received(
        message_id=event.message_id,
        chat=chat,
        sender=_sender(event, group) or (None if group else person),
        recipient=recipient,
        text=wire.text(event.data.get("text")),
        media=answers.media(event.data.get("attachments")),
        protocol=answers.protocol(event.data.get("protocol")),
        at=_at(event, "received_at"),
        is_group=group is not None,
        group_name=_group_name(event),
        participants=_participants(event),
        chat_guid=event.get("chat_guid") or wire.ident(event.inner("group").get("chat_guid")),
        reply_to=answers.reply_to(event.data),
    )


def _outside(event: _Wire) -> SentOutside | Ignored:
    group = _group(event)
    chat = group or event.get("external_id")
    if event.message_id is None or chat is None:
        return Ignored("no message id or no chat")
    return SentOutside(
        message_id=event.message_id,
        chat=chat,
        text=wire.text(event.data.get("text")),
        media=answers.media(event.data.get("attachments")),
        protocol=answers.protocol(event.data.get("protocol")),
        at=wire.when(event.data.get("sent_at")),
        is_group=group is not None,
        group_name=_group_name(event),
    )


def _report(event: _Wire, what: str) -> Report | Ignored:
    status = wire.word(event.data.get("status"), STATUSES) if what == "status" else what
    if event.message_id is None:
        return Ignored("no message id")
    if status not in SENT:
        return Ignored("unknown status")
    error = event.inner("error")
    return Report(
        message_id=event.message_id,
        chat=_group(event) or event.get("external_id") or _contact(event),
        status=status,
        protocol=answers.protocol(event.data.get("protocol")),
        at=_at(event, f"{status}_at"),
        error_code=event.get("error_code") or wire.ident(error.get("code")),
        error_message=wire.name(event.data.get("error_message"))
        or answers.error_text(event.data.get("error")),
    )


def _reacted(event: _Wire) -> Reacted | Ignored:
    group, person = _group(event), _person(event)
    said = event.get("reaction") or ""
    reaction = said.lstrip("+-").strip()
    chat = group or person
    if _ours(event, _recipient(event)):
        return Ignored("our own reaction")
    if event.message_id is None:
        return Ignored("no message id")
    if not reaction:
        return Ignored("no reaction")
    if chat is None:
        return Ignored("no sender")
    return Reacted(
        message_id=event.message_id,
        chat=chat,
        sender=_sender(event, group) or (None if group else person),
        reaction=reaction,
        added=_added(event, said),
        at=_at(event, "time_sent"),
    )


def _renamed(event: _Wire) -> Renamed | Ignored:
    group = event.get("group_id", "external_id") or _group(event)
    name = wire.name(event.data.get("name")) or _group_name(event)
    return Renamed(group, name) if group and name else Ignored("no group or no name")


def _added(event: _Wire, said: str) -> bool:
    if event.data.get("is_added") is False or said.startswith("-"):
        return False
    return (event.get("action") or "add").lower() not in ("remove", "removed")


def _group(event: _Wire) -> str | None:
    """The group's id, when it is one."""
    group = event.inner("group")
    id = event.get("group_id") or wire.first(group.get("group_id"), group.get("id"))
    external = event.get("external_id")
    if id is None and external and external.startswith("grp_"):
        return external
    if id is None and event.data.get("is_group") is True:
        return external if external and external != _sender(event, None) else event.get("chat_guid")
    return None if event.data.get("is_group") is False else id


def _person(event: _Wire) -> str | None:
    return _sender(event, None) or event.get("external_id") or _contact(event) or _tutorial(event)


def _sender(event: _Wire, group: str | None) -> str | None:
    """Who wrote it. In a group a missing one stays missing: `external_id` is the group."""
    sender = event.data.get("sender")
    said = wire.ident(wire.mapping(sender).get("identifier")) or wire.ident(sender)
    return said or ((_contact(event) or _tutorial(event)) if group else None)


def _contact(event: _Wire) -> str | None:
    return wire.ident(event.inner("contact").get("identifier"))


def _tutorial(event: _Wire) -> str | None:
    return event.get("from") if event.enveloped else None


def _recipient(event: _Wire) -> str | None:
    return event.get("internal_id", "recipient", "channel_address")


def _ours(event: _Wire, recipient: str | None) -> bool:
    sender = _sender(event, None)
    return event.data.get("direction") == "outbound" or (sender is not None and sender == recipient)


def _group_name(event: _Wire) -> str | None:
    names = (event.data.get(name) for name in ("group_name", "chat_name"))
    return next(filter(None, map(wire.name, names)), wire.name(event.inner("group").get("name")))


def _participants(event: _Wire) -> tuple[Participant, ...]:
    given = event.data.get("participants") or event.inner("group").get("participants")
    people = given if isinstance(given, list) else []
    return tuple(found for found in map(_participant, people) if found)


def _participant(item: Any) -> Participant | None:
    row = wire.mapping(item) or {"identifier": item}
    identifier = wire.ident(row.get("identifier"))
    return Participant(identifier, wire.name(row.get("name"))) if identifier else None


def _at(event: _Wire, own: str) -> datetime | None:
    """When it happened: the event's own time, else when the webhook was made."""
    return wire.first_time(
        event.data.get(own),
        event.data.get("timestamp"),
        *(event.outer.get(name) for name in ("timestamp", "occurred_at", "created_at")),
    )
