"""Every shape of webhook becomes one kind of value, and nothing that arrives raises."""

import json
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from hypothesis import example, given, settings
from hypothesis import strategies as st

from inbox.providers.blooio_events import (
    Event,
    Ignored,
    Participant,
    Reacted,
    Received,
    Renamed,
    Report,
    read_event,
)
from inbox.providers.blooio_types import Media, ReplyTo
from inbox.providers.wire import an_object, when
from tests.contract.validate import check_event

CAROL = "+15551234567"
LINE = "+15557654321"
MS = 1703123456789
AT = datetime.fromtimestamp(MS / 1000, UTC)

FLAT = {
    "event": "message.received",
    "message_id": "CZIsqG9ZWd9gwjIEhZpHY",
    "external_id": CAROL,
    "internal_id": LINE,
    "sender": CAROL,
    "status": "received",
    "protocol": "imessage",
    "timestamp": MS + 5,
    "text": "Hello",
    "attachments": [],
    "is_group": False,
    "received_at": MS,
}
GROUP = {
    **FLAT,
    "external_id": "grp_abc",
    "is_group": True,
    "group_id": "grp_abc",
    "group_name": "Sales Team",
    "chat_guid": "iMessage;+;chat1",
    "participants": [{"contact_id": "ct_1", "identifier": CAROL, "name": "Carol"}],
}
V4 = {
    "id": "evt_1",
    "type": "message.received",
    "api_version": "2026-10-01",
    "created_at": MS,
    "organization_id": "org_1",
    "data": {
        "message_id": "CZIsqG9ZWd9gwjIEhZpHY",
        "chat_id": "chat_1",
        "sender": CAROL,
        "recipient": LINE,
        "contact": {"identifier": CAROL},
        "text": "Hello",
        "attachments": [],
        "protocol": "imessage",
        "group": None,
        "reply_to_message_id": None,
    },
}
STATUS = {
    "message_id": "m",
    "external_id": CAROL,
    "internal_id": LINE,
    "protocol": "sms",
    "timestamp": MS,
    "is_group": False,
}
REACTION = {
    "event": "message.reaction",
    "direction": "inbound",
    "message_id": "m",
    "external_id": CAROL,
    "internal_id": LINE,
    "sender": CAROL,
    "reaction": "love",
    "action": "add",
    "original_text": "Thanks!",
    "timestamp": MS,
}


def read(payload, **headers):
    return read_event(payload, {name.replace("_", "-"): v for name, v in headers.items()})


def body(payload, **headers):
    return read(payload, **headers).body


def without(payload, *names):
    return {name: value for name, value in payload.items() if name not in names}


# Received


def test_a_flat_message_is_received_from_its_sender():
    check_event(FLAT)

    assert read(FLAT) == Event(
        "message.received",
        "message.received:CZIsqG9ZWd9gwjIEhZpHY",
        Received(
            message_id="CZIsqG9ZWd9gwjIEhZpHY",
            chat=CAROL,
            sender=CAROL,
            recipient=LINE,
            text="Hello",
            media=(),
            protocol="imessage",
            at=AT,
            is_group=False,
            group_name=None,
            participants=(),
            chat_guid=None,
            reply_to=None,
        ),
    )


def test_the_v4_envelope_gives_the_same_message_under_its_own_key():
    event = read(V4)

    assert event.key == "id:evt_1"
    assert event.body == body(FLAT)


@pytest.mark.parametrize(
    "payload",
    [
        {**without(V4, "created_at"), "occurred_at": MS},
        {**V4, "message_id": "CZIsqG9ZWd9gwjIEhZpHY", "data": without(V4["data"], "message_id")},
        {
            **without(V4, "type"),
            "data": {
                **without(V4["data"], "message_id", "recipient"),
                "id": "CZIsqG9ZWd9gwjIEhZpHY",
                "event": "message.received",
                "timestamp": MS,
                "external_id": CAROL,
                "internal_id": LINE,
            },
        },
        {**V4, "data": {**without(V4["data"], "recipient"), "channel_address": LINE}},
        {**V4, "data": without(V4["data"], "sender")},
    ],
)
def test_other_envelopes_give_the_same_message(payload):
    assert body(payload) == body(FLAT)


