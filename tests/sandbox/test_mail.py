"""What the weather does to events, seen by the one who gets them."""

import time

import pytest

from inbox.providers.blooio_signature import verify
from tests.sandbox.client import CAROL, DAVE

SECRET = "whsec_known"


@pytest.fixture
def sandbox(start, receiver):
    return start(webhook=receiver.url, secret=SECRET)


def logs(client):
    webhook = client.ask("GET", "/webhooks")["webhooks"][0]
    return client.ask("GET", f"/webhooks/{webhook['webhook_id']}/logs")["logs"]


def verdict(delivery):
    signature = delivery.headers["X-Blooio-Signature"]
    return verify(signature, delivery.body, [SECRET], now=time.time(), bare=False)


def texts(receiver, count):
    return [d.json["text"] for d in receiver.wait_for("message.received", count)]


def test_an_event_comes_twice(sandbox, receiver):
    sandbox.weather("duplicated:1")

    sandbox.say(CAROL, "first")
    sandbox.say(CAROL, "second")

    assert sorted(texts(receiver, 3)) == ["first", "first", "second"]
    assert sandbox.struck == {"duplicated": 1}


def test_a_later_event_overtakes_one_that_is_held_back(sandbox, client, receiver):
    sandbox.weather("shuffled:1")

    client.text(CAROL)

    receiver.wait_for("message.sent")
    assert receiver.events == ["message.delivered", "message.sent"]


def test_an_event_comes_late(sandbox, receiver):
    sandbox.weather("delayed/10:1")
    started = time.monotonic()

    sandbox.say(CAROL, "late")
    sandbox.say(DAVE, "in time")

    assert texts(receiver, 2) == ["in time", "late"]
    late = receiver.deliveries[1].at - started
    assert 10 / sandbox.options.speed <= late < 3


def test_a_lost_event_is_known_to_the_lists_only(sandbox, client, receiver):
    sandbox.weather("lost:1")

    sandbox.say(CAROL, "lost")
    sandbox.say(CAROL, "found")

    assert texts(receiver, 1) == ["found"]
    assert [message["text"] for message in client.messages(CAROL)] == ["found", "lost"]
    assert [log["event_body"]["text"] for log in logs(client)] == ["found"]


def test_one_delivery_is_signed_long_ago_and_the_next_is_fresh(sandbox, receiver):
    sandbox.weather("stale:1")

    sandbox.say(CAROL, "one")
    receiver.wait_for("message.received")
    sandbox.say(CAROL, "two")

    first, second = receiver.wait_for("message.received", 2)
    assert (verdict(first), verdict(second)) == ("stale", None)


def test_one_delivery_is_signed_by_somebody_else(sandbox, receiver):
    sandbox.weather("badly_signed:1")

    sandbox.say(CAROL, "one")
    receiver.wait_for("message.received")
    sandbox.say(CAROL, "two")

    first, second = receiver.wait_for("message.received", 2)
    assert (verdict(first), verdict(second)) == ("mismatch", None)


def test_a_refused_signature_is_tried_again(start, receiver):
    sandbox = start(webhook=receiver.url, secret=SECRET, retry_scale=0.01)
    sandbox.weather("badly_signed:1")
    receiver.statuses = [401]

    sandbox.say(CAROL, "one")

    first, second = receiver.wait_for("message.received", 2)
    assert (verdict(first), verdict(second)) == ("mismatch", None)
    assert first.body == second.body


def test_requests_do_not_change_what_becomes_of_events(sandbox):
    def lost(requests):
        sandbox.weather("lost=0.5", "500=0.5", seed=5)
        found = []
        for _ in range(40):
            for _ in range(requests):
                sandbox.box.weather.meet(send=True)
            found.append(sandbox.box.weather.strike("lost") is not None)
        return found

    alone = lost(requests=0)
    assert {True, False} == set(alone)

    assert lost(requests=3) == alone


def test_the_same_seed_loses_the_same_events(sandbox, receiver):
    def found(seed):
        before = len(receiver.events)
        sandbox.box.weather.calm()
        sandbox.weather("lost=0.5", seed=seed)
        for number in range(12):
            sandbox.say(CAROL, str(number))
        wanted = before + 12 - sandbox.struck["lost"]
        receiver.wait(lambda r: len(r.events) == wanted)
        return {d.json["text"] for d in receiver.deliveries[before:]}

    first = found(5)
    assert 0 < len(first) < 12

    assert (found(5), found(6) == first) == (first, False)
