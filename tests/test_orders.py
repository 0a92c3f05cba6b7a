"""Five things are reported of a message, and its sending is answered: whatever comes first, the end
is the same."""

import json
from collections.abc import Iterator
from itertools import permutations

import pytest
from sqlalchemy import select

from inbox import contacts, conversations, intake, messages, phone
from inbox.db import db
from inbox.deliveries import DeliveryEvent
from inbox.lanes import Lane
from inbox.messages import Message
from inbox.parcels import Outcome, Parcel
from inbox.providers.blooio_types import Accepted
from inbox.webhook_events import WebhookEvent

EVENTS = ("queued", "sent", "delivered", "read", "failed")
ANSWER = "answer"
Sequence = tuple[str, ...]
# All 120 orders of the five, with the answer at every place. What they begin with are all orders of
# fewer.
SEQUENCES = [
    (*order[:place], ANSWER, *order[place:])
    for order in permutations(EVENTS)
    for place in range(len(EVENTS) + 1)
]
PROTOCOLS = {"queued": "pending", "failed": "unknown"}


def end_of(sequence: Sequence) -> str:
    """What a person must see in the end: "failed" yields only to what the phone itself said."""
    for status in ("read", "delivered", "failed", "sent"):
        if status in sequence:
            return status
    return "accepted"


def ready(line, alice, count: int) -> list[Message]:
    """Messages, each to a person of its own."""
    line.concurrency = count
    found = []
    for number in range(count):
        address = contacts.with_address(phone.read(f"person{number}@example.com"))
        conversation = conversations.with_person(line, address)
        found.append(messages.compose(conversation, alice, f"Message {number}"))
    db.session.commit()
    return found


class Told:
    """A lane with all messages under way, and the webhooks about them."""

    def __init__(self, line, sent: list[Message]) -> None:
        self.line_id = line.id
        self.lane = Lane(line.id)
        assert self.lane.take()
        parcels = {parcel.message_id: parcel for parcel in self.lane.claim()}
        assert len(parcels) == len(sent)
        self.parcels = [parcels[message.id] for message in sent]

    def step(self, what: dict[int, str]) -> None:
        """One more thing happens to each of these messages."""
        db.session.rollback()
        told = [(number, said) for number, said in what.items() if said != ANSWER]
        intake.take(*(self.report(number, said) for number, said in told))
        answered = [self.answer(self.parcels[n]) for n, said in what.items() if said == ANSWER]
        self.lane.settle(answered)

    def report(self, number: int, status: str, protocol: str | None = None) -> intake.Delivery:
        payload = {
            "event": f"message.{status}",
            "message_id": f"msg_{number}",
            "external_id": f"person{number}@example.com",
            "internal_id": "+14155550100",
            "status": status,
            "protocol": protocol or PROTOCOLS.get(status, "imessage"),
            "timestamp": 1_700_000_000_000 + EVENTS.index(status),
            "is_group": False,
        }
        if status == "failed":
            payload |= {"error_code": "blocked", "error_message": "The phone is gone."}
        return intake.Delivery(self.line_id, json.dumps(payload).encode(), payload, {})

    def answer(self, parcel: Parcel) -> Outcome:
        id = parcel.text.replace("Message ", "msg_")
        return Outcome(parcel, Accepted((id,), "queued", False), False, 0.1)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Thousands of events at once take longer than a provider would wait."""
    monkeypatch.setattr(intake, "PATIENCE", 120.0)
    yield


def seen() -> list[tuple[object, ...]]:
    """What there is to see of each message, in the order of their making."""
    message, conversation = Message, conversations.Conversation
    query = (
        select(
            message.status,
            message.protocol,
            message.problem,
            message.problem_code,
            message.troubled,
            conversation.trouble_count,
            conversation.trouble,
            conversation.trouble_reason,
            message.send_after,
            message.lease.is_not(None),
            message.check_after.is_not(None),
        )
        .join(message.conversation)
        .order_by(message.id)
    )
    return [tuple(row) for row in db.session.execute(query)]


def wanted(sequence: Sequence) -> tuple[object, ...]:
    """`seen`, after these have been said."""
    if ANSWER not in sequence:
        return ("sending", None, None, None, False, 0, None, None, None, True, False)
    end = end_of(sequence)
    protocol = "imessage" if {"sent", "delivered", "read"} & set(sequence) else None
    why, code = ("The phone is gone.", "blocked") if end == "failed" else (None, None)
    failed, last = end == "failed", "failed" if end == "failed" else None
    waits = end in ("accepted", "sent")
    return (end, protocol, why, code, failed, int(failed), last, why, None, False, waits)


def test_all_orders_of_what_is_said_have_the_same_end(line, alice, patient):
    told = Told(line, ready(line, alice, len(SEQUENCES)))

    for step in range(1, len(EVENTS) + 2):
        told.step({number: one[step - 1] for number, one in enumerate(SEQUENCES)})
        so_far = [(one[:step], end) for one, end in zip(SEQUENCES, seen(), strict=True)]
        assert [(one, end) for one, end in so_far if end != wanted(one)] == []

    assert len(SEQUENCES) == 720 and {end[0] for end in seen()} == {"read"}
    assert set(db.session.scalars(select(WebhookEvent.state))) == {"applied"}
    assert len(db.session.scalars(select(DeliveryEvent.id)).all()) == 720 * len(EVENTS)


ROADS = list(permutations(["sent sms", "delivered imessage", "read unknown"]))


@pytest.mark.parametrize("order", ROADS, ids=", ".join)
def test_the_road_is_the_one_that_the_furthest_report_names(line, alice, order):
    (message,) = ready(line, alice, 1)
    told = Told(line, [message])
    told.step({0: ANSWER})

    for one in order:
        status, protocol = one.split()
        db.session.rollback()
        intake.take(told.report(0, status, protocol))

    db.session.refresh(message)
    assert (message.status, message.protocol) == ("read", "imessage")
    assert message.conversation.protocol == "imessage"
