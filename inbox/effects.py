"""What an event of the provider does to conversations, bubbles and consent."""

from datetime import datetime
from functools import singledispatch

from inbox import consent, contacts, conversations, deliveries, messages, phone
from inbox.attachments import Attachment
from inbox.conversations import Conversation
from inbox.deliveries import DeliveryEvent
from inbox.lines import Line
from inbox.providers.blooio_events import Event
from inbox.providers.events import Ignored, Reacted, Received, Renamed, Report

Outcome = tuple[str, str | None]
"""The state of the event afterwards, and the provider's id of the message it is about."""


def of(event: Event, line: Line, heard_at: datetime) -> Outcome:
    return _apply(event.body, line, heard_at)


@singledispatch
def _apply(body: object, line: Line, heard_at: datetime) -> Outcome:
    return "ignored", None


@_apply.register
def _(body: Ignored, line: Line, heard_at: datetime) -> Outcome:
    return "ignored", None


@_apply.register
def _(body: Received, line: Line, heard_at: datetime) -> Outcome:
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
        at=body.at or heard_at,
        attachments=[
            Attachment(url=m.url, name=m.name, content_type=m.content_type, size=m.size)
            for m in body.media
        ],
    )
    if message is None:
        return "applied", body.message_id
    line.last_inbound_at = heard_at
    deliveries.release(conversation)
    alone = conversation.kind == "person"
    if alone and consent.heed(sender, message.text, message.id, at=message.at):
        conversations.record("conversation.consent", conversation)
    return "applied", body.message_id


@_apply.register
def _(body: Report, line: Line, heard_at: datetime) -> Outcome:
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
def _(body: Reacted, line: Line, heard_at: datetime) -> Outcome:
    message = messages.with_provider_id(line.id, body.message_id) if body.message_id else None
    if message is None:
        return "waiting", body.message_id
    sender = phone.from_provider(body.sender or message.conversation.chat_key).value
    messages.react(message, sender, body.reaction, added=body.added, at=body.at or heard_at)
    deliveries.release(message.conversation)
    return "applied", body.message_id


@_apply.register
def _(body: Renamed, line: Line, heard_at: datetime) -> Outcome:
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


def _name_of(body: Received) -> str | None:
    """The provider names people only among the participants of a group."""
    return next((p.name for p in body.participants if p.identifier == body.sender), None)
