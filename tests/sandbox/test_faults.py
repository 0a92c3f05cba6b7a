"""Trouble on demand, for those who have to live with it (contract cases 41 to 43 and 105)."""

import time

import pytest
import requests

from tests.sandbox.client import CAROL, chat_path


def post(client, key="k"):
    url = f"{client.sandbox.url}{chat_path(CAROL)}/messages"
    return client.session.post(
        url, json={"text": "hi"}, headers={"Idempotency-Key": key}, timeout=5
    )


def test_the_next_sends_are_refused_then_one_is_taken(sandbox, client):
    sandbox.trouble({"status": 503, "times": 2})

    assert [post(client).status_code for _ in range(4)] == [503, 503, 202, 200]


def test_an_answer_can_be_lost_after_the_message_was_stored(sandbox, client):
    sandbox.trouble({"drop": True, "after": True})

    with pytest.raises(requests.ConnectionError):
        post(client)

    assert post(client).status_code == 200
    assert len(client.messages(CAROL)) == 1


def test_a_connection_can_be_dropped_before_anything_happened(sandbox, client):
    sandbox.trouble({"drop": True})

    with pytest.raises(requests.ConnectionError):
        post(client)

    assert post(client).status_code == 202


def test_an_answer_can_be_html_late_or_ask_for_patience(sandbox, client):
    fault = {"status": 502, "body": "<h1>Bad Gateway</h1>", "delay": 0.1}
    sandbox.trouble(fault, {"status": 429, "headers": {"Retry-After": "2"}})
    started = time.monotonic()

    html, throttled = post(client), post(client)

    assert time.monotonic() - started > 0.1
    assert (html.status_code, html.headers["Content-Type"]) == (502, "text/html; charset=utf-8")
    assert (throttled.status_code, throttled.headers["Retry-After"]) == (429, "2")


def test_trouble_is_set_and_seen_from_outside(client):
    body = {"faults": [{"method": "GET", "path": "/me", "status": 500, "times": 3}]}

    assert client.control("PUT", "/faults", body)["left"] == 3
    assert client.ask("GET", "/me").status == 500
    assert client.control("GET", "/faults")["left"] == 2
    assert client.control("PUT", "/faults", {"faults": [{"mood": "bad"}]}).status == 400
    assert client.control("PUT", "/faults", {"faults": []})["left"] == 0


def test_events_can_come_twice_and_out_of_order(start, connect, receiver):
    sandbox = start(webhook=receiver.url, deliver_twice=True, deliver_late=("message.sent",))

    connect(sandbox).text(CAROL)

    receiver.wait_for("message.sent", 2)
    assert receiver.events == ["message.delivered"] * 2 + ["message.sent"] * 2
