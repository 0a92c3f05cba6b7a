"""Inline replies (contract cases 28, 29 and 110)."""

import pytest

from tests.sandbox.client import CAROL, DAVE
from tests.sandbox.test_sending import LINK, code


@pytest.fixture
def question(sandbox):
    return sandbox.say(CAROL, "Is it in stock?")


def test_a_reply_points_to_its_parent(client, question):
    message_id = client.text(CAROL, "It is", reply_to={"message_id": question})

    reply_to = client.message(CAROL, message_id)["reply_to"]
    assert (reply_to["message_id"], reply_to["part_index"]) == (question, 0)


def test_a_guid_that_is_known_is_resolved(client, question):
    guid = client.message(CAROL, client.text(CAROL, reply_to={"message_id": question}))["reply_to"][
        "guid"
    ]

    answer = client.send(CAROL, {"text": "yes", "reply_to": {"guid": guid, "part_index": 1}})

    assert answer.get("parent_unresolved") is None
    reply_to = client.message(CAROL, answer["message_id"])["reply_to"]
    assert reply_to == {"message_id": question, "guid": guid, "part_index": 1}


def test_a_guid_that_is_unknown_is_sent_all_the_same(client, question):
    answer = client.send(CAROL, {"text": "yes", "reply_to": {"guid": "NOBODY-KNOWS"}})

    assert (answer.status, answer["parent_unresolved"]) == (202, True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"reply_to": {}}, (400, "reply_target_invalid")),
        ({"reply_to": {"guid": "X", "part_index": -1}}, (400, "reply_target_invalid")),
        ({"reply_to": {"message_id": "msg_nobody"}}, (404, "reply_target_not_found")),
        (
            {"text": ["a", "b"], "reply_to": {"message_id": "question"}},
            (400, "reply_target_not_supported"),
        ),
        (
            {
                "text": None,
                "parts": [{"text": LINK, "link_preview": {}}],
                "reply_to": {"message_id": "question"},
            },
            (400, "reply_target_not_supported"),
        ),
    ],
)
def test_a_reply_to_nothing_is_refused(client, question, body, expected):
    if body["reply_to"].get("message_id") == "question":
        body["reply_to"] = {"message_id": question}

    assert code(client.send(CAROL, {"text": "yes", **body}, odd=True)) == expected


def test_a_reply_stays_in_its_chat(client, question):
    refused = client.send(DAVE, {"text": "yes", "reply_to": {"message_id": question}})

    assert code(refused) == (400, "reply_target_chat_mismatch")


def test_a_reply_leaves_from_the_number_that_was_written_to(start, connect):
    sandbox = start(numbers=("+14155550100", "+14155550101"))
    question = sandbox.say(CAROL, "Hello?", to="+14155550100")

    refused = connect(sandbox).send(
        CAROL,
        {"text": "yes", "from_number": "+14155550101", "reply_to": {"message_id": question}},
    )

    assert code(refused) == (400, "reply_target_device_mismatch")


def test_after_thirty_days_nobody_can_reply(client, question, clock):
    clock.pass_(days=31)

    refused = client.send(CAROL, {"text": "yes", "reply_to": {"message_id": question}})

    assert code(refused) == (400, "reply_target_expired")


def test_what_has_not_left_cannot_be_replied_to(start, connect):
    client = connect(start(speed=0.01))
    waiting = client.text(CAROL)

    refused = client.send(CAROL, {"text": "more", "reply_to": {"message_id": waiting}})

    assert code(refused) == (400, "reply_target_invalid")