def test_the_tutorials_shape_takes_event_and_id_from_the_headers():
    payload = {"data": {"from": CAROL, "text": "hi"}}

    event = read(payload, x_blooio_event="message.received", x_blooio_message_id="m7")

    assert (event.key, event.body.message_id) == ("message.received:m7", "m7")
    assert (event.body.chat, event.body.sender, event.body.text) == (CAROL, CAROL, "hi")
    assert event.body.at is None


def test_the_tutorials_shape_without_an_id_has_no_key():
    event = read({"data": {"from": CAROL, "text": "hi"}}, X_Blooio_Event="message.received")

    assert (event.key, event.body.message_id, event.body.chat) == (None, None, CAROL)


def test_what_is_signed_wins_over_the_headers():
    event = read(FLAT, X_Blooio_Event="message.failed", X_Blooio_Message_Id="other")

    assert event == read(FLAT)


def test_a_kind_of_content_in_type_is_not_the_event():
    payload = {**without(FLAT, "event"), "type": "image"}

    assert body(payload, X_Blooio_Event="message.received") == body(FLAT)


def test_without_a_sender_it_is_from_the_other_side():
    assert body(without(FLAT, "sender")) == body(FLAT)
    assert body({**FLAT, "sender": None}) == body(FLAT)
    assert body({**FLAT, "sender": {"identifier": CAROL}}) == body(FLAT)


def test_from_nobody_is_ignored():
    assert body(without(FLAT, "sender", "external_id")) == Ignored("no sender")


def test_our_own_message_is_ignored():
    assert body({**FLAT, "sender": LINE}) == Ignored("our own message")
    assert body({**FLAT, "direction": "outbound"}) == Ignored("our own message")


def test_a_group_is_the_chat_and_the_person_its_sender():
    check_event(GROUP)

    received = body(GROUP)

    assert (received.chat, received.sender, received.is_group) == ("grp_abc", CAROL, True)
    assert (received.group_name, received.chat_guid) == ("Sales Team", "iMessage;+;chat1")
    assert received.participants == (Participant(CAROL, "Carol"),)


@pytest.mark.parametrize(
    "payload",
    [
        without(GROUP, "group_id"),
        without(GROUP, "is_group", "group_id"),
        {**without(GROUP, "external_id")},
        {**V4, "data": {**V4["data"], "group": {"id": "grp_abc", "name": "Sales Team"}}},
        {**V4, "data": {**V4["data"], "group": {"group_id": "grp_abc"}}},
    ],
)
def test_a_group_is_recognised_in_every_shape(payload):
    received = body(payload)

    assert (received.chat, received.sender, received.is_group) == ("grp_abc", CAROL, True)


def test_a_groups_message_from_nobody_does_not_make_the_group_a_person():
    received = body(without(GROUP, "sender"))

    assert (received.chat, received.sender) == ("grp_abc", None)


@pytest.mark.parametrize(
    ("attachments", "expected"),
    [
        (None, ()),
        ([], ()),
        ("junk", (Media("junk"),)),
        (7, ()),
        (["https://bucket.blooio.com/a"], (Media("https://bucket.blooio.com/a"),)),
        (
            [{"url": "https://x/a", "name": "a.jpg"}, {"url": "https://x/b", "name": None}],
            (Media("https://x/a", "a.jpg"), Media("https://x/b")),
        ),
        (
            [{"url": "https://x/a", "file_name": "a", "mime_type": "image/png", "size": 9}],
            (Media("https://x/a", "a", "image/png", 9),),
        ),
        (
            [{"url": "https://x/a", "media_type": "image/jpeg", "size": -1}],
            (Media("https://x/a", None, "image/jpeg"),),
        ),
        ({"url": "https://x/a"}, (Media("https://x/a"),)),
        ([None, 1, {}, {"url": None}, {"url": 5}, [], {"url": ["x"]}], ()),
    ],
)
def test_attachments_are_read_in_every_shape(attachments, expected):
    assert body({**FLAT, "attachments": attachments}).media == expected
    assert body(without(FLAT, "attachments")).media == ()


