"""Blooio's API as the client uses it: what goes out, what is understood."""

from datetime import UTC, datetime

import pytest

from inbox.errors import ProviderError
from inbox.providers.blooio import Blooio
from inbox.providers.blooio_types import (
    Accepted,
    Attachment,
    Capability,
    CreatedWebhook,
    GivenReaction,
    LinkPreview,
    Media,
    Number,
    Part,
    ReplyTo,
)
from tests.contract.validate import check_response
from tests.providers.conftest import KEY
from tests.providers.server import answer

CAROL = "+15551234567"
MS = 1703123457370
AT = datetime.fromtimestamp(MS / 1000, UTC)
QUEUED = {"message_id": "msg_1", "status": "queued"}


def good(method, path, status, body):
    """An answer that the contract has."""
    check_response(method, path, status, body)
    return answer(status, body)


# Requests


def test_every_call_carries_the_key_as_bearer(server, blooio):
    server.plays(answer(200, {"numbers": []}))

    blooio.numbers()

    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


def test_a_password_in_the_base_address_does_not_replace_the_key(server):
    server.plays(answer(200, {"numbers": []}))

    Blooio(server.url.replace("://", "://me:secret@"), KEY).numbers()

    assert server.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("end", ["", "/"])
def test_the_base_address_may_end_in_a_slash(server, end):
    server.plays(answer(200, {"numbers": []}))

    Blooio(server.url + end, KEY).numbers()

    assert server.requests[0].target == "/v2/api/me/numbers"


@pytest.mark.parametrize(
    ("chat", "encoded"),
    [
        (CAROL, "%2B15551234567"),
        ("user@example.com", "user%40example.com"),
        ("+15551111111,+15552222222", "%2B15551111111%2C%2B15552222222"),
        ("grp_abc", "grp_abc"),
        ("a/b", "a%2Fb"),
    ],
)
def test_a_chat_is_encoded_in_the_path(server, blooio, chat, encoded):
    server.plays(answer(202, QUEUED))

    blooio.send(chat, idempotency_key="k", text="hi")

    assert server.requests[0].target == f"/v2/api/chats/{encoded}/messages"


def test_a_message_id_with_underscore_and_dash_goes_out_unchanged(server, blooio):
    server.plays(answer(200, {"message_id": "gK2Ig_XG-2M", "status": "sent"}))

    found = blooio.status(CAROL, "gK2Ig_XG-2M")

    assert server.requests[0].path.endswith("/messages/gK2Ig_XG-2M/status")
    assert found.id == "gK2Ig_XG-2M"


@pytest.mark.parametrize("chat", ["", " ", ".", ".."])
def test_an_empty_chat_is_refused_before_any_request(server, blooio, chat):
    for call in (
        lambda: blooio.send(chat, idempotency_key="k", text="hi"),
        lambda: blooio.messages(chat),
        lambda: blooio.message(CAROL, chat),
        lambda: blooio.capabilities(chat),
        lambda: blooio.rotate_secret(chat),
        lambda: blooio.replay("wh_1", chat),
    ):
        with pytest.raises(ValueError, match="An id is missing"):
            call()

    assert server.requests == []


@pytest.mark.parametrize("key", ["", "a b", "é", "a\nb", "k" * 256])
def test_an_idempotency_key_that_no_header_carries_is_refused(server, blooio, key):
    with pytest.raises(ValueError, match="idempotency key"):
        blooio.send(CAROL, idempotency_key=key, text="hi")

    assert server.requests == []


def test_nothing_to_send_is_refused(server, blooio):
    with pytest.raises(ValueError, match="nothing to send"):
        blooio.send(CAROL, idempotency_key="k", text="")

    assert server.requests == []


# Sending


