"""Power cuts. What was answered 200 is there afterwards, and a reply reaches the phone once."""

import json
import re
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from inbox.providers.blooio_signature import sign
from tests.processes import SECRET, Tapback, received, wait_until

CAROL = "+14155550132"


@pytest.fixture
def alice(tapback: Tapback):
    tapback.add_user("alice@example.com", "Alice Archer")
    return tapback.visitor("alice@example.com")


def conversation(alice) -> int:
    found = re.search(r'id="conversation-(\d+)"', alice.get("/conversations").text)
    assert found
    return int(found.group(1))


def shown(alice) -> str:
    return alice.get(f"/conversations/{conversation(alice)}/changes?after=0").json()["html"]


def states(alice) -> list[str]:
    """The states of our own bubbles, in order."""
    page = shown(alice)
    return re.findall(r'<article[^>]*?data-direction="out"[^>]*?data-state="(\w+)"', page, re.S)


def texts(provider) -> list[str]:
    return [sent["body"]["text"] for sent in provider.sent()]


def test_what_was_answered_is_there_after_a_power_cut(tapback, alice):
    answered: list[str] = []

    def post(number: int) -> None:
        try:
            if tapback.post_webhook(received(CAROL, f"Number {number:03};")) == 200:
                answered.append(f"Number {number:03};")
        except requests.RequestException:
            return
        if len(answered) == 20:
            tapback.kill()

    with ThreadPoolExecutor(8) as senders:
        list(senders.map(post, range(80)))
    assert 20 <= len(answered) < 80
    tapback.start()

    page = shown(alice)
    assert [page.count(text) for text in answered] == [1] * len(answered)


@pytest.mark.parametrize("after", [False, True], ids=["before it was taken", "after it was taken"])
def test_a_reply_cut_off_while_sending_arrives_once(tapback, alice, provider, after):
    tapback.receive(CAROL, "Hi")
    provider.trouble({"delay": 2.0, "after": after})
    assert alice.write(conversation(alice), "Hello Carol") == 204
    wait_until(lambda: states(alice) == ["sending"], "message that is being sent")

    tapback.kill()
    tapback.start()

    wait_until(lambda: states(alice) in (["sent"], ["delivered"]), "report that it was sent")
    assert texts(provider) == ["Hello Carol"]


def test_replies_survive_three_power_cuts_in_order(tapback, alice, provider):
    tapback.receive(CAROL, "Hi")
    id = conversation(alice)
    wanted = [f"Part {number}" for number in range(24)]
    for text in wanted:
        assert alice.write(id, text) == 204

    for cut in range(3):
        wait_until(lambda cut=cut: len(texts(provider)) >= 5 * (cut + 1), "progress")
        tapback.kill()
        tapback.start()

    wait_until(lambda: len(texts(provider)) >= len(wanted), "last part")
    assert texts(provider) == wanted
    assert len({sent["idempotency_key"] for sent in provider.sent()}) == len(wanted)


def test_a_stop_by_the_supervisor_finishes_what_is_in_hand(tapback, alice, provider):
    tapback.receive(CAROL, "Hi")
    provider.trouble({"delay": 1.0})
    alice.write(conversation(alice), "Hello Carol")
    wait_until(lambda: states(alice) == ["sending"], "message that is being sent")

    assert tapback.terminate() == 0
    assert texts(provider) == ["Hello Carol"]
    tapback.start()

    wait_until(lambda: states(alice) in (["sent"], ["delivered"]), "report that it was sent")
    assert texts(provider) == ["Hello Carol"]


def test_twenty_identical_webhooks_at_once_are_one_message(tapback, alice):
    tapback.receive_at_once([received(CAROL, "Only once;", message_id="msg_same")] * 20)

    assert shown(alice).count("Only once;") == 1


def test_a_second_process_on_the_same_data_is_refused(tapback):
    with pytest.raises(AssertionError, match="Another Tapback is running"):
        tapback.run("run")


def post_raw(tapback: Tapback, head: str, pieces) -> bytes:
    """Speak HTTP by hand until the server answers or cuts; the answer's first line."""
    with socket.create_connection(("127.0.0.1", tapback.port), timeout=20) as wire:
        wire.sendall(f"POST /webhooks/blooio HTTP/1.1\r\nHost: x\r\n{head}\r\n\r\n".encode())
        stop = threading.Event()

        def send() -> None:
            try:
                for piece in pieces:
                    if stop.is_set():
                        return
                    wire.sendall(piece)
            except OSError:
                return

        sender = threading.Thread(target=send)
        sender.start()
        try:
            answer = wire.recv(4096)
        finally:
            stop.set()
        sender.join(20)
        assert not sender.is_alive()
        return answer.split(b"\r\n")[0]


JSON = "Content-Type: application/json\r\n"


def test_one_byte_too_many_is_answered_before_it_is_read(tapback):
    head = f"{JSON}Content-Length: {1024 * 1024 + 1}"

    assert b" 413 " in post_raw(tapback, head, [])


def test_a_chunked_body_is_verified_as_it_was_before_it_was_cut_up(tapback, alice):
    body = json.dumps(received(CAROL, "In pieces;")).encode()
    signature = f"X-Blooio-Signature: {sign(body, SECRET, int(time.time()))}\r\n"
    pieces = [body[i : i + 50] for i in range(0, len(body), 50)]
    chunks = [b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces]

    head = f"{JSON}{signature}Transfer-Encoding: chunked"
    assert b" 200 " in post_raw(tapback, head, [*chunks, b"0\r\n\r\n"])

    assert shown(alice).count("In pieces;") == 1


def test_an_endless_body_is_cut(tapback):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"

    assert b" 413 " in post_raw(tapback, f"{JSON}Transfer-Encoding: chunked", [chunk] * 4096)
