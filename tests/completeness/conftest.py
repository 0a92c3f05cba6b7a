"""A line whose provider is the sandbox; webhooks come only when a test tells them."""

import json
from collections.abc import Iterator
from datetime import timedelta

import pytest

from inbox import intake, messages, outbox, reconciler, verdicts, verifications
from inbox.db import db, now
from inbox.messages import Message
from inbox.sandbox import Options, Sandbox
from inbox.verifications import Verification
from tests.completeness.looking import CAROL, LOFT, OTHER, OURS, age, listed, until


@pytest.fixture(autouse=True)
def patient(monkeypatch) -> None:
    """However slow this machine is, one drain is one try."""
    monkeypatch.setattr(verdicts, "wait_seconds", lambda attempts: 60.0)


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
        retry_scale=1000,
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
