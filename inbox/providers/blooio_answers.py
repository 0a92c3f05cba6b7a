"""Blooio's JSON as values: every spelling that its documents and users know, nothing required.

A reader returns None for a row that lacks its id.
"""

import json
from collections.abc import Mapping
from typing import Any

from inbox.providers import wire
from inbox.providers.blooio_types import (
    PLANS,
    PROTOCOLS,
    STATUSES,
    Account,
    Capability,
    Delivery,
    GivenReaction,
    Media,
    MessageState,
    Number,
    ProviderChat,
    ProviderContact,
    ProviderMessage,
    Replayed,
    ReplyTo,
    Webhook,
)

Json = Mapping[str, Any]


def message_ids(answer: Json) -> tuple[str, ...]:
    """The ids of what was sent: several bubbles, or one."""
    several = answer.get("message_ids")
    ids = map(wire.ident, several) if isinstance(several, list) else iter(())
    found = tuple(dict.fromkeys(id for id in ids if id))
    one = wire.first(answer.get("message_id"), answer.get("id"))
    return found or ((one,) if one else ())


def protocol(value: Any) -> str:
    """ "non-imessage" is the old word for a text message."""
    if wire.name(value) == "non-imessage":
        return "sms"
    return wire.word(value, PROTOCOLS)


def capability(answer: Json) -> Capability:
    can = wire.mapping(answer.get("capabilities"))
    return Capability(
        wire.flag(can.get("imessage")),
        wire.flag(can.get("sms")),
        wire.flag(can.get("facetime")),
        wire.first_time(answer.get("last_checked"), answer.get("lastChecked")),
    )


def account(answer: Json) -> Account:
    organization, usage = (
        wire.mapping(answer.get("organization")),
        wire.mapping(answer.get("usage")),
    )
    return Account(
        valid=answer.get("valid") is not False,
        kind=wire.word(answer.get("auth_type"), {"api_key", "dashboard"}),
        organization_id=wire.first(
            answer.get("organization_id"), organization.get("organization_id")
        ),
        organization_name=wire.name(organization.get("name")),
        numbers=numbers(answer.get("devices")),
        inbound_messages=wire.whole(usage.get("inbound_messages")),
        outbound_messages=wire.whole(usage.get("outbound_messages")),
    )


def numbers(value: Any) -> tuple[Number, ...]:
    return tuple(found for found in map(_number, wire.rows(value)) if found)


def _number(row: Json) -> Number | None:
    phone_number = wire.ident(row.get("phone_number"))
    if phone_number is None:
        return None
    plan = row.get("plan_kind")
    return Number(
        phone_number,
        row.get("is_active") is not False,
        None if plan is None else wire.word(plan, PLANS),
        wire.when(row.get("last_active")),
    )


def message(row: Json, chat: str) -> ProviderMessage | None:
    """`chat` is where it was found; `external_id` is missing in some answers."""
    state = message_state(row)
    if state is None:
        return None
    return ProviderMessage(
        id=state.id,
        chat=wire.first(row.get("external_id"), row.get("chat_id")) or chat,
        direction=state.direction,
        text=wire.text(row.get("text")),
        sender=wire.ident(row.get("sender")),
        number=wire.ident(row.get("internal_id")),
        media=media(row.get("attachments")),
        reactions=tuple(
            found for found in map(_reaction, wire.rows(row.get("reactions"))) if found
        ),
        reply_to=reply_to(row),
        sent_at=state.sent_at,
        delivered_at=state.delivered_at,
        status=state.status,
        protocol=state.protocol,
        error=state.error,
    )


def message_state(row: Json) -> MessageState | None:
    id = wire.first(row.get("message_id"), row.get("id"))
    if id is None:
        return None
    return MessageState(
        id=id,
        direction=wire.word(row.get("direction"), {"inbound", "outbound"}),
        status=wire.word(row.get("status"), STATUSES),
        protocol=protocol(row.get("protocol")),
        sent_at=wire.when(row.get("time_sent")),
        delivered_at=wire.when(row.get("time_delivered")),
        error=error_text(row.get("error")),
    )


def error_text(value: Any) -> str | None:
    said = wire.mapping(value)
    return wire.name(value) or wire.name(said.get("message")) or wire.name(said.get("code"))


