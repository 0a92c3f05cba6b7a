"""What the provider's list of a chat has that we have not, and filling it through the door."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import and_, or_, select

from inbox import deliveries, intake, lines, phone
from inbox.conversations import Conversation
from inbox.db import db, now, reading
from inbox.deliveries import SendAttempt
from inbox.lines import Line
from inbox.messages import Message
from inbox.plans import Chat
from inbox.providers import blooio_events, blooio_listed
from inbox.providers.blooio_types import ProviderMessage
from inbox.webhook_events import WebhookEvent

# The webhook of something that new may still be on its way.
GRACE = timedelta(seconds=15)
# Events in one transaction: lanes and webhooks wait for it. And ids in one question.
AT_ONCE, ASKED = 25, 100
Payload = Mapping[str, Any]
Row = TypeVar("Row")


@dataclass(frozen=True)
class Place:
    """A line as plain values, for as long as the provider is asked."""

    line_id: int
    key: str
    number: str | None
    base_url: str
    api_key: str = field(repr=False)
    created_at: datetime


@dataclass(frozen=True)
class Gap:
    """Something we have not heard, as the event that would have told it. `lack` is what it counts
    as: "message", "report", or None for what no webhook would have told."""

    payload: Payload
    lack: str | None

    @property
    def key(self) -> str:
        return blooio_events.read_event(self.payload, {}, listed=True).key or ""


@dataclass(frozen=True)
class Found:
    """`too_new`: since when there is something that is looked at again in a moment."""

    gaps: list[Gap]
    too_new: datetime | None


@dataclass(frozen=True)
class Ours:
    """What we know of a provider's id: the state, and whether it is that of an earlier attempt."""

    status: str
    outgoing: bool
    earlier: bool = False


def place(line: Line) -> Place:
    return Place(
        line_id=line.id,
        key=line.key,
        number=line.number,
        base_url=line.base_url,
        api_key=line.api_key,
        created_at=line.created_at,
    )


def among(page: Sequence[ProviderMessage], chat: Chat, at: Place) -> Found:
    """What we lack of these messages of a chat, in their order."""
    with reading():
        known = ours([one.id for one in page], at.line_id)
        doubtful = _in_doubt(at.line_id, chat)
    gaps: list[Gap] = []
    new: list[datetime] = []
    for one in page:
        mine = known.get(one.id)
        if mine is None and not same_number(one.number, at.number):
            continue
        if mine is None and one.sent_at and _is_new(one.sent_at):
            new.append(one.sent_at)
        elif mine is None:
            gaps += _unknown(one, chat, doubtful)
        elif mine.outgoing and further(one.status, mine) and not _just_happened(one):
            gaps.append(Gap(blooio_listed.report(one, chat.id), "report"))
    return Found(_not_dismissed(gaps, at), min(new, default=None))


def fill(gaps: Sequence[Gap], at: Place) -> None:
    """Store and apply them in their order. Raises what `intake.take` raises."""
    for some in pieces(gaps, AT_ONCE):
        intake.take(*(_delivery(gap.payload, at) for gap in some))
    told = [gap.payload["message_id"] for gap in gaps if gap.lack == "report"]
    if told:  # the webhook may have come before we knew the message
        lines.hold(at.line_id)
        intake.apply_waiting(at.line_id, told)
        db.session.commit()


def pieces(rows: Sequence[Row], most: int = ASKED) -> Iterator[Sequence[Row]]:
    for start in range(0, len(rows), most):
        yield rows[start : start + most]


def ours(ids: Sequence[str], line_id: int) -> dict[str, Ours]:
    """What we know, by the provider's id; also by the ids of attempts that were given up."""
    tried = (
        select(SendAttempt.provider_id, Message.status)
        .join(Message, Message.id == SendAttempt.message_id)
        .where(Message.line_id == line_id, SendAttempt.provider_id.in_(ids))
    )
    there = select(Message.provider_id, Message.status, Message.direction).where(
        Message.line_id == line_id, Message.provider_id.in_(ids)
    )
    known = {id: Ours(status, True, earlier=True) for id, status in db.session.execute(tried)}
    for id, status, direction in db.session.execute(there):
        known[id] = Ours(status, direction == "out")
    return {id: mine for id, mine in known.items() if id}


def further(theirs: str, mine: Ours) -> bool:
    """Whether the provider's word moves our state."""
    if mine.earlier and theirs not in deliveries.PROVEN:
        return False
    if theirs == "failed":
        return mine.status not in (*deliveries.PROVEN, *deliveries.TROUBLE)
    return deliveries.later(theirs, than=mine.status)


def same_number(theirs: str | None, mine: str | None) -> bool:
    """One key may have several numbers, each its own line; not knowing one keeps nothing out."""
    if not theirs or not mine:
        return True
    return phone.from_provider(theirs) == phone.from_provider(mine)


def _not_dismissed(gaps: list[Gap], at: Place) -> list[Gap]:
    """Without what a person has set aside, because it could not be applied."""
    dismissed: set[str] = set()
    for some in pieces([gap.key for gap in gaps]):
        query = select(WebhookEvent.key).filter_by(line_id=at.line_id, state="dismissed")
        with reading():
            dismissed.update(db.session.scalars(query.where(WebhookEvent.key.in_(some))))
    return [gap for gap in gaps if gap.key not in dismissed]


def _unknown(one: ProviderMessage, chat: Chat, doubtful: Mapping[str, datetime]) -> list[Gap]:
    group, name = chat.group, chat.name
    if one.direction == "inbound":
        return [Gap(blooio_listed.received(one, chat.id, group=group, name=name), "message")]
    if one.direction != "outbound" or _is_doubtful(one, doubtful):
        return []
    found = [Gap(blooio_listed.outside(one, chat.id, group=group, name=name), None)]
    if further(one.status, Ours("accepted", True)):
        found.append(Gap(blooio_listed.report(one, chat.id), None))
    return found


def _is_doubtful(one: ProviderMessage, doubtful: Mapping[str, datetime]) -> bool:
    """Whether it may be one of ours whose answer was lost: the lane asks for that itself."""
    tried = doubtful.get(_words(one.text))
    return tried is not None and (one.sent_at is None or one.sent_at >= tried)


def _in_doubt(line_id: int, chat: Chat) -> dict[str, datetime]:
    """The words of ours that may have reached this chat without our knowing, and since when."""
    key = chat.id if chat.group else phone.from_provider(chat.id).value
    query = (
        select(Message.text, Message.first_tried_at, Message.at)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.line_id == line_id, Conversation.chat_key == key)
        .where(Message.direction == "out", Message.provider_id.is_(None))
        .where(
            or_(
                Message.status.in_(("sending", "unknown")),
                and_(Message.status.in_(("queued", "held")), Message.doubted_at.is_not(None)),
            )
        )
    )
    found: dict[str, datetime] = {}
    for text, tried_at, at in db.session.execute(query):
        since = deliveries.listed_since(tried_at or at, now())
        found[_words(text)] = min(since, found.get(_words(text), since))
    return found


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _is_new(moment: datetime) -> bool:
    return abs(now() - moment) < GRACE


def _just_happened(one: ProviderMessage) -> bool:
    return any(moment and _is_new(moment) for moment in (one.sent_at, one.delivered_at))


def _delivery(payload: Payload, at: Place) -> intake.Delivery:
    return intake.Delivery(at.line_id, json.dumps(payload).encode(), payload, {}, source="list")
