"""The contract check is worth nothing if it lets everything pass."""

import pytest

from tests.contract.validate import check_event, check_request, check_response

MESSAGES = "/chats/%2B15551234567/messages"


@pytest.mark.parametrize(
    ("method", "path", "query", "body"),
    [
        ("POST", MESSAGES, {}, {"text": "hi"}),
        ("POST", MESSAGES, {}, {"text": ["a", "b"], "effect": None, "reply_to": None}),
        ("POST", "/chats/a%40b.com%2C%2B15551234567/messages", {}, {"attachments": ["https://x"]}),
        ("GET", MESSAGES, {"limit": "200", "offset": 0, "sort": "asc"}, None),
        ("GET", "/me/numbers", {}, None),
        ("POST", "/chats/grp_a1/typing", {}, None),
        ("POST", "/webhooks", {}, b'{"webhook_url": "https://x.example/in"}'),
    ],
)
def test_what_the_contract_has_passes(method, path, query, body):
    check_request(method, path, query=query, body=body)


@pytest.mark.parametrize(
    ("method", "path", "query", "body", "complaint"),
    [
        ("POST", "/chats/+15551234567/messages", {}, {"text": "hi"}, "percent-encoded"),
        ("POST", "/chats//messages", {}, {"text": "hi"}, "empty"),
        ("POST", MESSAGES, {}, {"txt": "hi"}, "txt"),
        ("POST", MESSAGES, {}, {"text": 1}, "text"),
        ("POST", MESSAGES, {}, {"parts": [{"tekst": "hi"}]}, "tekst"),
        ("POST", MESSAGES, {}, None, "no body"),
        ("POST", MESSAGES, {}, {"link_preview": {"title": "x" * 201}}, "link_preview"),
        ("GET", MESSAGES, {"limit": 201}, None, "limit"),
        ("GET", MESSAGES, {"page": 1}, None, "page"),
        ("POST", "/chats/grp_a1/typing", {}, {"state": "on"}, "no body"),
        ("PATCH", "/me", {}, None, "no such operation"),
        ("GET", "/webhooks/hook", {}, None, "webhookId"),
    ],
)
def test_what_the_contract_does_not_have_fails(method, path, query, body, complaint):
    with pytest.raises(AssertionError, match=complaint):
        check_request(method, path, query=query, body=body)


def test_a_request_needs_its_bearer_key_and_only_a_send_takes_an_idempotency_key():
    key = {"authorization": "Bearer k"}

    check_request("GET", "/me", headers=key)
    with pytest.raises(AssertionError, match="Bearer"):
        check_request("GET", "/me", headers={"X-API-Key": "k"})
    with pytest.raises(AssertionError, match="Idempotency-Key"):
        check_request("GET", "/me", headers={**key, "Idempotency-Key": "1"})


def test_answers_are_held_to_the_contract():
    check_response("POST", MESSAGES, 202, {"message_id": "msg_1", "status": "queued"})
    check_response("POST", MESSAGES, 429, {"error": "ApiError", "code": "x", "cap": 5})
    check_response("PUT", "/me/numbers/%2B15551234567/contact-card", 403, b"")
    check_response("GET", "/chats/%2B15551234567", 200, {"id": "x", "contact": None})

    for status, body in [
        (202, {"id": "msg_1"}),
        (202, {"message_id": "msg_1", "status": "sent"}),
        (202, b"<html>"),
        (201, {"message_id": "msg_1"}),
    ]:
        with pytest.raises(AssertionError):
            check_response("POST", MESSAGES, status, body)


def test_an_event_has_a_name_and_may_carry_more():
    check_event({"event": "message.reaction", "message_id": "m", "reaction": "love"})
    with pytest.raises(AssertionError):
        check_event({"event": "message.sent", "status": "flying"})
    with pytest.raises(AssertionError):
        check_event({"message_id": "m"})
