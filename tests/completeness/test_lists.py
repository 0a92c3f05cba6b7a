"""What no webhook told us is found in the provider's lists: once, in order, and counted."""

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from inbox import effects, messages, outbox, reconciler, verifications
from inbox.conversations import Conversation
from inbox.db import db, now
from inbox.deliveries import DeliveryEvent
from inbox.messages import Message
from inbox.providers.blooio import Blooio
from inbox.verifications import Verification
from inbox.webhook_events import WebhookEvent
from tests.completeness.looking import (
    CAROL,
    DAVE,
    OTHER,
    OURS,
    age,
    ago,
    events,
    from_the_phone,
    listed,
    missing,
    state,
    texts,
    until,
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


def kept_outside() -> list[tuple[str, str, bool]]:
    rows = db.session.scalars(select(Message).order_by(Message.at, Message.id))
    return [(one.text, one.status, one.outside) for one in rows]


def test_what_was_sent_from_the_phone_is_a_bubble_and_nothing_was_missing(provider, verify):
    id = from_the_phone(provider)
    until(lambda: listed(provider, id).status == "delivered")
    age(provider, id)

    found = verify()

    assert kept_outside() == [("From the phone", "delivered", True)]
    assert missing(found) == (0, 0, 0)
    conversation = db.session.scalars(select(Conversation)).one()
    assert (conversation.waiting_since, conversation.trouble_count) == (None, 0)


def test_reports_about_it_that_came_first_are_applied(provider, verify, tell):
    id = from_the_phone(provider)
    until(lambda: listed(provider, id).status == "delivered")
    age(provider, id)
    for event in ("message.sent", "message.delivered", "message.read"):
        tell(id, "From the phone", ago(1), event=event)
    assert db.session.scalars(select(WebhookEvent.state)).all() == ["waiting"] * 3

    verify()

    assert kept_outside() == [("From the phone", "read", True)]
    assert set(db.session.scalars(select(WebhookEvent.state))) == {"applied"}


def test_a_report_for_it_that_comes_later_moves_it(provider, verify, tell):
    id = from_the_phone(provider)
    until(lambda: listed(provider, id).status == "delivered")
    age(provider, id)
    verify()

    tell(id, "From the phone", ago(1), event="message.read")

    assert state(id) == "read"


def test_no_webhook_can_make_a_message_of_ours(provider, tell):
    tell("msg_forged", "We never said that", ago(1), event="message.outside")

    assert texts() == []
    assert db.session.scalars(select(WebhookEvent.state)).all() == ["ignored"]


@pytest.mark.parametrize("left", ["sending", "unknown", "queued"])
def test_a_reply_whose_answer_was_lost_is_left_to_its_lane(
    provider, verify, carol, alice, line, left
):
    provider.trouble({"drop": True, "after": True})
    message = messages.compose(carol, alice, "Hello")
    db.session.commit()
    outbox.drain(line.id)
    db.session.refresh(message)
    assert (message.status, message.provider_id) == ("unknown", None)
    message.status = left
    db.session.commit()
    age(provider, provider.sent()[0]["message_ids"][0], hours=0.01)

    verify()
    assert texts() == ["Hello"]

    message.status, message.send_after = "unknown", now()
    db.session.commit()
    outbox.drain(line.id)
    db.session.refresh(message)
    assert message.provider_id == provider.sent()[0]["message_ids"][0]


def test_the_same_words_from_the_phone_yesterday_are_not_that_reply(
    provider, verify, carol, alice, line
):
    age(provider, from_the_phone(provider, "Hello"))
    line.base_url, base_url = "http://127.0.0.1:9/v2/api", line.base_url
    messages.compose(carol, alice, "Hello").status = "unknown"
    line.base_url = base_url
    db.session.commit()

    verify()

    assert [outside for _, _, outside in kept_outside()] == [True, False]


def test_a_group_is_found_with_its_name_and_each_bubble_with_its_sender(provider, verify):
    provider.say(CAROL, "Hi all", group="grp_loft", at=ago(2))
    provider.say(DAVE, "Hello", group="grp_loft", at=ago(1))
    age(provider, from_the_phone(provider, "Welcome", chat="grp_loft"))

    found = verify()

    conversation = db.session.scalars(select(Conversation)).one()
    assert (conversation.kind, conversation.name) == ("group", "Loft 4B")
    rows = db.session.scalars(select(Message).order_by(Message.at, Message.id)).all()
    assert [(one.text, one.sender and one.sender.value) for one in rows[:2]] == [
        ("Hi all", CAROL),
        ("Hello", DAVE),
    ]
    assert rows[2].outside
    assert missing(found) == (2, 0, 0)


def test_of_two_numbers_with_one_key_each_line_has_its_own(provider, verify, line):
    provider.say(CAROL, "To us", to=OURS, at=ago(2))
    provider.say(CAROL, "To the other line", to=OTHER, at=ago(1))
    assert len(list(Blooio(provider.url, "bl_test_key").messages(CAROL))) == 2

    assert missing(verify()) == (1, 0, 0)
    assert texts() == ["To us"]


def test_a_line_that_does_not_know_its_number_takes_all(provider, verify, line):
    line.number = None
    db.session.commit()
    provider.say(CAROL, "To us", to=OURS, at=ago(2))
    provider.say(CAROL, "To the other number", to=OTHER, at=ago(1))

    assert missing(verify()) == (2, 0, 0)


def test_many_pages_of_one_chat_are_all_found(provider, verify):
    for number in range(450):
        provider.say(CAROL, f"{number:03}", at=ago(3) + number)

    found = verify()

    assert missing(found) == (450, 0, 0)
    assert found.messages == 450
    assert texts() == [f"{number:03}" for number in range(450)]


def test_more_chats_than_a_page_are_all_looked_at(provider, verify):
    for number in range(205):
        provider.say(f"+1415556{number:04}", "Hi", at=ago(2) + number)

    found = verify()

    assert missing(found) == (205, 0, 0)
    assert (found.chats, found.done) == (205, 205)


def test_only_what_came_after_the_last_complete_one_is_compared(provider, verify):
    provider.say(CAROL, "Old", at=ago(2))
    first = verify()
    provider.say(CAROL, "New", at=ago(0.1))

    second = verify()

    assert missing(second) == (1, 0, 0)
    assert second.since == first.started_at - verifications.MARGIN
    assert second.messages == 1


def test_a_new_line_does_not_bring_in_what_was_before_it(provider, verify, line):
    provider.say(CAROL, "Before", at=ago(8))
    provider.say(CAROL, "After", at=ago(1))

    verify()
    assert texts() == ["After"]

    verify("asked", now() - timedelta(hours=9))
    assert texts() == ["Before", "After"]


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ({"status": 500, "times": 9}, "Blooio is out of order."),
        ({"status": 401, "times": 9}, "Blooio does not accept the API key of this line."),
        ({"status": 429, "times": 9}, "Blooio asks us to slow down."),
        ({"drop": True, "times": 9}, "Blooio did not answer."),
        ({"status": 200, "body": "<p>Hi", "times": 9}, "Blooio did not answer."),
    ],
)
@pytest.mark.parametrize("path", ["/chats", "/messages", "/webhooks"])
def test_an_answer_that_does_not_come_ends_it_with_words(provider, verify, fault, words, path):
    provider.say(CAROL, "Hello", at=ago(1))
    provider.trouble({"method": "GET", "path": path, **fault})

    assert verify().error == words

    provider.trouble()
    healed = verify()
    assert (healed.error, healed.still_missing, texts()) == (None, 0, ["Hello"])


