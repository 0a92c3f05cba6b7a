"""Lanes against the sandbox over real HTTP."""

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from inbox import (
    contacts,
    conversations,
    deliveries,
    due,
    lines,
    messages,
    outbox,
    parcels,
    phone,
    verdicts,
)
from inbox.db import db, now
from inbox.deliveries import SendAttempt
from inbox.lanes import Lane
from inbox.messages import Message
from inbox.sandbox import Options, Sandbox


@pytest.fixture
def sandbox(line) -> Iterator[Sandbox]:
    with Sandbox(Options(key="bl_test_key", numbers=("+14155550100",), speed=50)).start() as box:
        line.base_url = box.url
        db.session.commit()
        yield box


@pytest.fixture(autouse=True)
def patient(monkeypatch) -> None:
    """However slow this machine is, one drain is one try."""
    monkeypatch.setattr(verdicts, "wait_seconds", lambda attempts: 60.0)


def say(conversation, author, text="Hello", **given) -> Message:
    message = messages.compose(conversation, author, text, **given)
    db.session.commit()
    return message


def test_a_queued_message_is_handed_over_with_its_key(sandbox, carol, alice, line):
    message = say(carol, alice, "Hello")

    outbox.drain(line.id)

    (sent,) = sandbox.sent()
    assert (sent["chat_id"], sent["body"]["text"]) == ("+14155550132", "Hello")
    assert sent["idempotency_key"] == message.idempotency_key
    db.session.refresh(message)
    assert (message.status, [message.provider_id]) == ("accepted", sent["message_ids"])


def test_the_same_client_id_is_one_message(sandbox, carol, alice, line):
    first = say(carol, alice, "Hello", client_id="c1")
    second = say(carol, alice, "Hello", client_id="c1")

    assert first.id == second.id


def test_messages_of_one_conversation_leave_in_order(sandbox, carol, alice, line):
    for number in range(5):
        say(carol, alice, f"Part {number}")

    outbox.drain(line.id)

    assert [sent["body"]["text"] for sent in sandbox.sent()] == [f"Part {n}" for n in range(5)]


def test_what_is_tried_again_waits_for_what_is_on_its_way(carol, alice, bob, line):
    first, second = say(carol, alice, "First"), say(carol, alice, "Second")
    deliveries.fail(first, "No device")
    db.session.commit()
    lane = Lane(line.id)
    assert lane.take()
    assert [parcel.text for parcel in lane.claim()] == ["Second"]

    deliveries.retry(first, by=bob)
    db.session.commit()

    assert lane.claim() == []
    deliveries.advance(second, "accepted")
    db.session.commit()
    assert [parcel.text for parcel in lane.claim()] == ["First"]


def test_an_outage_leaves_the_message_queued_with_its_key(carol, alice, line):
    message = say(carol, alice)

    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, message.attempts) == ("queued", 1)
    assert message.send_after and message.send_after > now()


def test_five_faults_in_a_row_open_the_breaker(carol, alice, line):
    message = say(carol, alice)
    for _ in range(5):
        message.send_after = None
        db.session.commit()
        outbox.drain(line.id)
        db.session.refresh(message)

    db.session.refresh(line)
    assert line.failures == 5
    assert line.paused_until and line.paused_until > now()


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (400, {"error": "ApiError", "status": 400}, "failed"),
        (402, {"error": "ApiError", "status": 402}, "failed"),
        (403, {"error": "x", "code": "inbound_only_no_prior_inbound"}, "failed"),
        (409, {"error": "conflict", "status": 409}, "unknown"),
        (429, {"error": "x", "code": "conversation_awaiting_reply"}, "held"),
        (429, {"error": "x", "code": "new_conversation_limit_reached"}, "held"),
        (429, {"error": "x"}, "queued"),
        (500, {"error": "x"}, "queued"),
        (502, "<html>Bad gateway</html>", "unknown"),
        (503, {"error": "x"}, "queued"),
        (302, "", "failed"),
        (202, "not json", "unknown"),
        (202, {"status": "failed"}, "failed"),
    ],
)
def test_each_answer_has_its_outcome(sandbox, carol, alice, line, status, body, outcome):
    sandbox.trouble({"status": status, "body": body})
    message = say(carol, alice)

    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == outcome
    assert db.session.scalars(select(SendAttempt.outcome)).all() == [outcome]


def test_a_wrong_key_stops_the_line_and_keeps_the_queue(sandbox, carol, alice, line):
    sandbox.trouble({"status": 401, "body": {"error": "unauthorized", "status": 401}})
    message = say(carol, alice)

    outbox.drain(line.id)

    db.session.refresh(message)
    db.session.refresh(line)
    assert message.status == "queued"
    assert line.stopped_reason
    assert db.session.scalars(lines.busy(now())).all() == []


def test_a_lost_answer_is_asked_for_with_the_same_key(sandbox, carol, alice, line):
    sandbox.trouble({"drop": True, "after": True})
    message = say(carol, alice)
    outbox.drain(line.id)
    db.session.refresh(message)
    assert message.status == "unknown"

    message.send_after = now()
    db.session.commit()
    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == "accepted"
    assert len(sandbox.sent()) == 1


def test_a_message_left_in_sending_is_tried_again_with_its_key(sandbox, carol, alice, line):
    message = say(carol, alice)
    db.session.execute(
        update(Message).values(status="sending", lease="gone", lease_until=now(), attempts=1)
    )
    db.session.commit()

    outbox.take_over()
    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == "accepted"
    assert [sent["idempotency_key"] for sent in sandbox.sent()] == [message.idempotency_key]