def test_a_text_is_sent_and_accepted(server, blooio):
    server.plays(good("POST", "/chats/grp_a/messages", 202, QUEUED))

    accepted = blooio.send("grp_a", idempotency_key="order-42", text="Grüße 👋 <b>")

    assert accepted == Accepted(("msg_1",), "queued", repeated=False)
    assert server.requests[0].headers["idempotency-key"] == "order-42"
    assert server.requests[0].json == {"text": "Grüße 👋 <b>"}


def test_a_known_key_is_told_from_a_new_one(server, blooio):
    server.plays(good("POST", "/chats/grp_a/messages", 200, QUEUED))

    assert blooio.send("grp_a", idempotency_key="k", text="hi").repeated


def test_everything_that_a_message_can_carry_is_in_the_contracts_words(server):
    server.plays(answer(202, QUEUED), answer(202, QUEUED))
    blooio = Blooio(server.url, KEY, number="+15557654321")

    blooio.send(
        CAROL,
        idempotency_key="1",
        text="https://example.com/t",
        attachments=["https://f.example/a.png", Attachment("https://f.example/b", "b.pdf")],
        link_preview=LinkPreview("Your parcel", "https://f.example/card.png"),
        effect="Invisible Ink",
        reply_to="msg_0",
    )
    blooio.send(
        CAROL,
        idempotency_key="2",
        parts=[Part(text="see"), Part(url="https://f.example/t", name="track")],
        from_number="+15550000000",
    )

    assert server.requests[0].json == {
        "text": "https://example.com/t",
        "attachments": [
            "https://f.example/a.png",
            {"url": "https://f.example/b", "name": "b.pdf"},
        ],
        "link_preview": {"title": "Your parcel", "image_url": "https://f.example/card.png"},
        "effect": "invisible-ink",
        "reply_to": {"message_id": "msg_0"},
        "from_number": "+15557654321",
    }
    assert server.requests[1].json == {
        "parts": [{"text": "see"}, {"url": "https://f.example/t", "name": "track"}],
        "from_number": "+15550000000",
    }


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ({"message_ids": ["a", "b"], "status": "queued"}, ("a", "b")),
        ({"message_ids": ["a", "b"], "count": 2, "status": "queued"}, ("a", "b")),
        ({"message_ids": ["a", None, 7], "message_id": "a"}, ("a", "7")),
        ({"message_id": "a"}, ("a",)),
        ({"id": "a", "status": "queued", "shiny": {"new": 1}}, ("a",)),
    ],
)
def test_ids_are_found_in_every_spelling(server, blooio, body, ids):
    server.plays(answer(202, body))

    accepted = blooio.send(CAROL, idempotency_key="k", text=["one", "two"])

    assert (accepted.message_ids, accepted.status) == (ids, "queued")


def test_a_group_made_by_the_send_is_told(server, blooio):
    server.plays(answer(202, {**QUEUED, "group_id": "grp_x", "group_created": True}))

    assert blooio.send("+1555,+1556", idempotency_key="k", text="hi").group_id == "grp_x"


def test_a_2xx_that_says_failed_is_a_failure_with_its_reason(server, blooio):
    server.plays(answer(202, {"message_id": "m", "status": "failed", "error": f"Bad {KEY}"}))
    server.plays(answer(200, {"status": "failed"}))

    first = blooio.send(CAROL, idempotency_key="k", text="hi")
    second = blooio.send(CAROL, idempotency_key="k", text="hi")

    assert (first.status, first.error) == ("failed", "Bad ***")
    assert second == Accepted((), "failed", repeated=True)


@pytest.mark.parametrize(
    "body",
    [
        b"OK",
        b"",
        b"<html>",
        b"[]",
        b'{"status":"queued"}',
        b'{"message_id":""}',
        b"\xff",
        b"[" * 9999,
    ],
)
def test_a_2xx_that_names_no_message_is_unknown(server, blooio, body):
    server.plays(answer(202, body))

    with pytest.raises(ProviderError) as caught:
        blooio.send(CAROL, idempotency_key="k", text="hi")

    assert (caught.value.kind, caught.value.status) == ("unknown", 202)