@pytest.mark.parametrize("text", [None, ""])
def test_a_picture_without_words_is_a_message(text):
    received = body({**FLAT, "text": text, "attachments": ["https://x/a"]})

    assert (received.text, len(received.media)) == (text, 1)


def test_what_a_message_answers_is_kept():
    def reply_to(**fields):
        return body({**FLAT, **fields}).reply_to

    assert reply_to(reply_to={"message_id": "m", "guid": None, "part_index": 0}) == ReplyTo(
        "m", None, 0
    )
    assert reply_to(reply_to={"guid": "p:0/G"}) == ReplyTo(None, "p:0/G", None)
    assert reply_to(reply_to_message_id="m") == ReplyTo("m", None, None)
    assert reply_to(reply_to=[]) is None


def test_text_keeps_its_bytes_except_what_no_database_stores():
    assert body({**FLAT, "text": " Grüße 👋\n\u202e "}).text == " Grüße 👋\n\u202e "
    assert body({**FLAT, "text": "a\x00b\ud800"}).text == "a\ufffdb\ufffd"
    assert body({**FLAT, "text": 5}).text == "5"
    assert body({**FLAT, "text": 10**5000}).text is None


# Reports


@pytest.mark.parametrize("status", ["queued", "pending", "sent", "delivered", "read", "failed"])
def test_a_report_says_how_far_a_message_came_and_when(status):
    payload = {"event": f"message.{status}", **STATUS, "status": status, f"{status}_at": MS - 1000}

    event = read(payload)

    assert event.key == f"message.{status}:m"
    assert event.body == Report("m", CAROL, status, "sms", AT - timedelta(seconds=1), None, None)


def test_a_report_without_its_own_time_has_the_webhooks():
    assert body({"event": "message.sent", **STATUS, "sent_at": None}).at == AT


@pytest.mark.parametrize(
    "fields",
    [
        {"error_code": "30007", "error_message": "Carrier said no"},
        {"error": {"code": 30007, "message": "Carrier said no"}},
    ],
)
def test_a_failure_says_why(fields):
    report = body({"event": "message.failed", **STATUS, **fields})

    assert (report.error_code, report.error_message) == ("30007", "Carrier said no")


def test_a_report_comes_in_the_envelope_too():
    data = {"message_id": "m", "error": {"code": "x", "message": "y"}, "group": {"id": "grp_a"}}
    report = body({"id": "evt_2", "type": "message.failed", "created_at": MS, "data": data})

    assert report == Report("m", "grp_a", "failed", "unknown", AT, "x", "y")


def test_the_family_name_takes_its_word_from_the_status():
    assert body({"event": "message.status", **STATUS, "status": "read"}).status == "read"
    assert body({"event": "message.status", **STATUS, "status": "x"}) == Ignored("unknown status")


def test_a_report_about_nothing_is_ignored():
    assert body({"event": "message.sent"}) == Ignored("no message id")


# Reactions, groups, the rest


def test_a_reaction_is_put_on_and_taken_off():
    added, removed = body(REACTION), body({**REACTION, "action": "remove"})

    assert added == Reacted("m", CAROL, CAROL, "love", True, AT, outbound=False)
    assert (removed.reaction, removed.added) == ("love", False)
    assert body({**without(REACTION, "action"), "reaction": "-😂"}).added is False
    assert body({**without(REACTION, "action"), "reaction": "+😂"}).reaction == "😂"


def test_reactions_to_one_message_have_different_keys_and_a_redelivery_the_same():
    variants = [
        REACTION,
        {**REACTION, "reaction": "like"},
        {**REACTION, "action": "remove"},
        {**REACTION, "sender": "+15550000000"},
        {**REACTION, "timestamp": MS + 1},
    ]

    assert len({read(variant).key for variant in variants}) == len(variants)
    assert read(dict(REACTION)).key == read(REACTION).key


def test_our_own_reaction_is_ignored():
    assert body({**REACTION, "direction": "outbound"}) == Ignored("our own reaction")
    assert body({**REACTION, "sender": LINE}) == Ignored("our own reaction")