def test_one_bad_answer_in_the_middle_is_asked_for_again(provider, verify):
    provider.say(CAROL, "Hello", at=ago(1))
    provider.trouble({"method": "GET", "path": "/messages", "status": 500})

    assert missing(verify()) == (1, 0, 0)


def test_a_chat_that_is_not_listed_keeps_no_other_from_being_compared(provider, verify):
    provider.say(DAVE, "Hidden", at=ago(2))
    provider.say(CAROL, "Hello", at=ago(1))
    provider.trouble({"method": "GET", "path": "/messages", "status": 400})

    found = verify()

    assert found.error == "Blooio does not list the messages of one conversation."
    assert texts() == ["Hello"]
    assert missing(verify()) == (1, 0, 0)


def test_nobody_else_works_at_one_that_is_held(provider, line, app):
    provider.say(CAROL, "Hello", at=ago(1))
    verifications.ask(line.id, "recent")
    db.session.commit()
    held = reconciler._take(line.id, timedelta(0))
    assert held

    reconciler.run(line.id)
    assert texts() == []

    db.session.rollback()
    held.work()
    assert texts() == ["Hello"]
    assert db.session.scalars(select(Verification)).one().ended_at


def test_two_workers_at_once_find_each_message_once(provider, line, app):
    for number in range(60):
        provider.say(f"+1415556{number:04}", "Hi", at=ago(2))
    line_id = line.id
    for kind in ("asked", "all"):
        verifications.ask(line_id, kind)
    db.session.commit()

    def work():
        with app.app_context():
            reconciler.run(line_id)

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    reconciler.run(line_id)

    rows = db.session.scalars(select(Verification).order_by(Verification.id)).all()
    assert [(one.error, one.done, one.still_missing) for one in rows] == [(None, 60, 0)] * 2
    assert sum(one.missing_messages for one in rows) == 60
    assert len(texts()) == 60


def test_unknown_words_and_missing_fields_of_the_list_do_no_harm(provider, verify):
    provider.say(CAROL, "Hello", at=ago(2))
    odd = {
        "message_id": "msg_odd",
        "direction": "sideways",
        "status": "evaporated",
        "time_sent": "soon",
        "attachments": 7,
        "more": {"of": ["this"]},
    }
    bare = {"message_id": "msg_bare", "direction": "inbound", "internal_id": None}
    body = {"messages": [odd, {}, bare, 5], "pagination": {"total": "many"}}
    provider.trouble({"method": "GET", "path": "/messages", "status": 200, "body": body})

    assert verify().missing_messages == 1
    assert texts() == [""]

    assert missing(verify("asked", now() - timedelta(hours=3))) == (1, 0, 0)
    assert sorted(texts()) == ["", "Hello"]


def test_a_message_that_the_provider_has_deleted_stays_here(provider, verify):
    id = provider.say(CAROL, "Hello", at=ago(2))
    provider.say(CAROL, "Bye", at=ago(1))
    verify()
    provider.box.store.run("DELETE FROM message WHERE message_id = ?", id)

    assert missing(verify()) == (0, 0, 0)
    assert texts() == ["Hello", "Bye"]


def test_stop_that_was_lost_is_heeded_when_it_is_found(provider, verify):
    provider.say(CAROL, "STOP", at=ago(1))

    verify()

    (conversation,) = db.session.scalars(select(Conversation)).all()
    assert conversation.opted_out_at is not None


def test_a_message_that_a_person_has_set_aside_is_not_missing(provider, verify, monkeypatch):
    provider.say(CAROL, "Hello", at=ago(1))
    monkeypatch.setattr(effects, "of", lambda *_: 1 / 0)
    assert missing(verify()) == (1, 0, 1)
    db.session.scalars(select(WebhookEvent)).one().state = "dismissed"
    db.session.commit()

    assert missing(verify()) == (0, 0, 0)
