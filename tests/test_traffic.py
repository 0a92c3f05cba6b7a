"""A reply is not sent past something its author has not read."""

import pytest
from sqlalchemy import select

from inbox import messages, traffic
from inbox.db import db, now
from inbox.errors import Overtaken
from inbox.messages import Message
from tests.conftest import PASSWORD
from tests.people.visitor import FETCH, Visitor


def incoming(conversation, id="in_1") -> Message:
    message = messages.receive(
        conversation,
        "Hi",
        sender=conversation.address,
        provider_id=id,
        protocol="imessage",
        at=now(),
        attachments=[],
    )
    db.session.commit()
    assert message
    return message


def test_what_was_seen_lets_a_reply_through(carol, alice):
    seen = incoming(carol)

    traffic.guard(carol, alice, seen.id)


def test_a_customer_who_wrote_meanwhile_holds_it_up(carol, alice):
    seen = incoming(carol)
    incoming(carol, "in_2")
    incoming(carol, "in_3")

    with pytest.raises(Overtaken, match="^2 new messages since you started.$"):
        traffic.guard(carol, alice, seen.id)


def test_a_colleague_who_answered_meanwhile_holds_it_up(carol, alice, bob):
    seen = incoming(carol)
    messages.compose(carol, bob, "I have it")

    with pytest.raises(Overtaken, match="^1 new message since you started.$"):
        traffic.guard(carol, alice, seen.id)


def test_what_left_from_the_phone_itself_holds_it_up(carol, alice):
    seen = incoming(carol)
    messages.keep_outside(
        carol, "On my way", provider_id="out_1", protocol=None, at=now(), attachments=[]
    )

    with pytest.raises(Overtaken):
        traffic.guard(carol, alice, seen.id)


def test_ones_own_earlier_bubbles_do_not(carol, alice):
    seen = incoming(carol)
    messages.compose(carol, alice, "First")

    traffic.guard(carol, alice, seen.id)


def test_who_was_told_may_send_it_anyway(carol, alice):
    incoming(carol)

    traffic.guard(carol, alice, None)


def test_a_repeated_request_is_answered_like_the_first(carol, alice):
    seen = incoming(carol)
    messages.compose(carol, alice, "Hello", client_id="c1")
    incoming(carol, "in_2")

    traffic.guard(carol, alice, seen.id, client_id="c1")


def test_over_http_it_is_a_conflict_and_nothing_is_stored(app, carol, alice):
    seen = incoming(carol).id
    incoming(carol, "in_2")
    visitor = Visitor(app)
    visitor.sign_in(alice.email, PASSWORD)
    token = visitor.token("/conversations")

    answer = visitor.client.post(
        f"/conversations/{carol.id}/messages",
        data={"text": "Hello", "client_id": "c1", "seen": str(seen)},
        headers=FETCH | {"X-CSRFToken": token},
    )

    assert answer.status_code == 409
    assert "1 new message since you started." in answer.text
    assert db.session.scalars(select(Message).filter_by(direction="out")).all() == []