def test_a_group_gets_its_new_name():
    flat = {
        "event": "group.name_changed",
        "group_id": "grp_a",
        "name": "New",
        "previous_name": "Old",
    }

    assert read(flat) == Event("group.name_changed", None, Renamed("grp_a", "New"))
    assert body({"id": "e", "type": flat["event"], "data": flat}) == Renamed("grp_a", "New")
    assert body({**flat, "name": None}) == Ignored("no group or no name")


@pytest.mark.parametrize("name", ["typing.started", "x.y", "poll.voted", "message.recalled"])
def test_an_unknown_event_is_ignored_with_its_name_kept(name):
    event = read({"event": name, "message_id": "m"})

    assert event == Event(name, f"{name}:m", Ignored("unknown event"))


def test_an_event_without_a_name_is_ignored():
    assert read({}) == Event("", None, Ignored("no event name"))


@pytest.mark.parametrize("word", [None, "telepathy", 5, "pending", "unknown"])
def test_an_unknown_protocol_is_unknown(word):
    assert body({**FLAT, "protocol": word}).protocol in ("unknown", "pending")


def test_a_long_key_stays_short_and_distinct():
    long = {**V4, "id": "e" * 255}

    assert read(long).key.startswith("sha256:")
    assert read(long).key != read({**V4, "id": "e" * 254}).key


# Times


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (MS, AT),
        (float(MS), AT),
        (str(MS), AT),
        (MS // 1000, AT.replace(microsecond=0)),
        ("2023-12-21T01:50:56.789Z", AT),
        ("2023-12-21T02:50:56.789+01:00", AT),
        ("2023-12-21 01:50:56.789", AT),
        (0, None),
        (-1, None),
        (1, None),
        (True, None),
        (10**400, None),
        (float("nan"), None),
        (float("inf"), None),
        ("", None),
        ("yesterday", None),
        ("0001-01-01T00:00:00+23:59", None),
        ([MS], None),
    ],
)
def test_a_time_is_milliseconds_seconds_or_iso(value, expected):
    assert when(value) == expected


@time_machine.travel(AT, tick=False)
def test_a_time_that_is_absurd_is_none():
    assert when(MS + 23 * 3_600_000) is not None
    assert when(MS + 25 * 3_600_000) is None
    assert when("2014-12-31T23:59:59Z") is None
    assert when("2015-01-01T00:00:00Z") is not None


# Anything


WORDS = """
    event type data id message_id external_id internal_id sender recipient contact identifier from
    text attachments url name size is_group group group_id group_name participants chat_guid
    reply_to reply_to_message_id part_index guid protocol status timestamp created_at received_at
    sent_at error code message error_code reaction action direction is_added
"""
EVENTS = """
    message.received message.sent message.failed message.reaction message.status
    group.name_changed x
"""
words, events = st.sampled_from(WORDS.split()), st.sampled_from(EVENTS.split())
leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([CAROL, LINE, "grp_a", "\ud800", "\x00", MS, 10**400, -1e308])
)
junk = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(words, inner, max_size=6),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(
    st.dictionaries(words, junk, max_size=12),
    events | junk,
    st.dictionaries(st.sampled_from(["X-Blooio-Event", "x-blooio-message-id"]), st.text()),
)
@example({"data": {}}, "message.received", {})
@example({"message_id": "\ud800" * 300, "external_id": "\ud800"}, "message.reaction", {})
def test_whatever_arrives_gives_an_event_that_can_be_stored(payload, name, headers):
    for shape in ({**payload, "event": name}, {"type": name, "data": payload}, {"data": payload}):
        event = read_event(shape, headers)

        assert isinstance(event.body, Received | Report | Reacted | Renamed | Ignored)
        assert event.key is None or len(event.key) <= 200
        repr(event).encode()
        if isinstance(event.body, Received):
            assert event.body.chat
            (event.body.text or "").encode()
            assert event.body.at is None or event.body.at.tzinfo is UTC


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=50))
@example(b"[" * 100_000)
@example(b'{"a":' * 100_000)
@example(b'{"a":' + b"9" * 5000 + b"}")
@example(b'\xef\xbb\xbf{"a":1}')
@example(b'{"a":1}{"b":2}')
@example(b"1767225600.{}")
def test_whatever_bytes_arrive_are_an_object_or_none(raw):
    assert an_object(raw) is None or isinstance(json.loads(raw), dict)
