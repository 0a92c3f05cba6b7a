"""What the provider never reports is asked for, against the sandbox over real HTTP."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from inbox import deliveries, messages, outbox, overdue
from inbox.db import db, now
from inbox.deliveries import DeliveryEvent, SendAttempt
from inbox.providers.blooio_types import MessageState
from inbox.sandbox import Options, Sandbox

AFTER = timedelta(minutes=1, seconds=1)


@pytest.fixture
def sandbox(line) -> Iterator[Sandbox]:
    with Sandbox(Options(key="bl_test_key", numbers=("+14155550100",), speed=50)).start() as box:
        line.base_url = box.url
        db.session.commit()
        yield box


@pytest.fixture
def taken(sandbox, carol, alice, line):
    """A message that the provider took, and of which no webhook will ever tell."""
    message = messages.compose(carol, alice, "Hello")
    db.session.commit()
    outbox.drain(line.id)
    db.session.refresh(message)
    assert message.status == "accepted"
    return message


def later(message, passed: timedelta) -> None:
    """As if the message had been taken that long ago."""
    message.first_tried_at = now() - passed
    db.session.execute(update(SendAttempt).values(at=now() - passed))
    message.check_after = now() - timedelta(seconds=1)
    db.session.commit()


def wait_for(sandbox, message, status):
    """Until the sandbox says so of it."""
    from inbox.providers.blooio import Blooio
    from tests.processes import wait_until

    client = Blooio(sandbox.url, "bl_test_key")
    chat = message.conversation.chat_key
    db.session.rollback()
    wait_until(lambda: client.status(chat, message.provider_id).status == status, status)
    db.session.rollback()


def test_a_message_nobody_reports_on_is_asked_about(sandbox, taken):
    wait_for(sandbox, taken, "delivered")
    later(taken, AFTER)

    overdue.look_after(taken.id)

    db.session.refresh(taken)
    assert (taken.status, taken.protocol, taken.check_after) == ("delivered", "imessage", None)
    assert db.session.scalars(select(DeliveryEvent.status)).all() == ["delivered"]


def test_before_its_time_nobody_asks(sandbox, taken):
    assert taken.check_after and taken.check_after > now()

    overdue.look_after(taken.id)

    db.session.refresh(taken)
    assert taken.status == "accepted"


def test_what_stays_silent_is_a_persons_to_see_until_it_speaks(sandbox, taken, carol):
    sandbox.trouble({"method": "GET", "path": "/status", "status": 500})
    later(taken, timedelta(minutes=16))

    overdue.look_after(taken.id)

    db.session.refresh(taken)
    assert (taken.status, taken.troubled) == ("accepted", True)
    assert taken.problem == overdue.SILENT
    assert carol.trouble_count == 1
    wait_for(sandbox, taken, "delivered")
    later(taken, timedelta(minutes=61))
    overdue.look_after(taken.id)
    db.session.refresh(taken)
    db.session.refresh(carol)
    assert (taken.status, taken.troubled, taken.problem) == ("delivered", False, None)
    assert carol.trouble_count == 0


def test_silence_counts_from_when_it_was_taken_and_not_from_the_first_try(
    sandbox, carol, alice, line
):
    message = messages.compose(carol, alice, "Hello")
    message.first_tried_at = now() - timedelta(hours=3)
    db.session.commit()
    outbox.drain(line.id)
    db.session.refresh(message)
    assert message.status == "accepted"
    assert timedelta() < message.check_after - now() <= timedelta(minutes=1)
    sandbox.trouble({"method": "GET", "path": "/status", "status": 500})
    message.check_after = now()
    db.session.commit()

    overdue.look_after(message.id)

    db.session.refresh(message)
    assert not message.troubled, "it was taken a moment ago"
    assert message.check_after - now() <= timedelta(minutes=5)


def test_two_workers_ask_once(sandbox, taken):
    later(taken, AFTER)
    assert overdue._claim(taken.id, now()) is not None

    assert overdue._claim(taken.id, now()) is None


def test_a_text_message_that_is_sent_is_at_its_end(taken):
    deliveries.advance(taken, "sent", protocol="sms")

    assert taken.check_after is None


@pytest.mark.parametrize(
    ("said", "known", "is_news"),
    [
        ("delivered", "accepted", True),
        ("queued", "accepted", False),
        ("sent", "delivered", False),
        ("failed", "accepted", True),
        ("failed", "failed", False),
        ("unknown", "accepted", False),
    ],
)
def test_only_what_says_more_is_news(taken, said, known, is_news):
    taken.status = known
    state = MessageState(taken.provider_id, "outbound", said, "imessage", None, None, None)

    assert overdue.news(state, taken) is is_news


def test_a_line_that_waits_is_not_asked_and_the_silence_is_told_all_the_same(sandbox, taken, line):
    wait_for(sandbox, taken, "delivered")
    later(taken, timedelta(minutes=16))
    line.stopped_reason = "Blooio does not accept the API key of this line."
    db.session.commit()

    overdue.look_after(taken.id)

    db.session.refresh(taken)
    assert (taken.status, taken.troubled) == ("accepted", True)