def test_somebody_who_opted_out_in_between_is_not_written_to(sandbox, carol, alice, line):
    message = say(carol, alice)
    assert carol.address
    carol.address.opted_out_at = now()
    db.session.commit()

    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, sandbox.sent()) == ("failed", [])
    assert "asked not to be messaged" in (message.problem or "")


def test_a_held_lease_keeps_others_out(sandbox, carol, alice, line):
    say(carol, alice)
    holder = outbox.Lane(line.id)
    assert holder.take()

    outbox.drain(line.id)
    assert sandbox.sent() == []

    holder.give_back()
    outbox.drain(line.id)
    assert len(sandbox.sent()) == 1


def test_a_slow_send_does_not_hold_up_another_conversation(sandbox, carol, alice, line, app):
    sandbox.trouble({"delay": 3.0})
    say(carol, alice, "Slow")
    lane = threading.Thread(target=drain_elsewhere, args=(app, line.id))
    lane.start()
    until(lambda: db.session.scalar(select(Message.status)) == "sending")

    dave = conversations.with_person(line, contacts.with_address(phone.read("+14155550199")))
    say(dave, alice, "Fast")

    until(lambda: [sent["body"]["text"] for sent in sandbox.sent()] == ["Fast"])
    assert lane.is_alive()
    lane.join(20)
    assert [sent["body"]["text"] for sent in sandbox.sent()] == ["Fast", "Slow"]


def drain_elsewhere(app, line_id):
    with app.app_context():
        outbox.drain(line_id)


def until(true):
    deadline = time.monotonic() + 5
    while not true():
        db.session.rollback()
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_one_planned_wake_is_enough(carol, alice, line, app):
    message = say(carol, alice)
    message.send_after = now() + timedelta(hours=1)
    db.session.commit()

    for _ in range(3):
        outbox.drain(line.id)

    planned = [task for task in app.extensions["huey"].pending() if task.eta]
    assert len(planned) == 1


def in_doubt(message, *, attempts=4):
    """As if nobody knew what became of its last try, and the next one is due."""
    message.status, message.send_after = "unknown", now()
    message.attempts, message.first_tried_at = attempts, now()
    message.doubted_at = now()
    db.session.commit()


def test_a_known_key_is_looked_up_and_gets_its_id(sandbox, carol, alice, line):
    sandbox.trouble({"status": 409, "body": {"error": "conflict"}, "after": True})
    message = say(carol, alice)

    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, [message.provider_id]) == ("accepted", sandbox.sent()[0]["message_ids"])


def test_the_same_words_sent_before_are_not_taken_for_the_doubted_message(
    sandbox, carol, alice, line
):
    first = say(carol, alice, "ok")
    outbox.drain(line.id)
    second = say(carol, alice, "ok")
    in_doubt(second)

    outbox.drain(line.id)

    db.session.refresh(first)
    db.session.refresh(second)
    assert second.status == "accepted"
    assert second.provider_id != first.provider_id
    assert len(sandbox.sent()) == 2


def test_doubt_about_somebody_who_opted_out_is_asked_about_and_never_sent(
    sandbox, carol, alice, line
):
    message = say(carol, alice)
    in_doubt(message, attempts=1)
    carol.address.opted_out_at = now()
    db.session.commit()

    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, message.send_after, sandbox.sent()) == ("unknown", None, [])


@pytest.mark.parametrize("status", [403, 500])
def test_a_list_that_does_not_answer_leaves_the_doubt(sandbox, carol, alice, line, status):
    message = say(carol, alice)
    in_doubt(message)
    sandbox.trouble({"method": "GET", "status": status, "body": {"error": "x"}})

    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == "unknown"
    assert message.send_after is not None
    assert sandbox.sent() == []


def test_past_the_life_of_its_key_a_message_is_only_asked_about(sandbox, carol, alice, line):
    message = say(carol, alice)
    in_doubt(message)
    message.doubted_at = message.first_tried_at = now() - timedelta(hours=24)
    db.session.commit()

    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, message.send_after, sandbox.sent()) == ("unknown", None, [])


def test_one_that_cannot_be_settled_harms_no_other(sandbox, carol, alice, line, monkeypatch):
    taken = say(carol, alice, "First")
    outbox.drain(line.id)
    db.session.refresh(taken)
    dave = conversations.with_person(line, contacts.with_address(phone.read("+14155550199")))
    bad, good = say(carol, alice, "Bad"), say(dave, alice, "Good")
    real, same_id = parcels.hand_over, (taken.provider_id,)

    def confused(parcel):
        outcome = real(parcel)
        if parcel.text != "Bad":
            return outcome
        return replace(outcome, result=replace(outcome.result, message_ids=same_id))

    monkeypatch.setattr(parcels, "hand_over", confused)
    outbox.drain(line.id)

    db.session.refresh(bad)
    db.session.refresh(good)
    assert (bad.status, good.status) == ("unknown", "accepted")


def test_retry_after_is_kept_when_another_send_succeeds(sandbox, carol, alice, line):
    sandbox.trouble({"status": 429, "body": {"error": "x"}, "headers": {"Retry-After": "60"}})
    dave = conversations.with_person(line, contacts.with_address(phone.read("+14155550199")))
    say(carol, alice)
    say(dave, alice)

    outbox.drain(line.id)

    db.session.refresh(line)
    assert line.rests_until and line.rests_until > now() + timedelta(seconds=50)


def test_the_index_of_due_messages_is_used(app, line):
    if db.engine.dialect.name != "sqlite":
        return
    query = due.now_at(line.id, now()).compile(db.engine, compile_kwargs={"literal_binds": True})
    plan = db.session.execute(text(f"explain query plan {query}")).all()
    assert any("ix_message_due" in row[-1] for row in plan), plan