def test_typing_reading_and_reacting_need_no_particular_answer(server, blooio):
    server.plays(
        answer(200, {"chat_id": CAROL, "typing": True, "warning": "RCS"}),
        answer(204),
        answer(200, {"status": "read"}),
        answer(200, {"success": True}),
        answer(200, {"success": True}),
    )

    blooio.start_typing(CAROL)
    blooio.stop_typing(CAROL)
    blooio.mark_read(CAROL)
    blooio.react(CAROL, "msg_1", "love")
    blooio.react(CAROL, "-1", "😂", add=False)

    assert [got.method for got in server.requests] == ["POST", "DELETE", "POST", "POST", "POST"]
    assert [got.json for got in server.requests[3:]] == [{"reaction": "+love"}, {"reaction": "-😂"}]


# Asking


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {
                "capabilities": {"imessage": True, "sms": True, "facetime": False},
                "last_checked": MS,
            },
            Capability(True, True, False, AT),
        ),
        (
            {
                "type": "email",
                "capabilities": {"imessage": False, "sms": False},
                "lastChecked": "2023-12-21T01:50:57.370Z",
            },
            Capability(False, False, None, AT),
        ),
        ({"capabilities": {"imessage": "yes"}, "last_checked": -1}, Capability()),
        ({"capabilities": None}, Capability()),
    ],
)
def test_capabilities_are_read_in_every_shape(server, blooio, body, expected):
    server.plays(answer(200, body))

    assert blooio.capabilities(CAROL) == expected


@pytest.mark.parametrize("status", [400, 404, 429, 500, 502, 503])
def test_a_check_that_fails_is_not_known_rather_than_no(server, blooio, status):
    server.plays(answer(status, {"error": "ApiError"}))

    assert blooio.capabilities(CAROL) == Capability(None, None, None, None)


def test_a_check_with_a_wrong_key_says_so(server, blooio):
    server.plays(answer(401, {"error": "ApiError"}))

    with pytest.raises(ProviderError) as caught:
        blooio.capabilities(CAROL)

    assert caught.value.kind == "unauthorized"


def test_a_slow_check_gives_up_early_when_asked_to(server, blooio):
    server.plays(server.hang)

    assert blooio.capabilities(CAROL, read_timeout=0.1) == Capability()


def test_the_account_is_read_and_the_echoed_key_is_left_behind(server, blooio):
    body = {
        "auth_type": "api_key",
        "valid": True,
        "api_key": KEY,
        "organization_id": "org_1",
        "organization": {"name": "Acme"},
        "devices": [
            {"phone_number": "+15557654321", "is_active": True, "last_active": MS},
            {"phone_number": None},
        ],
        "usage": {"inbound_messages": 190},
    }
    server.plays(good("GET", "/me", 200, body))

    account = blooio.me()

    assert (account.organization_name, account.inbound_messages) == ("Acme", 190)
    assert account.numbers == (Number("+15557654321", True, None, AT),)
    assert KEY not in repr(account)


def test_numbers_are_active_since_iso_milliseconds_or_nobody_knows(server, blooio):
    def row(plan, last_active):
        return {
            "phone_number": "+1",
            "is_active": True,
            "plan_kind": plan,
            "last_active": last_active,
        }

    rows = [row("shared", "2023-12-21T01:50:57.370Z"), row("solar", MS), row(None, None)]
    server.plays(answer(200, {"numbers": [*rows, "junk"]}))

    assert blooio.numbers() == [
        Number("+1", True, "shared", AT),
        Number("+1", True, "unknown", AT),
        Number("+1", True, None, None),
    ]


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        (None, "unknown"),
        ("pending", "pending"),
        ("unknown", "unknown"),
        ("non-imessage", "sms"),
        ("rcs", "rcs"),
        ("telepathy", "unknown"),
        (7, "unknown"),
    ],
)
def test_protocols_of_yesterday_and_tomorrow_are_read(server, blooio, word, expected):
    server.plays(answer(200, {"message_id": "m", "status": "sent", "protocol": word}))

    assert blooio.status(CAROL, "m").protocol == expected


