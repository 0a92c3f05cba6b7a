"""Who hears what, and who is let in."""

import time

import pytest
import requests
import socketio
from browsers import Gone


def test_whoever_is_in_the_room_hears_it(tiny, browse):
    browser = browse("1/s/red,blue").connect()

    tiny.post("/emit/blue")

    assert browser.changed() == {"i": 0, "text": "x" * 10}


def test_rooms_do_not_hear_each_other(tiny, browse):
    red, blue = browse("1/s/red").connect(), browse("2/s/blue").connect()

    tiny.post("/emit/red")

    assert red.changed()
    assert blue.silent()


def test_two_hundred_get_the_same_frame(tiny, browse):
    crowd = [browse(f"{number}/s{number}/crowd").connect() for number in range(1, 201)]

    tiny.post("/emit/crowd?n=3&size=500")

    heard = {tuple(browser.text() for _ in range(3)) for browser in crowd}
    assert len(heard) == 1


def test_without_a_session_nobody_is_let_in(browse):
    browser = browse()
    browser.text()

    browser.say("40")

    assert browser.text().startswith("44")


def test_who_was_refused_hears_nothing(tiny, browse):
    browser = browse()
    browser.text()
    browser.say("40")
    browser.text()
    assert tiny.room("red")["anyone"] is False

    tiny.post("/emit/red")

    assert browser.silent()


@pytest.mark.parametrize(
    ("origin", "status"),
    [
        ("https://desk.example.com", 101),
        ("HTTPS://desk.example.com:443", 101),
        ("http://127.0.0.1:{port}", 101),
        ("http://desk.example.com", 400),
        ("https://desk.example.com.evil.example", 400),
        ("https://evil.example", 400),
        ("null", 400),
        ("http://[", 400),
    ],
)
def test_only_our_own_pages_may_connect(tiny, browse, origin, status):
    browser = browse("1/s/red", origin=origin.format(port=tiny.port))

    assert browser.status == status


def test_forwarded_headers_do_not_make_an_origin_ours(browse):
    more = "X-Forwarded-Host: evil.example\r\nX-Forwarded-Proto: https\r\n"
    browser = browse("1/s/red", origin="https://evil.example", more=more)

    assert browser.status == 400


@pytest.mark.parametrize("room", ["red", "user-5", "session-s9"])
def test_a_cut_disconnects_everyone_in_the_room(tiny, browse, room):
    inside, outside = browse("5/s9/red").connect(), browse("6/s8/blue").connect()

    tiny.post(f"/cut/{room}")

    assert inside.until_gone() == []
    tiny.post("/emit/blue")
    assert outside.changed()


def test_nothing_is_heard_after_a_cut(tiny, browse):
    inside = browse("5/s9/red").connect()

    tiny.post("/cut/red")
    tiny.post("/emit/red")

    assert inside.until_gone() == []


def test_a_session_that_ends_before_the_rooms_are_joined_is_refused(tiny, browse):
    browser = browse("5/slow1/red")
    browser.text()
    browser.say("40")
    time.sleep(0.15)

    tiny.post("/end/slow1")

    assert browser.text().startswith("44")
    assert tiny.room("session-slow1")["here"] == 0


def test_a_session_that_ends_after_the_rooms_are_joined_is_cut(tiny, browse):
    browser = browse("5/slow2/red")
    browser.text()
    browser.say("40")
    time.sleep(0.45)
    assert tiny.room("session-slow2")["here"] == 1

    tiny.post("/end/slow2")

    assert browser.until_gone() == []
    time.sleep(0.3)
    assert tiny.room("session-slow2")["here"] == 0


def test_what_browsers_say_is_ignored(tiny, browse):
    browser = browse("5/s9/red").connect()

    browser.say('42["join","blue"]')
    browser.say('421["changed",{}]')
    browser.say('451-["file",{"_placeholder":true,"num":0}]')
    browser.frame(0x82, b"bytes")
    browser.say("40")
    assert browser.text().startswith("44")
    tiny.post("/emit/blue")

    assert browser.silent()
    tiny.post("/emit/red")
    assert browser.changed()


def test_anyone_in_knows_who_listens(tiny, browse):
    assert tiny.room("empty")["anyone"] is False

    browse("5/s9/empty").connect()

    assert tiny.room("empty")["anyone"] is True


def test_a_real_client_starts_by_polling_and_upgrades(tiny):
    client = socketio.Client(reconnection=False)
    heard = []
    client.on("changed", heard.append)

    client.connect(
        f"http://127.0.0.1:{tiny.port}",
        headers={"Cookie": "viewer=1/s/upgraded"},
        transports=["polling", "websocket"],
    )
    try:
        assert client.transport() == "websocket"
        tiny.post("/emit/upgraded?n=300&size=2000")
        deadline = time.monotonic() + 5
        while len(heard) < 300 and time.monotonic() < deadline:
            time.sleep(0.02)
    finally:
        client.disconnect()
    assert [one["i"] for one in heard] == list(range(300))


def test_a_client_that_only_polls_hears_too(tiny):
    address = f"http://127.0.0.1:{tiny.port}/socket.io/?EIO=4&transport=polling"
    with requests.Session() as browser:
        browser.headers["Cookie"] = "viewer=1/s/polled"
        sid = browser.get(address, timeout=5).text.split('"')[3]
        browser.post(f"{address}&sid={sid}", data="40", timeout=5)
        browser.get(f"{address}&sid={sid}", timeout=5)

        tiny.post("/emit/polled")

        assert '42["changed"' in browser.get(f"{address}&sid={sid}", timeout=5).text


def test_nothing_of_http_follows_on_an_upgraded_connection(tiny, browse):
    address = f"http://127.0.0.1:{tiny.port}/socket.io/?EIO=4&transport=polling"
    sid = requests.get(address, timeout=5).text.split('"')[3]
    browser = browse("1/s/red", sid=f"&sid={sid}")
    browser.say("2probe")
    assert browser.text() == "3probe"
    browser.say("5")
    assert browser.text() == "6"

    browser.frame(0x88, b"\x03\xe8")

    assert browser.receive() == (8, b"\x03\xe8")
    with pytest.raises(Gone):
        browser.receive()
    assert browser.buffer == b""


def test_who_polls_no_more_is_forgotten_under_a_flood(tiny):
    address = f"http://127.0.0.1:{tiny.port}/socket.io/?EIO=4&transport=polling"
    with requests.Session() as browser:
        browser.headers["Cookie"] = "viewer=1/s/left"
        sid = browser.get(address, timeout=5).text.split('"')[3]
        browser.post(f"{address}&sid={sid}", data="40", timeout=5)
    assert tiny.room("left")["here"] == 1

    tiny.post("/emit/left?n=1500")

    assert tiny.room("left")["here"] == 0


def test_the_end_of_the_process_is_a_goodbye(own_tiny, browse):
    browser = browse("1/s/red", port=own_tiny.port).connect()

    own_tiny.process.terminate()

    assert browser.text() == "1"
    opcode, body = browser.receive()
    assert opcode == 8
    browser.frame(0x88, body)
    with pytest.raises(Gone):
        browser.receive()
    assert own_tiny.process.wait(5) == 0
