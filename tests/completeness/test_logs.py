"""What only the log of webhooks knows: that a message was read, and reactions."""

import pytest
from sqlalchemy import select

from inbox import webhook_logs
from inbox.db import db
from inbox.messages import Message
from inbox.reactions import Reaction
from inbox.webhook_events import WebhookEvent
from tests.completeness.looking import CAROL, OTHER, ago, events, missing, state, texts, until

NOBODY = "http://127.0.0.1:9"


@pytest.fixture
def hook(provider, app, monkeypatch) -> str:
    """A webhook to us that nobody answers; the address of it."""
    settings = app.config["SETTINGS"].model_copy(update={"public_url": NOBODY})
    monkeypatch.setitem(app.config, "SETTINGS", settings)
    address = f"{NOBODY}/webhooks/blooio"
    provider.register(address, secret="whsec_x")
    return address


def attempts(provider, event: str) -> int:
    counted = "SELECT count(*) FROM attempt JOIN delivery USING (event_id) WHERE event = ?"
    return provider.box.store.number(counted, event)


def test_a_lost_read_receipt_is_found_in_the_log(provider, hook, verify, replied):
    (sent,) = replied(1)
    until(lambda: attempts(provider, "message.read"))

    found = verify()

    assert missing(found) == (0, 2, 0)
    assert state(sent.provider_id) == "read"
    assert events() == [("message.delivered", "list"), ("message.read", "log")]
    assert missing(verify()) == (0, 0, 0)


def test_a_lost_reaction_is_found_in_the_log(provider, hook, verify, replied):
    (sent,) = replied(1)
    provider.react(CAROL, sent.provider_id, "love")
    until(lambda: attempts(provider, "message.reaction"))

    verify()

    assert db.session.scalars(select(Reaction.reaction)).all() == ["love"]


def test_a_message_in_list_and_log_is_one(provider, hook, verify):
    provider.say(CAROL, "Hello", at=ago(1))
    until(lambda: attempts(provider, "message.received"))

    assert missing(verify()) == (1, 0, 0)
    assert (texts(), events()) == (["Hello"], [("message.received", "list")])


def test_what_was_answered_with_yes_is_not_taken_again(provider, hook, verify, replied):
    replied(1)
    until(lambda: attempts(provider, "message.read"))
    provider.box.store.run("UPDATE attempt SET response_status = 200")

    assert missing(verify()) == (0, 1, 0)
    assert events() == [("message.delivered", "list")]


def test_the_log_is_read_back_to_the_gap_and_not_further(provider, hook, verify, replied):
    replied(1)
    until(lambda: attempts(provider, "message.read"))
    provider.box.store.run("UPDATE attempt SET attempted_time = ?", ago(9))

    assert missing(verify()) == (0, 1, 0)


def test_events_of_another_number_are_left_to_its_line(provider, hook, verify, line):
    id = provider.say(CAROL, "To the other line", to=OTHER, at=ago(1))
    provider.react(CAROL, id, "love")
    until(lambda: attempts(provider, "message.reaction"))

    assert missing(verify()) == (0, 0, 0)
    assert events() == []


def test_without_a_webhook_of_ours_it_says_so(provider, verify):
    provider.register("https://example.com/webhooks/blooio", secret="whsec_x")

    found = verify()

    assert found.note == webhook_logs.NO_WEBHOOK
    assert missing(found) == (0, 0, 0)


def test_unknown_fields_and_words_in_the_log_change_nothing(provider, hook, verify):
    provider.say(CAROL, "Hello", at=ago(1))
    until(lambda: attempts(provider, "message.received"))
    strange = '{"event": "message.dissolved", "message_id": "m1", "internal_id": 7, "new": []}'
    provider.box.store.run("UPDATE delivery SET body = ?", strange)

    assert missing(verify()) == (1, 0, 0)
    assert events() == [("message.received", "list")]


def test_a_report_in_the_log_about_a_message_that_we_lack_waits(provider, hook, verify, line):
    provider.say(CAROL, "Hello", at=ago(1))
    until(lambda: attempts(provider, "message.received"))
    told = '{"event": "message.read", "message_id": "msg_gone", "external_id": "+14155550132"}'
    provider.box.store.run("UPDATE delivery SET body = ?", told)

    assert missing(verify()) == (1, 0, 0)
    waiting = select(WebhookEvent.provider_id).where(WebhookEvent.state == "waiting")
    assert db.session.scalars(waiting).all() == ["msg_gone"]
    assert db.session.scalars(select(Message.text)).all() == ["Hello"]
