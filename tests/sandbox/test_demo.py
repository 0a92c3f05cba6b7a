"""The demo people: they read, react and answer, each in their own way."""

import re

import pytest

from inbox.sandbox import DEMO_GROUPS, DEMO_PEOPLE
from inbox.sandbox.behaviour import reply
from tests.sandbox.client import CAROL

AMARA, GRACE, RUTH, DMITRI = "+12125550137", "+16465550119", "+13125550187", "+16695550137"
SOFIA, LOFT = "sofia.hernandez@example.com", "grp_loft4b"


@pytest.fixture
def sandbox(start, receiver):
    return start(webhook=receiver.url, demo=True)


def person(address):
    return next(p for p in DEMO_PEOPLE if p.address == address)


def test_all_phones_of_the_demo_are_fictitious():
    phones = [p.address for p in DEMO_PEOPLE if p.address != SOFIA]

    assert all(re.fullmatch(r"\+1\d{3}55501\d\d", phone) for phone in phones)
    assert set(DEMO_GROUPS[0].members) < set(phones)


def test_somebody_reads_reacts_and_answers_what_was_asked(client, receiver):
    message_id = client.text(AMARA, "So sorry! Could you tell me the order number?")

    receiver.wait_for("message.received")

    assert client.messages(AMARA)[0]["text"] == "It's order 20431."
    assert set(receiver.about([message_id])) == {
        "message.sent",
        "message.delivered",
        "message.read",
        "message.reaction",
    }


def test_a_burst_is_answered_once(client, receiver):
    for text in ("Hi Amara", "One more thing", "When can we come?"):
        client.text(AMARA, text)
    receiver.wait_for("message.received")

    client.text(AMARA, "Thanks!")

    receiver.wait_for("message.received", 2)
    assert [m["text"] for m in client.messages(AMARA, direction="inbound", sort="asc")] == [
        "Thursday between 8 and 11 is perfect.",
        "Thank you! That would be great.",
    ]


def test_android_answers_by_sms(client, receiver):
    message_id = client.text(GRACE, "Which sofa is it?")

    (received,) = receiver.wait_for("message.received")

    assert received.json["protocol"] == "sms"
    assert receiver.about([message_id]) == ["message.sent"]
    assert client.ask("GET", "/contacts/%2B16465550119/capabilities")["capabilities"] == {
        "imessage": False,
        "sms": True,
        "facetime": False,
    }


def test_one_fails_and_one_stays_silent(client, receiver):
    client.text(RUTH)
    client.text(DMITRI)
    client.text(CAROL)

    (failed,) = receiver.wait_for("message.failed")
    client.text(AMARA)
    receiver.wait_for("message.received")

    assert failed.json["external_id"] == DMITRI
    assert {d.json["external_id"] for d in receiver.wait_for("message.received")} == {AMARA}


def test_an_email_address_answers(client, receiver):
    client.text(SOFIA)

    (received,) = receiver.wait_for("message.received")

    assert received.json["sender"] == SOFIA


def test_the_group_answers_by_turns(client, receiver):
    for count in (1, 2, 3):
        client.text(LOFT, "Does ten o'clock work?")
        receiver.wait_for("message.received", count)

    senders = [d.json["sender"] for d in receiver.wait_for("message.received", 3)]
    assert senders == list(DEMO_GROUPS[0].members)
    assert client.ask("GET", f"/groups/{LOFT}")["name"] == "Loft 4B move-in"


def test_those_with_a_question_write_first_and_only_once(sandbox, client, receiver):
    assert sandbox.begin() == 6
    assert sandbox.begin() == 0

    receiver.wait_for("message.received", 6)
    names = {(c["contact"] or {}).get("name") for c in client.ask("GET", "/chats")["chats"]}
    assert {"Amara Okonkwo", "محمد العتيبي", "Wojciech Brzęczyszczykiewicz-Kowalski"} < names


def test_nobody_answers_unless_the_demo_is_on(start, connect, receiver):
    client = connect(start(webhook=receiver.url, demo=False))
    client.text(AMARA, "When?")

    receiver.wait_for("message.read")
    connect(start(webhook=receiver.url, demo=True)).text(AMARA, "When?")
    receiver.wait_for("message.received")

    assert len(client.messages(AMARA)) == 1
    assert client.ask("GET", f"/groups/{LOFT}").status == 404


def test_nobody_says_the_same_thing_twice_while_there_is_something_new():
    amara, said = person(AMARA), []
    for _ in range(1 + len(amara.lines)):
        said.append(reply(amara, amara.lines, "When?", said))

    assert len(set(said)) == len(said)
    assert reply(amara, amara.lines, "When?", said) in amara.lines
