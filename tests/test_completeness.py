"""Completeness against the sandbox over real HTTP: what no webhook told us is found in its lists."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from inbox import intake, lines, messages, outbox, reconciler, verifications
from inbox.conversations import Conversation
from inbox.db import db, now
from inbox.deliveries import DeliveryEvent
from inbox.messages import Message
from inbox.providers.blooio import Blooio
from inbox.sandbox import Gathering, Options, Sandbox
from inbox.verifications import Verification
from inbox.webhook_events import WebhookEvent

CAROL, DAVE = "+14155550132", "+14155550199"
OURS, OTHER = "+14155550100", "+14155550101"
LOFT = Gathering("grp_loft", "Loft 4B", "iMessage;+;chat1", (CAROL, DAVE))
HOUR = 3_600_000


@pytest.fixture
def provider(line) -> Iterator[Sandbox]:
    options = Options(
        key="bl_test_key",
        numbers=(OURS, OTHER),
        demo=True,
        people=(),
        groups=(LOFT,),
        stranger_receipts=True,
        speed=100,
    )
    with Sandbox(options).start() as box:
        line.base_url = box.url
        line.created_at = now() - timedelta(hours=6)
        db.session.commit()
        yield box


@pytest.fixture
def verify(line):
    """Compares the line with its provider now; gives the finished verification."""

    def verify(kind="recent", since=None) -> Verification:
        db.session.rollback()
        asked = verifications.ask(line.id, kind, since).id
        db.session.commit()
        reconciler.run(line.id)
        db.session.rollback()
        found = db.session.get_one(Verification, asked)
        assert found.ended_at
        return found

    return verify


def ago(hours: float) -> int:
    return int(time.time() * 1000 - hours * HOUR)


def missing(found: Verification) -> tuple[int, int, int]:
    assert found.error is None
    return found.missing_messages, found.missing_reports, found.still_missing


def texts() -> list[str]:
    return list(db.session.scalars(select(Message.text).order_by(Message.at, Message.id)))


def state(id: str) -> str | None:
    return db.session.scalar(select(Message.status).where(Message.provider_id == id))


def from_the_phone(provider, text="From the phone", chat=CAROL) -> str:
    """Somebody writes on the phone itself, past us; gives the provider's id."""
    client = Blooio(provider.url, "bl_test_key")
    sent = client.send(chat, idempotency_key=f"phone-{text}", text=text, from_number=OURS)
    return sent.message_ids[0]


def until(true, patience=5.0):
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def listed(provider, id, chat=CAROL):
    found = Blooio(provider.url, "bl_test_key").message(chat, id)
    assert found
    return found


def age(provider, id, hours=1.0):
    """As if the provider had had this message for that long."""
    provider.box.store.run(
        "UPDATE message SET time_sent = ?,"
        " time_delivered = time_delivered - (time_sent - ?) WHERE message_id = ?",
        ago(hours),
        ago(hours),
        id,
    )


def test_what_no_webhook_told_is_found_once_and_in_order(provider, verify):
    for number in range(5):
        provider.say(CAROL, f"Part {number}", at=ago(3) + number)

    found = verify()

    assert texts() == [f"Part {number}" for number in range(5)]
    assert missing(found) == (5, 0, 0)
    assert db.session.scalars(select(Message.found_at)).first() is not None
    assert missing(verify()) == (0, 0, 0)
    assert len(texts()) == 5


@pytest.fixture
def tell(line):
    """As the webhook of the message `id` would; late when it was found before."""
    line_id = line.id

    def tell(id: str, text: str, at: int, **more) -> None:
        payload = {
            "event": "message.received",
            "message_id": id,
            "external_id": CAROL,
            "sender": CAROL,
            "text": text,
            "received_at": at,
        }
        payload |= more
        db.session.rollback()
        body = json.dumps(payload).encode()
        intake.take(intake.Delivery(line_id, body, payload, {}))

    return tell


def events() -> list[tuple[str, str]]:
    rows = select(WebhookEvent.name, WebhookEvent.source).order_by(WebhookEvent.id)
    return [(name, source) for name, source in db.session.execute(rows)]


def test_a_webhook_that_comes_after_all_changes_nothing(provider, verify, tell):
    id = provider.say(CAROL, "Late", at=ago(1))
    verify()
    assert events() == [("message.received", "list")]

    tell(id, "Late", ago(1))

    assert texts() == ["Late"]
    assert events() == [("message.received", "list")]
    conversation = db.session.scalars(select(Conversation)).one()
    assert (conversation.inbound_count, conversation.message_count) == (1, 1)


def test_a_message_takes_its_place_by_the_providers_time(provider, verify, tell):
    hours = {"First": 3, "Second": 2, "Third": 1}
    ids = {text: provider.say(CAROL, text, at=ago(hours[text])) for text in hours}
    for text in ("First", "Third"):
        tell(ids[text], text, ago(hours[text]))

    found = verify()

    assert texts() == ["First", "Second", "Third"]
    assert missing(found) == (1, 0, 0)


@pytest.fixture
def replied(provider, carol, alice, line):
    """Replies of Alice, all of which the provider has delivered without a word to us."""

    def reply(count: int) -> list[Message]:
        sent = [messages.compose(carol, alice, f"Reply {number}") for number in range(count)]
        db.session.commit()
        outbox.drain(line.id)
        for message in sent:
            db.session.refresh(message)
            assert message.status == "accepted"
            until(lambda id=message.provider_id: listed(provider, id).status == "delivered")
            age(provider, message.provider_id)
        return sent

    return reply


def test_reports_that_were_lost_are_made_up_for(provider, verify, replied):
    sent = replied(3)

    found = verify()

    assert missing(found) == (0, 3, 0)
    assert [state(one.provider_id) for one in sent] == ["delivered"] * 3
    sources = db.session.scalars(select(WebhookEvent.source)).all()
    assert sources == ["list"] * 3
    assert missing(verify()) == (0, 0, 0)


def test_a_state_that_we_know_is_not_told_again(provider, verify, replied):
    replied(1)
    db.session.execute(Message.__table__.update().values(status="read"))
    db.session.commit()

    assert missing(verify()) == (0, 0, 0)
    assert db.session.scalars(select(DeliveryEvent)).all() == []


def test_a_failure_is_told_with_its_words(provider, verify, carol, alice, line):
    provider.person(CAROL, fails="The number does not exist.")
    message = messages.compose(carol, alice, "Hello")
    db.session.commit()
    outbox.drain(line.id)
    db.session.refresh(message)
    until(lambda: listed(provider, message.provider_id).status == "failed")
    age(provider, message.provider_id)

    assert missing(verify()) == (0, 1, 0)
    db.session.refresh(message)
    assert (message.status, message.problem) == ("failed", "The number does not exist.")