def test_a_message_is_read_whole(server, blooio):
    body = {
        "message_id": "m",
        "chat_id": "grp_a",
        "direction": "inbound",
        "text": "hi",
        "sender": CAROL,
        "internal_id": "+15557654321",
        "attachments": [{"url": "https://bucket.blooio.com/x", "name": "x.jpg"}],
        "reactions": [{"reaction": "love", "is_added": True, "time_sent": MS, "sender": None}],
        "reply_to": {"message_id": "m0", "guid": None, "part_index": 0},
        "time_sent": MS,
        "time_delivered": None,
        "status": "delivered",
        "protocol": "imessage",
        "error": None,
    }
    server.plays(answer(200, body))

    message = blooio.message("grp_a", "m")

    assert (message.id, message.chat, message.sender, message.text) == ("m", "grp_a", CAROL, "hi")
    assert message.media == (Media("https://bucket.blooio.com/x", "x.jpg"),)
    assert message.reactions == (GivenReaction("love", True, None, AT),)
    assert message.reply_to == ReplyTo("m0", None, 0)
    assert (message.sent_at, message.delivered_at, message.error) == (AT, None, None)


def test_what_blooio_does_not_have_is_none(server, blooio):
    nothing = answer(404, {"error": "ApiError", "message": "Resource not found.", "status": 404})
    server.plays(nothing, nothing, nothing, nothing)

    assert blooio.message(CAROL, "m") is None
    assert blooio.status(CAROL, "m") is None
    assert blooio.contact(CAROL) is None
    assert list(blooio.messages(CAROL)) == []


def test_a_404_that_is_not_blooios_is_not_an_empty_list(server, blooio):
    server.plays(answer(404, b"<h1>Not here</h1>"), answer(404, {"detail": "Not Found"}))

    for _ in range(2):
        with pytest.raises(ProviderError) as caught:
            list(blooio.messages(CAROL))
        assert caught.value.kind == "refused"


@pytest.mark.parametrize("body", [{}, {"messages": None}, {"messages": {}}, b"", b"<html>"])
def test_an_answer_without_the_list_is_not_an_empty_list(server, blooio, body):
    server.plays(answer(200, body))

    with pytest.raises(ProviderError) as caught:
        list(blooio.messages(CAROL))

    assert caught.value.kind == "unknown"


# Lists


def page(*ids, total=None):
    pagination = {} if total is None else {"pagination": {"limit": 2, "offset": 0, "total": total}}
    return answer(200, {"messages": [{"message_id": id} for id in ids], **pagination})


def test_a_list_is_read_page_by_page_until_its_total(server, blooio):
    server.plays(page("5", "4", total=5), page("3", "2", total=5), page("1", total=5))

    found = [message.id for message in blooio.messages(CAROL)]

    assert found == ["5", "4", "3", "2", "1"]
    assert [got.query["offset"] for got in server.requests] == ["0", "2", "4"]
    assert {got.query["limit"] for got in server.requests} == {"200"}


def test_a_message_that_arrives_between_pages_makes_no_duplicate(server, blooio):
    server.plays(page("3", "2", total=3), page("2", "1", total=4))

    assert [message.id for message in blooio.messages(CAROL)] == ["3", "2", "1"]


def test_a_list_without_a_total_ends(server, blooio):
    full = [str(n) for n in range(200)]
    server.plays(page(*full), page(*full))

    assert len(list(blooio.messages(CAROL))) == 200
    assert len(server.requests) == 2


def test_a_total_that_is_never_reached_ends(server, blooio):
    server.plays(page("1", total=9), page(total=9))

    assert len(list(blooio.messages(CAROL))) == 1


