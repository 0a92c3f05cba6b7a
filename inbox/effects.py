"""What an event of the provider does to conversations, bubbles and consent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import singledispatch

from inbox import consent, contacts, conversations, deliveries, messages, phone
from inbox.attachments import Attachment
from inbox.conversations import Conversation
from inbox.deliveries import DeliveryEvent
from inbox.lines import Line
from inbox.providers.blooio_events import Event
from inbox.providers.blooio_types import Media
from inbox.providers.events import Ignored, Reacted, Received, Renamed, Report, SentOutside

Outcome = tuple[str, str | None]
"""The state of the event afterwards, and the provider's id of the message it is about."""


@dataclass(frozen=True)
class Hearing:
    """When we heard of an event; `found`: by asking, because no webhook had told us."""

    at: datetime
    found: bool = False

    @property
    def found_at(self) -> datetime | None:
        return self.at if self.found else None


def of(event: Event, line: Line, hearing: Hearing) -> Outcome:
    return _apply(event.body, line, hearing)


@singledispatch
def _apply(body: object, line: Line, hearing: Hearing) -> Outcome:
    return "ignored", None


@_apply.register
def _(body: Ignored, line: Line, hearing: Hearing) -> Outcome:
    return "ignored", None


@_apply.register
def _(body: Received, line: Line, hearing: Hearing) -> Outcome:
    if not body.sender:
        return "ignored", body.message_id
    sender = contacts.with_address(phone.from_provider(body.sender), name=_name_of(body))
    conversation = _conversation(line, body, sender)
    message = messages.receive(
        conversation,
        body.text or "",
        sender=sender,
        provider_id=body.message_id,
        protocol=body.protocol,
        at=body.at or hearing.at,
        attachments=_attachments(body.media),
        found_at=hearing.found_at,
    )
    if message is None:
        return "applied", body.message_id
    line.last_inbound_at = hearing.at
    deliveries.release(conversation)
    alone = conversation.kind == "person"
    if alone and consent.heed(sender, message.text, message.id, at=message.at):
        conversations.record("conversation.consent", conversation)
    return "applied", body.message_id


@_apply.register
def _(body: SentOutside, line: Line, hearing: Hearing) -> Outcome:
    if body.is_group:
        conversation = conversations.with_group(line, body.chat, name=body.group_name)
    else:
        person = contacts.with_address(phone.from_provider(body.chat))
        conversation = conversations.with_person(line, person)
    messages.keep_outside(
        conversation,
        body.text or "",
        provider_id=body.message_id,
        protocol=body.protocol,
        at=body.at or hearing.at,
        attachments=_attachments(body.media),
        found_at=hearing.found_at,
    )
    return "applied", body.message_id


@_apply.register
def _(body: Report, line: Line, hearing: Hearing) -> Outcome:
    if not body.message_id:
        return "ignored", None
    message = deliveries.about(line.id, body.message_id)
    if message is None:
        return "waiting", body.message_id
    if not message.outgoing:
        return "ignored", body.message_id
    report = DeliveryEvent(
        provider_id=body.message_id,
        status=body.status,
        protocol=body.protocol,
        code=body.error_code,
        detail=body.error_message,
        reported_at=body.at,
    )
    deliveries.hear(message, report)
    return "applied", body.message_id


@_apply.register
def _(body: Reacted, line: Line, hearing: Hearing) -> Outcome:
    message = messages.with_provider_id(line.id, body.message_id) if body.message_id else None
    if message is None:
        return "waiting", body.message_id
    sender = phone.from_provider(body.sender or message.conversation.chat_key).value
    messages.react(message, sender, body.reaction, added=body.added, at=body.at or hearing.at)
    deliveries.release(message.conversation)
    return "applied", body.message_id


@_apply.register
def _(body: Renamed, line: Line, hearing: Hearing) -> Outcome:
    conversations.with_group(line, body.chat, name=body.name)
    return "applied", None


def _conversation(line: Line, body: Received, sender: contacts.Address) -> Conversation:
    if not body.is_group:
        return conversations.with_person(line, sender)
    group = conversations.with_group(line, body.chat, name=body.group_name)
    for participant in body.participants:
        address = phone.from_provider(participant.identifier)
        conversations.join(group, contacts.with_address(address, name=participant.name))
    conversations.join(group, sender)
    return group


def _attachments(media: Sequence[Media]) -> list[Attachment]:
    return [
        Attachment(url=m.url, name=m.name, content_type=m.content_type, size=m.size) for m in media
    ]


def _name_of(body: Received) -> str | None:
    """The provider names people only among the participants of a group."""
    return next((p.name for p in body.participants if p.identifier == body.sender), None)
