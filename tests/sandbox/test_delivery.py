"""Webhooks as they travel: signed, retried, logged, replayed (cases 66 to 68 and 101 to 103)."""

import hashlib
import hmac
import time

import pytest

from inbox.providers.blooio_signature import verify
from tests.sandbox.client import CAROL

SECRET = "whsec_fixed"


def good(delivery, secret=SECRET, bare=False):
    header = delivery.headers["X-Blooio-Signature"]
    return verify(header, delivery.body, [secret], now=time.time(), bare=bare) is None


def logs(client, **query):
    (webhook,) = client.ask("GET", "/webhooks")["webhooks"]
    return client.ask("GET", f"/webhooks/{webhook['webhook_id']}/logs", **query)


def settled(client, count):
    """The logs, once there are `count` of them."""
    end = time.monotonic() + 3
    while logs(client)["pagination"]["total"] < count and time.monotonic() < end:
        time.sleep(0.01)
    return logs(client, sort="asc")["logs"]


def test_a_delivery_is_signed_and_named(start, receiver):
    start(webhook=receiver.url, secret=SECRET).say(CAROL, "Hello é 👋")

    (delivery,) = receiver.wait_for("message.received")

    assert good(delivery)
    assert delivery.headers["Content-Type"] == "application/json"
    assert delivery.headers["X-Blooio-Message-Id"] == delivery.json["message_id"]
    assert delivery.headers["X-Blooio-Replay"] is None


def test_the_signature_can_be_bare_or_double(start, receiver):
    start(webhook=receiver.url, secret=SECRET, signature="bare").say(CAROL, "bare")
    start(webhook=receiver.url, secret=SECRET, signature="two").say(CAROL, "two")

    receiver.wait_for("message.received", 2)
    bare, two = sorted(receiver.deliveries, key=lambda d: len(d.headers["X-Blooio-Signature"]))

    expected = hmac.new(SECRET.encode(), bare.body, hashlib.sha256).hexdigest()
    assert bare.headers["X-Blooio-Signature"] == expected
    assert two.headers["X-Blooio-Signature"].count("v1=") == 2
    assert good(two)


@pytest.mark.parametrize(("signature", "times"), [("fresh", 2), ("stale", 1)])
def test_a_retry_is_signed_at_its_own_time_unless_told_otherwise(
    start, receiver, clock, signature, times
):
    receiver.statuses = [500]
    start(webhook=receiver.url, signature=signature, speed=100).say(CAROL, "hi")
    receiver.wait_for("message.received")
    clock.pass_(hours=1)

    attempts = receiver.wait_for("message.received", 2)

    assert len({d.headers["X-Blooio-Signature"] for d in attempts}) == times


def test_a_receiver_that_fails_is_tried_six_times(start, connect, receiver):
    receiver.statuses = [500, 401, 302, 410, 503, 500, 500]
    sandbox = start(webhook=receiver.url, speed=2000)
    sandbox.say(CAROL, "hi")

    found = settled(connect(sandbox), 6)

    assert [log["response_status"] for log in found] == [500, 401, 302, 410, 503, 500]
    times = [log["attempted_time"] for log in found]
    gaps = [b - a for a, b in zip(times, times[1:], strict=False)]
    for gap, seconds in zip(gaps, (30, 60, 120, 240, 480), strict=True):
        assert gap >= seconds / 2 - 5, "sooner than promised; later is the machine's doing"
    assert len({log["event_id"] for log in found}) == 1
    (webhook,) = connect(sandbox).ask("GET", "/webhooks")["webhooks"]
    assert (webhook["failure_count"], webhook["last_triggered"]) == (6, None)
    assert receiver.events == ["message.received"] * 6


def test_the_retry_scale_stretches_only_the_retries(start, receiver):
    receiver.statuses = [500]
    start(webhook=receiver.url, speed=1, retry_scale=0.001).say(CAROL, "hi")

    receiver.wait_for("message.received", 2)