def test_a_list_is_asked_for_a_span_and_a_direction(server, blooio):
    server.plays(page(total=0))

    list(blooio.messages(CAROL, since=AT, until=AT, direction="inbound", sort="asc"))

    assert server.requests[0].query == {
        "limit": "200",
        "offset": "0",
        "sort": "asc",
        "direction": "inbound",
        "since": str(MS),
        "until": str(MS),
    }


def test_the_logs_of_an_unknown_webhook_are_a_refusal_not_an_empty_list(server, blooio):
    server.plays(answer(404, {"error": "ApiError"}))

    with pytest.raises(ProviderError) as caught:
        list(blooio.webhook_logs("wh_1"))

    assert (caught.value.kind, caught.value.status) == ("refused", 404)


def test_chats_are_listed(server, blooio):
    rows = [
        {"id": CAROL, "type": "phone", "contact": {"name": "Carol"}, "last_message_time": MS},
        {"id": "grp_a", "is_group": True, "group_name": "Team", "message_count": 3},
        {"nothing": 1},
    ]
    server.plays(answer(200, {"chats": rows, "pagination": {"total": 3}}))

    first, second = blooio.chats()

    assert (first.name, first.is_group, first.last_message_at) == ("Carol", False, AT)
    assert (second.name, second.is_group, second.messages) == ("Team", True, 3)


# Webhooks


def test_a_created_webhook_shows_its_secret_but_not_in_a_log(server, blooio):
    body = {
        "webhook_id": "wh_1",
        "webhook_url": "https://x.example/in",
        "signing_secret": "whsec_1",
    }
    server.plays(good("POST", "/webhooks", 201, body))

    made = blooio.create_webhook("https://x.example/in")

    assert made == CreatedWebhook("wh_1", "https://x.example/in", "whsec_1", created=True)
    assert "whsec_1" not in repr(made)
    assert server.requests[0].json["webhook_type"] == "all"


def test_a_known_webhook_comes_back_without_a_secret(server, blooio):
    body = {"webhook_id": "wh_1", "webhook_url": "https://x.example/in", "message": "exists"}
    server.plays(good("POST", "/webhooks", 200, body))

    made = blooio.create_webhook("https://x.example/in")

    assert (made.secret, made.created) == (None, False)


def test_a_closed_registration_is_a_refusal_with_410(server, blooio):
    server.plays(answer(410, {"error": "Gone", "message": "Use v4."}))

    with pytest.raises(ProviderError) as caught:
        blooio.create_webhook("https://x.example/in")

    assert (caught.value.kind, caught.value.status) == ("refused", 410)


def test_a_secret_is_rotated(server, blooio):
    server.plays(answer(200, {"webhook_id": "wh_1", "signing_secret": "whsec_2"}), answer(200, {}))

    assert blooio.rotate_secret("wh_1") == "whsec_2"
    with pytest.raises(ProviderError) as caught:
        blooio.rotate_secret("wh_1")
    assert caught.value.kind == "unknown"


def test_webhooks_their_logs_and_a_replay_are_read(server, blooio):
    log = {
        "event_id": "e1",
        "attempted_time": MS,
        "response_status": 500,
        "event_body": {"event": "message.sent", "message_id": "m"},
        "metadata": {"duration_ms": 12, "is_replay": False},
    }
    server.plays(
        answer(
            200, {"webhooks": [{"webhook_id": "wh_1", "webhook_type": "all", "is_active": True}]}
        ),
        answer(200, {"logs": [log], "pagination": {"total": 1}}),
        answer(200, {"success": False, "replay_event_id": "e2", "response_status": 500}),
    )

    (webhook,) = blooio.webhooks()
    (delivery,) = blooio.webhook_logs("wh_1", min_status=400)
    replayed = blooio.replay("wh_1", "e1")

    assert (webhook.id, webhook.kind, webhook.active) == ("wh_1", "all", True)
    assert (delivery.event, delivery.message_id, delivery.at) == ("message.sent", "m", AT)
    assert server.requests[1].query["min_status"] == "400"
    assert (replayed.success, replayed.event_id, replayed.status) == (False, "e2", 500)
