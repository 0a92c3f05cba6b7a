"""Two web processes and two workers on PostgreSQL and Redis: one inbox."""

import json
import re
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager

import pytest
import websocket

from tests.processes import Tapback, Visitor, received, running, wait_until

CAROL = "+14155550132"


class Cluster:
    """`front` and `back` are two web processes; whoever asks one must hear what the other does."""

    def __init__(self, front: Tapback, back: Tapback) -> None:
        self.front, self.back = front, back


@pytest.fixture
def cluster(tmp_path, provider, postgres, redis) -> Iterator[Cluster]:
    name = f"cluster_{secrets.token_hex(6)}"
    settings = {
        "DATABASE_URL": postgres.create(name),
        "REDIS_URL": redis.url(),
        "SECRET_KEY": secrets.token_hex(16),
    }
    with ExitStack() as stack:

        def start(command: str) -> Tapback:
            given = {"provider": provider, "command": command, **settings}
            return stack.enter_context(running(tmp_path, **given))

        start("worker")
        cluster = Cluster(start("web"), start("web"))
        start("worker")
        cluster.front.add_user("alice@example.com", "Alice Archer")
        yield cluster
    postgres.drop(name)


@contextmanager
def listening(tapback: Tapback, visitor: Visitor) -> Iterator[websocket.WebSocket]:
    """An open page's socket, for `hear`."""
    cookies = "; ".join(f"{c.name}={c.value}" for c in visitor.session.cookies)
    wire = websocket.create_connection(
        f"ws://127.0.0.1:{tapback.port}/socket.io/?EIO=4&transport=websocket",
        cookie=cookies,
        origin=tapback.url,
        timeout=10,
    )
    wire.recv()
    wire.send("40")
    assert wire.recv().startswith("40")
    yield wire
    wire.close()


def hear(wire, text: str) -> dict:
    """The announcement that holds `text`; fails when none comes."""
    while True:
        frame = wire.recv()
        if frame == "2":
            wire.send("3")
        elif frame.startswith("42"):
            _, told = json.loads(frame[2:])
            if text in (told.get("html") or ""):
                return told


def test_a_webhook_at_one_process_is_heard_at_the_other(cluster):
    alice = cluster.back.visitor("alice@example.com")

    with listening(cluster.back, alice) as wire:
        cluster.front.receive(CAROL, "Heard everywhere")

        assert hear(wire, "Heard everywhere")["topic"].startswith(("conversation-", "line-"))


def test_a_reply_is_sent_once_by_whichever_worker_and_told_to_all(cluster, provider):
    cluster.front.receive(CAROL, "Hi")
    alice = cluster.back.visitor("alice@example.com")
    found = re.search(r'id="conversation-(\d+)"', alice.get("/conversations").text)
    assert found

    with listening(cluster.front, cluster.front.visitor("alice@example.com")) as wire:
        for number in range(10):
            assert alice.write(int(found.group(1)), f"Part {number}") == 204
        hear(wire, 'data-state="delivered"')

    wait_until(lambda: len(provider.sent()) == 10, "tenth part")
    assert [sent["body"]["text"] for sent in provider.sent()] == [f"Part {n}" for n in range(10)]


def test_twenty_identical_webhooks_over_two_processes_are_one_message(cluster):
    event = received(CAROL, "Only once;", message_id="msg_same")
    doors = [cluster.front, cluster.back] * 10
    with ThreadPoolExecutor(20) as posts:
        answers = set(posts.map(lambda door: door.post_webhook(event), doors))
    assert answers == {200}

    alice = cluster.back.visitor("alice@example.com")
    found = re.search(r'id="conversation-(\d+)"', alice.get("/conversations").text)
    assert found
    page = alice.get(f"/conversations/{found.group(1)}/changes?after=0").json()["html"]
    assert page.count("Only once;") == 1
