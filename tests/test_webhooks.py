"""Webhooks through the door: what is answered, and what is there afterwards."""

import json
import time
from typing import Any

import pytest
from sqlalchemy import func, select

from inbox import messages, vault
from inbox.contacts import Address
from inbox.conversations import Conversation
from inbox.db import db
from inbox.messages import Message
from inbox.providers import blooio_signature
from inbox.webhook_events import WebhookEvent
from tests.conftest import SECRET


@pytest.fixture
def hook(app, line):
    """Posts an event as the provider would; `headers` replace the right ones."""

    def post(event: Any, *, at: float | None = None, **headers: str):
        raw = event if isinstance(event, bytes) else json.dumps(event).encode()
        signature = blooio_signature.sign(raw, SECRET, int(at or time.time()))
        given = {"X-Blooio-Signature": signature, "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): value for name, value in headers.items()}
        db.session.rollback()
        reply = app.test_client().post("/webhooks/blooio", data=raw, headers=given)
        db.session.rollback()
        return reply

    return post


def received(id="msg_1", text="Hi", sender="+14155550132", **more):
    return {
        "event": "message.received",
        "message_id": id,
        "external_id": sender,
        "internal_id": "+14155550100",
        "sender": sender,
        "status": "received",
        "protocol": "imessage",
        "timestamp": int(time.time() * 1000),
        "text": text,
        "attachments": [],
        "is_group": False,
    } | more


def report(id, status, **more):
    return {
        "event": f"message.{status}",
        "message_id": id,
        "external_id": "+14155550132",
        "internal_id": "+14155550100",
        "status": status,
        "protocol": "imessage",
        "timestamp": int(time.time() * 1000),
        "is_group": False,
    } | more


def texts():
    return list(db.session.scalars(select(Message.text).order_by(Message.at, Message.id)))


def stored():
    return db.session.scalar(select(func.count(WebhookEvent.id)))


@pytest.fixture
def sent(carol, alice):
    """A reply of Alice that the provider has taken as msg_out."""
    message = messages.compose(carol, alice, "Hello Carol")
    message.status, message.provider_id = "accepted", "msg_out"
    db.session.commit()
    return message


def test_a_signed_message_is_stored_with_its_conversation(hook):
    reply = hook(received(text="Hello\n<b>“{{7*7}}”</b> 👋"))

    assert reply.status_code == 200
    assert texts() == ["Hello\n<b>“{{7*7}}”</b> 👋"]
    conversation = db.session.scalars(select(Conversation)).one()
    assert (conversation.chat_key, conversation.inbound_count) == ("+14155550132", 1)
    assert conversation.waiting_since is not None


def test_the_same_delivery_twice_is_one_message(hook):
    event = received()

    assert [hook(event).status_code, hook(event).status_code] == [200, 200]
    assert texts() == ["Hi"]


@pytest.mark.parametrize(
    "signature", ["", "t=1", "v1=zz", "t=abc,v1=" + "a" * 64, "ü" * 8, "0" * 64]
)
def test_a_wrong_signature_stores_nothing(hook, signature):
    reply = hook(received(), **{"X_Blooio_Signature": signature})

    assert (reply.status_code, stored()) == (401, 0)


def test_a_missing_signature_stores_nothing(app, line):
    reply = app.test_client().post("/webhooks/blooio", json=received())

    assert (reply.status_code, stored()) == (401, 0)


@pytest.mark.parametrize(("age", "status"), [(299, 200), (302, 401), (-302, 401)])
def test_a_signature_is_good_for_five_minutes(hook, age, status):
    assert hook(received(), at=time.time() - age).status_code == status


def test_a_line_without_a_secret_refuses_all(hook, line):
    line.webhook_secrets_sealed = None
    db.session.commit()

    assert (hook(received()).status_code, stored()) == (401, 0)


def test_the_old_and_the_new_secret_verify_while_both_are_set(hook, line):
    line.webhook_secrets_sealed = vault.seal(json.dumps(["whsec_new", SECRET]))
    db.session.commit()
    new = blooio_signature.sign(b'{"event":"x"}', "whsec_new", int(time.time()))

    assert hook(received()).status_code == 200
    assert hook(b'{"event":"x"}', **{"X_Blooio_Signature": new}).status_code == 200


def test_an_unknown_line_is_answered_like_a_wrong_signature(app, line):
    assert app.test_client().post("/webhooks/blooio/nobody", json={}).status_code == 401


def test_what_is_not_an_object_is_turned_away(hook):
    assert (hook(b"[1]").status_code, hook(b"{").status_code, stored()) == (400, 400, 0)


def test_a_bare_signature_is_taken_unless_refused(hook, line):
    raw = json.dumps(received()).encode()
    bare = blooio_signature.sign_bare(raw, SECRET)
    assert hook(raw, **{"X_Blooio_Signature": bare}).status_code == 200

    line.bare_signatures = False
    db.session.commit()
    assert hook(raw, **{"X_Blooio_Signature": bare}).status_code == 401


def test_a_captured_signature_cannot_be_used_bare(hook):
    raw = json.dumps(received()).encode()
    now = int(time.time())
    captured = blooio_signature.sign(raw, SECRET, now).rpartition("v1=")[2]

    reply = hook(f"{now}.".encode() + raw, **{"X_Blooio_Signature": captured})

    assert (reply.status_code, stored()) == (400, 0)


def test_one_byte_over_a_mebibyte_is_too_much(hook):
    fits = b'{"event":"x","pad":"' + b"a" * (1024 * 1024 - 22) + b'"}'
    assert hook(fits).status_code == 200

    assert hook(fits + b" ").status_code == 413


def test_other_content_is_turned_away(hook):
    assert hook(received(), Content_Type="text/plain").status_code == 415
    assert hook(received(), Content_Encoding="gzip").status_code == 415


def test_an_unknown_event_is_kept_and_ignored(hook):
    assert hook({"event": "typing.started", "message_id": "m"}).status_code == 200

    assert db.session.scalars(select(WebhookEvent.state)).all() == ["ignored"]


def test_an_echo_of_our_own_number_is_ignored(hook):
    assert hook(received(sender="+14155550100")).status_code == 200
    assert texts() == []


def test_an_envelope_and_a_flat_event_are_one_message(hook):
    data = {"message_id": "msg_1", "sender": "+14155550132", "text": "Hi", "protocol": "imessage"}
    envelope = {"id": "evt_1", "type": "message.received", "created_at": 1767225600000}

    hook(received())
    hook(envelope | {"data": data})

    assert texts() == ["Hi"]


def test_the_tutorials_shape_without_any_id_is_known_again(hook):
    event = {"data": {"from": "+14155550132", "text": "Hi"}}

    for _ in range(2):
        assert hook(event, X_Blooio_Event="message.received").status_code == 200

    assert texts() == ["Hi"]


def test_a_group_is_one_conversation_and_each_bubble_has_its_sender(hook):
    group = {
        "external_id": "grp_abc",
        "is_group": True,
        "group_id": "grp_abc",
        "group_name": "Loft 4B",
        "participants": [{"contact_id": "c", "identifier": "+14155550132", "name": "Ann"}],
    }

    hook(received("g1", "first", **group))
    hook(received("g2", "second", sender="+14155550199", **group))

    conversation = db.session.scalars(select(Conversation)).one()
    assert (conversation.kind, conversation.name) == ("group", "Loft 4B")
    senders = [m.sender.value for m in db.session.scalars(select(Message).order_by(Message.id))]
    assert senders == ["+14155550132", "+14155550199"]
    assert db.session.scalars(select(Message)).first().sender.contact.name == "Ann"


def test_files_without_text_are_stored(hook):
    files = [{"url": "https://bucket.blooio.com/a.jpg", "name": "a.jpg"}, "https://x.test/b"]

    hook(received(text=None, attachments=files))

    message = db.session.scalars(select(Message)).one()
    assert [file.name for file in message.attachments][:1] == ["a.jpg"]
    assert (len(message.attachments), message.conversation.snippet) == (2, "2 files")


@pytest.mark.parametrize(
    ("events", "state"),
    [
        (["sent", "delivered", "read"], "read"),
        (["delivered", "sent"], "delivered"),
        (["read", "delivered", "sent"], "read"),
        (["failed", "sent"], "failed"),
        (["failed", "delivered"], "delivered"),
        (["delivered", "failed"], "delivered"),
    ],
)
def test_reports_in_any_order_never_move_a_message_back(hook, sent, events, state):
    for status in events:
        assert hook(report("msg_out", status)).status_code == 200

    db.session.refresh(sent)
    assert sent.status == state


def test_a_failure_keeps_the_providers_words(hook, sent, carol):
    hook(report("msg_out", "failed", error_code="x1", error_message="No such number"))

    db.session.refresh(sent)
    db.session.refresh(carol)
    assert (sent.problem, sent.problem_code) == ("No such number", "x1")
    assert carol.trouble_count == 1


def test_a_report_that_comes_first_waits_for_its_message(hook, carol, alice, line):
    from inbox import intake

    assert hook(report("msg_late", "delivered")).status_code == 200
    assert db.session.scalars(select(WebhookEvent.state)).all() == ["waiting"]

    message = messages.compose(carol, alice, "Hello")
    message.status, message.provider_id = "accepted", "msg_late"
    db.session.flush()
    intake.apply_waiting(line.id, ["msg_late"])
    db.session.commit()

    assert message.status == "delivered"
    assert db.session.scalars(select(WebhookEvent.state)).all() == ["applied"]


def reaction(name, action="add", sender="+14155550132", at=1):
    return {
        "event": "message.reaction",
        "direction": "inbound",
        "message_id": "msg_out",
        "external_id": "+14155550132",
        "internal_id": "+14155550100",
        "sender": sender,
        "reaction": name,
        "action": action,
        "timestamp": 1767225600000 + at,
    }


def test_reactions_are_kept_apart_and_taken_off(hook, sent):
    hook(reaction("love"))
    hook(reaction("love", at=2))
    hook(reaction("laugh"))
    db.session.refresh(sent)
    assert [r.emoji for r in sent.reactions] == ["❤️", "😂"]

    hook(reaction("love", "remove", at=3))

    db.session.refresh(sent)
    assert [r.emoji for r in sent.reactions] == ["😂"]


def test_a_reaction_neither_reopens_nor_waits(hook, sent, carol, alice):
    from inbox import conversations

    conversations.close(carol, by=alice)
    db.session.commit()

    hook(reaction("love"))

    db.session.refresh(carol)
    assert (carol.status, carol.waiting_since, carol.inbound_count) == ("closed", None, 0)


def test_a_message_reopens_and_starts_the_clock(hook, carol, alice):
    from inbox import conversations

    conversations.close(carol, by=alice)
    db.session.commit()

    hook(received())

    db.session.refresh(carol)
    assert carol.status == "open" and carol.waiting_since


@pytest.mark.parametrize("word", ["STOP", " stop! ", "Unsubscribe", "s\u200btop", "Opt out 🛑"])
def test_stop_is_heeded_before_anything_else(hook, word):
    hook(received(text=word))

    assert db.session.scalars(select(Address.opted_out_at)).one() is not None


@pytest.mark.parametrize("text", ["Please don't stop", "stop by tomorrow?", "", "end of the week"])
def test_a_sentence_is_not_a_keyword(hook, text):
    hook(received(text=text))

    assert db.session.scalars(select(Address.opted_out_at)).one() is None


def test_start_brings_back(hook):
    hook(received(text="STOP"))
    hook(received("msg_2", text="start"))

    assert db.session.scalars(select(Address.opted_out_at)).one() is None


def test_an_event_that_cannot_be_applied_is_kept_and_tried_again(hook, monkeypatch):
    from inbox import effects, intake
    from inbox.db import now

    real = effects.of
    monkeypatch.setattr(effects, "of", lambda *_: 1 / 0)
    assert hook(received()).status_code == 200
    assert (texts(), stored()) == ([], 1)

    monkeypatch.setattr(effects, "of", real)
    row = db.session.scalars(select(WebhookEvent)).one()
    row.try_after = None
    db.session.commit()
    intake.retry_new(now())

    assert texts() == ["Hi"]
    assert db.session.scalars(select(WebhookEvent.state)).all() == ["applied"]


def test_an_event_that_never_works_is_dead_in_the_end(hook, monkeypatch):
    from inbox import effects, intake, webhook_events
    from inbox.db import now

    monkeypatch.setattr(effects, "of", lambda *_: 1 / 0)
    hook(received())

    for _ in webhook_events.TRIES:
        db.session.scalars(select(WebhookEvent)).one().try_after = None
        db.session.commit()
        intake.retry_new(now())

    assert db.session.scalars(select(WebhookEvent.state)).one() == "dead"


def test_when_nothing_can_be_stored_the_provider_is_asked_to_come_again(hook, monkeypatch):
    from sqlalchemy.exc import OperationalError

    from inbox import intake

    def broken(*_):
        raise OperationalError("insert", {}, Exception("disk full"))

    monkeypatch.setattr(intake, "keep", broken)
    reply = hook(received())

    assert (reply.status_code, reply.headers["Retry-After"]) == (503, "5")


def test_an_old_start_does_not_undo_a_newer_stop(hook):
    later = int(time.time() * 1000)
    hook(received("m1", "STOP", timestamp=later, received_at=later))

    hook(received("m0", "START", timestamp=later - 60_000, received_at=later - 60_000))

    assert db.session.scalars(select(Address.opted_out_at)).one() is not None


def test_a_start_told_again_does_not_undo_a_stop(hook):
    start = received("m1", "START")
    hook(received("m0", "STOP"))
    hook(start)
    hook(received("m2", "STOP"))

    again = {"id": "evt_9", "type": "message.received", "created_at": start["timestamp"]}
    hook(again | {"data": {"message_id": "m1", "sender": "+14155550132", "text": "START"}})

    assert db.session.scalars(select(Address.opted_out_at)).one() is not None


def test_a_reaction_that_comes_before_its_message_is_put_on_it(hook):
    early = reaction("love") | {"message_id": "msg_1"}
    assert hook(early).status_code == 200

    hook(received())

    message = db.session.scalars(select(Message)).one()
    assert [r.reaction for r in message.reactions] == ["love"]


def test_every_step_of_a_status_family_counts(hook, sent):
    for status in ("sent", "delivered", "read"):
        hook(report("msg_out", status) | {"event": "message.status"})

    db.session.refresh(sent)
    assert sent.status == "read"


def test_a_report_left_waiting_is_found_by_the_sweep(hook, sent):
    from inbox import intake

    sent.provider_id = "other"
    db.session.commit()
    hook(report("msg_out", "delivered"))
    sent.provider_id = "msg_out"
    db.session.commit()

    intake.apply_forgotten()

    db.session.refresh(sent)
    assert sent.status == "delivered"