def media(value: Any) -> tuple[Media, ...]:
    """Attachments as addresses, as objects of four spellings, as null."""
    items = value if isinstance(value, list) else [value]
    return tuple(found for found in map(_medium, items) if found)


def _medium(item: Any) -> Media | None:
    row = wire.mapping(item) or {"url": item}
    url = wire.name(row.get("url")) if isinstance(row.get("url"), str) else None
    if url is None:
        return None
    kinds = (row.get("content_type"), row.get("media_type"), row.get("mime_type"))
    size = wire.whole(row.get("size"))
    return Media(
        url,
        wire.first(row.get("name"), row.get("file_name"), row.get("filename")),
        wire.first(*kinds),
        size if size is not None and size >= 0 else None,
    )


def reply_to(row: Json) -> ReplyTo | None:
    answered = wire.mapping(row.get("reply_to"))
    message_id = wire.first(answered.get("message_id"), row.get("reply_to_message_id"))
    guid = wire.ident(answered.get("guid"))
    if message_id is None and guid is None:
        return None
    return ReplyTo(message_id, guid, wire.whole(answered.get("part_index")))


def _reaction(row: Json) -> GivenReaction | None:
    reaction = wire.ident(row.get("reaction"))
    if reaction is None:
        return None
    return GivenReaction(
        reaction,
        row.get("is_added") is not False,
        wire.ident(row.get("sender")),
        wire.when(row.get("time_sent")),
    )


def chat(row: Json) -> ProviderChat | None:
    id = wire.first(row.get("id"), row.get("group_id"))
    if id is None:
        return None
    contact = wire.mapping(row.get("contact"))
    return ProviderChat(
        id=id,
        is_group=row.get("is_group") is True or row.get("type") == "group",
        name=wire.name(row.get("group_name")) or wire.name(contact.get("name")),
        messages=wire.whole(row.get("message_count")),
        last_message_at=wire.when(row.get("last_message_time")),
        last_inbound_at=wire.when(row.get("last_inbound_time")),
        last_outbound_at=wire.when(row.get("last_outbound_time")),
    )


def contact(row: Json) -> ProviderContact | None:
    identifier = wire.first(row.get("identifier"), row.get("id"), row.get("contact_id"))
    if identifier is None:
        return None
    tags = row.get("tags")
    return ProviderContact(
        identifier,
        wire.word(row.get("type"), {"phone", "email"}),
        wire.name(row.get("name")),
        tuple(tag for tag in map(wire.name, tags if isinstance(tags, list) else []) if tag),
        wire.when(row.get("created_at")),
    )


def webhook(row: Json) -> Webhook | None:
    id = wire.first(row.get("webhook_id"), row.get("id"))
    if id is None:
        return None
    return Webhook(
        id=id,
        url=wire.name(row.get("webhook_url")) or wire.name(row.get("url")),
        kind=wire.word(row.get("webhook_type"), {"message", "status", "poll", "all"}),
        scope=wire.word(row.get("scope"), {"api_key", "organization", "integration"}),
        active=wire.flag(row.get("is_active")),
        failures=wire.whole(row.get("failure_count")),
        last_triggered=wire.when(row.get("last_triggered")),
        created_at=wire.when(row.get("created_at")),
    )


def delivery(row: Json) -> Delivery | None:
    event_id = wire.ident(row.get("event_id"))
    if event_id is None:
        return None
    more, event = wire.mapping(row.get("metadata")), wire.mapping(row.get("event_body"))
    return Delivery(
        event_id=event_id,
        event=wire.first(more.get("event_name"), event.get("event")),
        message_id=wire.first(more.get("message_id"), event.get("message_id")),
        at=wire.when(row.get("attempted_time")),
        status=wire.whole(row.get("response_status")),
        duration_ms=wire.whole(more.get("duration_ms")),
        is_replay=more.get("is_replay") is True,
        body=json.dumps(event).encode(),
    )


def replayed(answer: Json) -> Replayed:
    return Replayed(
        answer.get("success") is True,
        wire.ident(answer.get("replay_event_id")),
        wire.whole(answer.get("response_status")),
        wire.whole(answer.get("duration_ms")),
    )
