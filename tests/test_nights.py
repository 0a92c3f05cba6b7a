"""Long nights: clocks that are set while messages wait, machines that sleep for a day, keys that
the provider has forgotten. A message goes out once, or a person is told why not."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from inbox import contacts, conversations, gate, messages, outbox, parcels, phone, verdicts
from inbox.db import db, now
from inbox.deliveries import SendAttempt
from inbox.messages import Message
from inbox.providers import blooio_signature
from inbox.sandbox import Options, Sandbox
from tests.conftest import SECRET
from tests.night import Night, falling, seen
from tests.processes import wait_until

DAY = 25.0
REFUSED = {"status": 403, "body": {"error": "x"}}
NO_ANSWER = {"drop": True, "after": True}
NOT_TAKEN = {"drop": True}
ARRIVED = ("accepted", "sent", "delivered")
NOBODY = "http://127.0.0.1:9/v2/api"


@pytest.fixture
def night(app, monkeypatch) -> Iterator[Night]:
    """However slow this machine is, a second try waits until the test lets time pass."""
    monkeypatch.setattr(verdicts, "wait_seconds", lambda attempts: max(30, attempts))
    with falling(app) as night:
        yield night


@pytest.fixture
def options(night) -> Options:
    number = ("+14155550100",)
    return Options(key="bl_test_key", numbers=number, speed=50, clock=night.their_clock)


@pytest.fixture
def sandbox(line, options) -> Iterator[Sandbox]:
    with Sandbox(options).start() as box:
        line.base_url = box.url
        db.session.commit()
        yield box


def say(conversation, author, text="Hello") -> Message:
    message = messages.compose(conversation, author, text)
    db.session.commit()
    return message


def sent(sandbox) -> list[str]:
    return [one["body"]["text"] for one in sandbox.sent()]


def questions(sandbox) -> list[str]:
    """The requests that the provider gets from now on."""
    asked: list[str] = []

    def note() -> None:
        from flask import request

        if request.path.startswith("/v2/"):
            asked.append(f"{request.method} {request.path.rpartition('/')[2]}")

    sandbox.app.before_request_funcs.setdefault(None, []).insert(0, note)
    return asked


# Clocks that are set


def queued(night, line, sandbox, message):
    line.base_url = NOBODY
    db.session.commit()
    outbox.drain(line.id)
    assert seen(message)[0] == "queued" and message.send_after
    line.base_url = sandbox.url
    db.session.commit()


def in_doubt(night, line, sandbox, message):
    sandbox.trouble(NO_ANSWER)
    outbox.drain(line.id)
    assert seen(message)[0] == "unknown" and message.send_after


def paused(night, line, sandbox, message):
    sandbox.trouble({"status": 429, "body": {"error": "x"}, "headers": {"Retry-After": "600"}})
    outbox.drain(line.id)
    assert seen(message)[0] == "queued"
    db.session.refresh(line)
    assert line.rests_until


def resting(night, line, sandbox, message):
    """The breaker is open."""
    queued(night, line, sandbox, message)
    line.failures, line.paused_until = 5, now() + timedelta(seconds=verdicts.PROBE)
    db.session.commit()


def held(night, line, sandbox, message):
    body = {"error": "ApiError", "code": "new_conversation_limit_reached"}
    sandbox.trouble({"status": 429, "body": body})
    outbox.drain(line.id)
    assert seen(message)[0] == "held" and message.send_after


def leased(night, line, sandbox, message):
    """A worker that died had both in hand."""
    line.lease_holder, line.lease_until = "gone", now() + timedelta(seconds=60)
    message.status, message.attempts, message.first_tried_at = "sending", 1, now()
    message.lease, message.lease_until = "gone", now() + timedelta(seconds=60)
    db.session.commit()


WAITING = [queued, in_doubt, paused, resting, held, leased]


@pytest.mark.parametrize("waiting", WAITING, ids=lambda one: one.__name__)
@pytest.mark.parametrize("hours", [1, -1], ids=["on", "back"])
def test_a_clock_that_is_set_an_hour_keeps_nothing(
    night, sandbox, line, alice, carol, waiting, hours
):
    message = say(carol, alice)
    waiting(night, line, sandbox, message)

    night.set_ours(hours)
    night.sweep(line)

    assert seen(message)[0] in ARRIVED
    assert sent(sandbox) == ["Hello"]


@pytest.mark.parametrize("hours", [1, -1], ids=["on", "back"])
def test_a_clock_that_is_set_while_a_request_is_out_sends_nothing_twice(
    night, sandbox, line, alice, carol, app, hours
):
    sandbox.trouble({"delay": 1.5})
    message = say(carol, alice)
    lane = threading.Thread(target=drain_elsewhere, args=(app, line.id))
    lane.start()
    wait_until(lambda: seen(message)[0] == "sending", "request that is out")

    night.set_ours(hours)
    night.sweep(line)
    lane.join(20)
    night.pass_(1 / 60)
    night.sweep(line)

    assert seen(message)[0] in ARRIVED
    assert sent(sandbox) == ["Hello"]


def drain_elsewhere(app, line_id):
    with app.app_context():
        outbox.drain(line_id)


@pytest.mark.parametrize("hours", [1, -1], ids=["on", "back"])
def test_the_order_holds_when_a_clock_is_set_between(night, sandbox, line, alice, carol, hours):
    first = say(carol, alice, "First")
    queued(night, line, sandbox, first)
    night.set_ours(hours)
    say(carol, alice, "Second")

    night.sweep(line)

    assert sent(sandbox) == ["First", "Second"]
    shown = select(Message.text).order_by(Message.at, Message.id)
    assert db.session.scalars(shown).all() == ["First", "Second"]


def test_what_waits_long_is_not_hurried_by_a_look_at_the_clock(night, sandbox, line, alice, carol):
    message = say(carol, alice)
    message.attempts, message.first_tried_at = 9, now()
    message.send_after = now() + timedelta(minutes=59)
    db.session.commit()

    night.sweep(line)

    assert seen(message)[0] == "queued"
    assert sent(sandbox) == []


# A machine that slept for a day


def test_what_was_never_tried_goes_out_on_waking(night, sandbox, line, alice, carol):
    message = say(carol, alice)

    night.pass_(DAY)
    night.sweep(line)

    assert seen(message)[0] in ARRIVED
    assert sent(sandbox) == ["Hello"]


def test_what_could_not_leave_is_not_sent_the_day_after(night, sandbox, line, alice, carol):
    message = say(carol, alice)
    queued(night, line, sandbox, message)

    night.pass_(DAY)
    night.sweep(line)

    assert seen(message) == ("failed", gate.UNREACHABLE_FOR_LONG)
    assert sent(sandbox) == []


def test_after_a_short_night_it_is(night, sandbox, line, alice, carol):
    message = say(carol, alice)
    queued(night, line, sandbox, message)

    night.pass_(8)
    night.sweep(line)

    assert seen(message)[0] in ARRIVED


def test_doubt_that_outlived_its_key_is_looked_up_before_anything_else(
    night, sandbox, line, alice, carol
):
    message = say(carol, alice)
    in_doubt(night, line, sandbox, message)
    night.pass_(DAY)
    asked = questions(sandbox)

    night.sweep(line)

    assert seen(message)[0] in ARRIVED
    assert [message.provider_id] == sandbox.sent()[0]["message_ids"]
    assert "POST messages" not in asked and "GET messages" in asked
    assert len(sent(sandbox)) == 1


def test_with_a_forgotten_key_the_same_request_would_have_been_a_second_message(
    night, sandbox, line, alice, carol
):
    message = say(carol, alice)
    in_doubt(night, line, sandbox, message)
    assert sent(sandbox) == ["Hello"]

    night.pass_(DAY)
    lane = outbox.Lane(line.id)
    lane.take()
    (parcel,) = lane.claim()
    parcels._send(replace(parcel, doubted_at=now()))

    assert sent(sandbox) == ["Hello", "Hello"]


def test_doubt_that_outlived_its_key_and_is_not_listed_is_a_persons_to_settle(
    night, sandbox, line, alice, carol
):
    sandbox.trouble(NOT_TAKEN)
    message = say(carol, alice)
    outbox.drain(line.id)
    assert seen(message)[0] == "unknown"

    night.pass_(DAY)
    night.sweep(line)

    status, problem = seen(message)
    assert (status, message.send_after, message.troubled) == ("unknown", None, True)
    assert "Ask the person" in (problem or "")
    assert sent(sandbox) == []


def test_while_the_list_does_not_answer_the_doubt_stays(night, sandbox, line, alice, carol):
    message = say(carol, alice)
    in_doubt(night, line, sandbox, message)
    night.pass_(DAY)
    sandbox.weather("503@all")
    night.sweep(line)
    assert seen(message)[0] == "unknown" and message.send_after

    sandbox.weather()
    night.pass_(2)
    night.sweep(line)

    assert seen(message)[0] in ARRIVED
    assert sent(sandbox) == ["Hello"]


def test_what_was_written_after_the_doubtful_one_waits_for_its_end(
    night, sandbox, line, alice, carol
):
    message = say(carol, alice, "First")
    in_doubt(night, line, sandbox, message)
    say(carol, alice, "Second")
    outbox.drain(line.id)
    assert sent(sandbox) == ["First"]

    night.pass_(DAY)
    night.sweep(line)

    assert sent(sandbox) == ["First", "Second"]


# Keys that are forgotten early, and clocks that hide it


class TestAForgetfulProvider:
    @pytest.fixture
    def options(self, options) -> Options:
        return replace(options, idempotency_hours=1.0)

    def test_old_doubt_is_looked_up_however_long_a_key_is_said_to_live(
        self, night, sandbox, line, alice, carol
    ):
        message = say(carol, alice)
        in_doubt(night, line, sandbox, message)

        night.pass_(2)
        night.sweep(line)

        assert seen(message)[0] in ARRIVED
        assert sent(sandbox) == ["Hello"]


def test_a_clock_that_is_set_back_hides_no_forgotten_key(night, sandbox, line, alice, carol):
    message = say(carol, alice)
    in_doubt(night, line, sandbox, message)
    night.pass_(DAY)

    night.set_ours(-DAY - 1)
    night.sweep(line)

    assert seen(message)[0] in ARRIVED
    assert sent(sandbox) == ["Hello"]


def test_a_message_that_left_by_a_fast_clock_is_found_by_the_right_one(
    night, sandbox, line, alice, carol
):
    night.set_ours(1)
    message = say(carol, alice)
    in_doubt(night, line, sandbox, message)
    night.set_ours(-1)
    sandbox.trouble(REFUSED)

    night.sweep(line)

    assert seen(message)[0] in ARRIVED
    assert [one.outcome for one in db.session.scalars(select(SendAttempt))][0] == "unknown"
    assert sent(sandbox) == ["Hello"]


def test_doubt_that_is_held_is_no_message_from_elsewhere(night, sandbox, line, alice, carol):
    limited = {"status": 429, "body": {"error": "x", "code": "conversation_awaiting_reply"}}
    sandbox.trouble({"status": 500, "after": True}, limited)
    message = say(carol, alice)
    outbox.drain(line.id)
    night.pass_(0.01)
    outbox.drain(line.id)
    assert seen(message)[0] == "held" and message.doubted_at
    assert sent(sandbox) == ["Hello"]

    night.pass_(1)
    night.sweep(line)

    shown = select(Message.text, Message.outside)
    assert [tuple(row) for row in db.session.execute(shown)] == [("Hello", False)]


# Webhooks that a wrong clock refuses


def received(id: str, text: str, at: float) -> dict[str, object]:
    return {
        "event": "message.received",
        "message_id": id,
        "external_id": "+14155550132",
        "internal_id": "+14155550100",
        "sender": "+14155550132",
        "status": "received",
        "protocol": "imessage",
        "timestamp": int(at * 1000),
        "text": text,
        "attachments": [],
        "is_group": False,
    }


@pytest.mark.parametrize("hours", [1, -1], ids=["fast", "slow"])
def test_what_a_wrong_clock_turned_away_is_there_once_it_is_right(
    night, sandbox, line, alice, carol, app, hours
):
    night.sweep(line)
    night.set_ours(hours)
    at = night.their_clock()
    id = sandbox.say("+14155550132", "Are you there?")
    raw = json.dumps(received(id, "Are you there?", at)).encode()
    signature = blooio_signature.sign(raw, SECRET, int(at))
    headers = {"X-Blooio-Signature": signature, "Content-Type": "application/json"}
    post = app.test_client().post
    assert post("/webhooks/blooio", data=raw, headers=headers).status_code == 401

    night.set_ours(-hours)
    night.pass_(0.1)
    night.sweep(line)
    night.sweep(line)

    texts = select(Message.text, Message.found_at.is_not(None))
    assert [tuple(row) for row in db.session.execute(texts)] == [("Are you there?", True)]


def test_doubt_keeps_nobody_else_waiting(night, sandbox, line, alice, carol):
    dave = conversations.with_person(line, contacts.with_address(phone.read("+14155550199")))
    stuck = say(carol, alice, "To Carol")
    in_doubt(night, line, sandbox, stuck)

    say(dave, alice, "To Dave")
    outbox.drain(line.id)

    assert sent(sandbox) == ["To Carol", "To Dave"]