def test_a_slow_receiver_has_failed_and_is_tried_again(start, connect, receiver):
    receiver.delay = 0.3
    sandbox = start(webhook=receiver.url, webhook_timeout=0.1, speed=1000)
    sandbox.say(CAROL, "hi")
    receiver.wait_for("message.received")
    receiver.delay = 0

    first, second = settled(connect(sandbox), 2)

    assert (first["response_status"], second["response_status"]) == (None, 200)
    assert first["metadata"]["duration_ms"] >= 100


def test_a_slow_receiver_does_not_hold_up_the_others(start, receiver):
    receiver.delay = 0.3
    sandbox = start(webhook=receiver.url)

    for _ in range(3):
        sandbox.say(CAROL, "hi")

    receiver.wait_for("message.received", 3)
    moments = [delivery.at for delivery in receiver.deliveries]
    assert max(moments) - min(moments) < 0.2


def test_logs_can_be_narrowed_to_failures(start, connect, receiver):
    receiver.statuses = [500]
    sandbox = start(webhook=receiver.url)
    client = connect(sandbox)
    sandbox.say(CAROL, "hi")
    settled(client, 2)

    assert logs(client, min_status=400)["pagination"]["returned"] == 1
    assert logs(client, status=200)["pagination"]["total"] == 1
    assert logs(client, limit=1)["pagination"]["has_more"] is True
    assert logs(client)["logs"][0]["response_status"] == 200


def test_an_event_can_be_replayed(start, connect, receiver):
    sandbox = start(webhook=receiver.url, secret=SECRET)
    client = connect(sandbox)
    sandbox.say(CAROL, "hi")
    (original,) = settled(client, 1)
    (webhook,) = client.ask("GET", "/webhooks")["webhooks"]
    path = f"/webhooks/{webhook['webhook_id']}/logs/{original['event_id']}/replay"

    replay = client.ask("POST", path)

    assert (replay["success"], replay["response_status"]) == (True, 200)
    assert replay["replay_event_id"] != replay["original_event_id"] == original["event_id"]
    first, again = receiver.deliveries
    assert (again.body, good(again)) == (first.body, True)
    assert again.headers["X-Blooio-Replay"] == "true"
    assert again.headers["X-Original-Event-Id"] == original["event_id"]
    assert logs(client)["logs"][0]["metadata"]["is_replay"] is True

    receiver.statuses = [500]
    failed = client.ask("POST", path)

    assert (failed.status, failed["success"], failed["response_status"]) == (200, False, 500)
    assert client.ask("POST", path.replace("evt_", "evt_x")).status == 404


def test_after_a_rotation_the_old_secret_is_dead(start, connect, receiver):
    sandbox = start(webhook=receiver.url, secret=SECRET)
    client = connect(sandbox)
    (webhook,) = client.ask("GET", "/webhooks")["webhooks"]

    rotated = client.ask("POST", f"/webhooks/{webhook['webhook_id']}/secret/rotate")
    sandbox.say(CAROL, "hi")

    (delivery,) = receiver.wait_for("message.received")
    assert rotated["rotation_count"] == 1
    assert good(delivery, rotated["signing_secret"])
    assert not good(delivery, SECRET)


def test_payloads_come_in_the_shapes_that_have_been_seen(start, receiver):
    def payload(form):
        receiver.deliveries.clear()
        start(webhook=receiver.url, payload=form).say(CAROL, "hi", attachments=["https://a.b/c"])
        receiver.wait(lambda r: r.deliveries)
        return receiver.deliveries[0].json

    envelope = payload("v4")

    assert payload("strings")["attachments"] == ["https://a.b/c"]
    assert "sender" not in payload("no_sender")
    assert (envelope["type"], envelope["data"]["sender"]) == ("message.received", CAROL)
    assert envelope["data"]["contact"] == {"identifier": CAROL}
