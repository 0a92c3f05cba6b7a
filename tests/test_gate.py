"""What may leave now: new people, old replies, a line's pace, clocks that were set."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inbox import (
    contacts,
    conversations,
    deliveries,
    gate,
    lanes,
    messages,
    outbox,
    pace,
    parcels,
    phone,
)
from inbox.db import db, now
from inbox.lanes import Lane
from inbox.sandbox import Options, Sandbox

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)


@pytest.fixture
def sandbox(line) -> Iterator[Sandbox]:
    with Sandbox(Options(key="bl_test_key", numbers=("+14155550100",), speed=50)).start() as box:
        line.base_url = box.url
        db.session.commit()
        yield box


def say(conversation, author, text="Hello"):
    message = messages.compose(conversation, author, text)
    db.session.commit()
    return message


def person(line, last):
    address = contacts.with_address(phone.read(f"+141555501{last}"))
    return conversations.with_person(line, address)


def incoming(conversation, text="Hi"):
    message = messages.receive(
        conversation,
        text,
        sender=conversation.address,
        provider_id=f"in_{conversation.id}_{text}",
        protocol="imessage",
        at=now(),
        attachments=[],
    )
    deliveries.release(conversation)
    db.session.commit()
    return message


def try_once(line):
    """One try of what is due and no second, however slow this machine is."""
    lane = Lane(line.id)
    assert lane.take()
    lane.settle([parcels.hand_over(parcel) for parcel in lane.claim()])
    lane.give_back()


def limit_reached(sandbox, times=1):
    body = {"error": "ApiError", "code": "new_conversation_limit_reached"}
    sandbox.trouble({"status": 429, "body": body, "times": times})


# New people


def test_the_limit_for_new_people_holds_new_people_and_nobody_else(sandbox, line, alice, carol):
    incoming(carol)
    limit_reached(sandbox)
    first = say(person(line, 50), alice)
    outbox.drain(line.id)
    second, known = say(person(line, 51), alice), say(carol, alice)

    outbox.drain(line.id)

    for message in (first, second, known):
        db.session.refresh(message)
    assert (first.status, second.status, known.status) == ("held", "held", "accepted")
    assert second.attempts == 0, "it was asked for what is known to be refused"
    assert first.send_after and second.send_after
    assert first.send_after > now() + timedelta(minutes=50)


def test_who_writes_is_not_new_any_more(sandbox, line, alice):
    limit_reached(sandbox)
    dave = person(line, 50)
    message = say(dave, alice)
    outbox.drain(line.id)
    db.session.refresh(message)
    assert message.status == "held"

    incoming(dave)
    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == "accepted"


def test_a_limit_of_one_chat_holds_that_chat_until_they_write_or_react(sandbox, line, alice, carol):
    body = {"error": "ApiError", "code": "conversation_awaiting_reply"}
    sandbox.trouble({"status": 429, "body": body})
    waiting, other = say(carol, alice), say(person(line, 50), alice)
    outbox.drain(line.id)
    db.session.refresh(waiting)
    db.session.refresh(other)
    assert sorted((waiting.status, other.status)) == ["accepted", "held"]
    held = waiting if waiting.status == "held" else other
    assert held.send_after is None

    deliveries.release(held.conversation)
    db.session.commit()
    outbox.drain(line.id)

    db.session.refresh(held)
    assert held.status == "accepted"


# Old replies


def test_what_could_not_leave_for_a_day_is_not_sent_the_day_after(sandbox, line, alice, carol):
    message = say(carol, alice)
    message.first_tried_at = now() - gate.GIVE_UP - timedelta(minutes=1)
    db.session.commit()

    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, sandbox.sent()) == ("failed", [])
    assert message.problem == gate.UNREACHABLE_FOR_LONG


def test_a_queue_behind_a_wrong_key_goes_out_whenever_it_is_mended(sandbox, line, alice, carol):
    sandbox.trouble({"status": 401, "body": {"error": "unauthorized"}})
    message = say(carol, alice)
    outbox.drain(line.id)
    db.session.refresh(message)

    assert (message.status, message.first_tried_at) == ("queued", None)


# Doubt


def in_doubt(message, *, since=timedelta(), attempts=1):
    deliveries.doubt(message, "No answer.", again_at=now())
    message.attempts, message.doubted_at = attempts, now() - since
    message.first_tried_at = message.doubted_at
    db.session.commit()


def test_a_rule_that_refuses_the_second_try_says_nothing_of_the_first(sandbox, line, alice, carol):
    sandbox.trouble({"drop": True, "after": True}, {"status": 403, "body": {"error": "x"}})
    message = say(carol, alice)
    try_once(line)
    db.session.refresh(message)
    assert message.status == "unknown"
    message.send_after = now()
    db.session.commit()

    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == "accepted"
    assert [message.provider_id] == sandbox.sent()[0]["message_ids"]


def test_a_refusal_counts_once_the_list_does_not_know_the_message(sandbox, line, alice, carol):
    message = say(carol, alice)
    in_doubt(message)
    sandbox.trouble({"status": 403, "body": {"error": "x"}})

    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, sandbox.sent()) == ("failed", [])


def test_a_refusal_does_not_count_while_the_list_is_silent(sandbox, line, alice, carol):
    message = say(carol, alice)
    in_doubt(message)
    sandbox.trouble(
        {"status": 403, "body": {"error": "x"}},
        {"method": "GET", "status": 500, "body": {"error": "x"}},
    )

    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == "unknown"
    assert message.send_after


def test_a_person_may_send_again_what_the_list_has_never_seen(sandbox, line, alice, bob, carol):
    message = say(carol, alice)
    in_doubt(message, since=timedelta(hours=30))
    outbox.drain(line.id)
    db.session.refresh(message)
    assert (message.status, message.send_after, sandbox.sent()) == ("unknown", None, [])

    deliveries.retry(message, by=bob)
    db.session.commit()
    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == "accepted"
    assert [sent["idempotency_key"] for sent in sandbox.sent()] == [message.idempotency_key]


def test_a_person_who_tries_again_does_not_send_twice_what_the_list_knows(
    sandbox, line, alice, bob, carol
):
    sandbox.trouble({"drop": True, "after": True})
    message = say(carol, alice)
    try_once(line)
    deliveries.doubt(message, "Nobody knows.", again_at=None)
    message.idempotency_key = "a key that the provider has forgotten".replace(" ", "-")
    db.session.commit()

    deliveries.retry(message, by=bob)
    db.session.commit()
    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, len(sandbox.sent())) == ("accepted", 1)


def test_a_list_that_refuses_for_good_leaves_it_to_a_person(sandbox, line, alice, carol):
    message = say(carol, alice)
    in_doubt(message, since=timedelta(hours=30))
    sandbox.trouble({"method": "GET", "status": 403, "body": {"error": "x"}})

    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, message.send_after, message.troubled) == ("unknown", None, True)
    assert "does not say" in (message.problem or "")


def test_a_list_of_a_clock_behind_ours_knows_the_message_all_the_same(sandbox, line, alice, carol):
    sandbox.trouble({"drop": True, "after": True}, {"status": 403, "body": {"error": "x"}})
    message = say(carol, alice)
    outbox.drain(line.id)
    message.first_tried_at = message.doubted_at = now() + timedelta(minutes=4)
    message.send_after = now()
    db.session.commit()

    outbox.drain(line.id)

    db.session.refresh(message)
    assert (message.status, len(sandbox.sent())) == ("accepted", 1)


# Pace


def test_a_line_with_a_pace_sends_a_few_and_then_evenly(sandbox, line, alice):
    line.pace = 60
    for last in range(50, 58):
        say(person(line, last), alice)

    outbox.drain(line.id)

    assert len(sandbox.sent()) in (pace.BURST, pace.BURST + 1)
    db.session.refresh(line)
    assert line.next_send_at and line.next_send_at > now() + timedelta(seconds=1)


@given(
    st.floats(0.1, 600),
    st.lists(st.tuples(st.floats(0, 100), st.integers(0, 5)), max_size=30),
)
def test_no_minute_sees_more_than_the_pace_and_a_burst(per_minute, visits):
    at, next_at, left = AT, None, []
    for passed, wanted in visits:
        at += timedelta(seconds=passed)
        count = max(min(wanted, pace.slots(next_at, at, per_minute)), 0)
        next_at = pace.spent(next_at, at, per_minute, count)
        left += [at] * count
    for first in left:
        within = [one for one in left if first <= one < first + timedelta(minutes=1)]
        assert len(within) <= per_minute + pace.BURST + 1e-6


@given(st.floats(0.1, 600), st.integers(0, pace.BURST), st.floats(0, 1000))
def test_when_the_next_may_leave_there_is_room_for_it(per_minute, count, passed):
    next_at = pace.spent(None, AT, per_minute, count)
    at = AT + timedelta(seconds=passed)

    free_at = pace.free_at(next_at, at, per_minute)

    assert pace.slots(next_at, free_at + timedelta(microseconds=10), per_minute) >= 1


def test_a_clock_that_was_set_back_does_not_stop_a_paced_line():
    next_at = AT + timedelta(hours=1)

    assert pace.free_at(next_at, AT, 60) <= AT + timedelta(seconds=pace.BURST)


# Clocks


def test_a_lease_of_a_clock_that_was_set_back_is_over(sandbox, line, alice, carol):
    message = say(carol, alice)
    line.lease_holder, line.lease_until = "gone", now() + timedelta(hours=1)
    db.session.commit()

    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == "accepted"


def test_a_lease_in_good_time_is_not(sandbox, line, alice, carol):
    say(carol, alice)
    line.lease_holder, line.lease_until = "somebody", now() + lanes.LEASE
    db.session.commit()

    assert not Lane(line.id).take()


def test_a_message_in_the_hand_of_a_clock_that_was_set_back_is_taken_back(line, alice, carol):
    message = say(carol, alice)
    message.status, message.lease, message.lease_until = "sending", "x", now() + timedelta(hours=1)
    db.session.commit()

    outbox.recover(now())

    db.session.refresh(message)
    assert (message.status, message.lease) == ("unknown", None)


def test_a_try_planned_before_the_clock_was_set_back_is_not_waited_for(line, alice, carol):
    message = say(carol, alice)
    message.send_after = now() + timedelta(hours=2)
    db.session.commit()

    outbox.recover(now())

    db.session.refresh(message)
    assert message.send_after <= now()


@pytest.mark.parametrize("ahead", [timedelta(minutes=30), timedelta(hours=3)])
def test_a_pause_of_a_clock_that_was_set_back_is_over(sandbox, line, alice, carol, ahead):
    message = say(carol, alice)
    line.paused_until = now() + ahead
    db.session.commit()
    assert line.rests_until is None

    outbox.drain(line.id)

    db.session.refresh(message)
    assert message.status == "accepted"


def test_a_pause_of_a_clock_that_was_set_back_leaves_room_for_a_new_one(
    sandbox, line, alice, carol
):
    say(carol, alice)
    line.paused_until = now() + timedelta(hours=3)
    db.session.commit()
    sandbox.trouble({"status": 429, "headers": {"Retry-After": "60"}, "body": {"error": "x"}})

    outbox.drain(line.id)

    db.session.refresh(line)
    assert line.rests_until


def test_a_reply_stands_below_what_a_fast_clock_wrote(line, alice, carol):
    early = incoming(carol)
    early.at = carol.last_at = now() + timedelta(hours=1)
    db.session.commit()

    reply = say(carol, alice)

    assert (reply.at, reply.id) > (early.at, early.id)
    assert carol.last_message_id == reply.id
