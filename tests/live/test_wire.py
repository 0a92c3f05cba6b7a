"""What goes over a browser's WebSocket, byte for byte."""

import struct
import time

import pytest
from browsers import Gone


def test_compression_is_refused_though_browsers_offer_it(browse):
    browser = browse("1/s/red", more="Sec-WebSocket-Extensions: permessage-deflate\r\n")

    assert browser.status == 101
    assert "Extensions" not in browser.head


def test_a_handshake_of_another_version_is_refused(tiny):
    import http.client

    connection = http.client.HTTPConnection("127.0.0.1", tiny.port, timeout=5)
    headers = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "8"}
    connection.request("GET", "/socket.io/?EIO=4&transport=websocket", headers=headers)
    answer = connection.getresponse()
    connection.close()

    assert answer.status == 400
    assert answer.headers["Sec-WebSocket-Version"] == "13"


def test_a_slow_reader_gets_every_frame_whole_and_in_order(tiny, browse):
    browser = browse("1/s/red", room=4096).connect()

    tiny.post("/emit/red?n=1200&size=600")
    time.sleep(0.3)

    heard = [browser.changed() for _ in range(1200)]
    assert [one["i"] for one in heard] == list(range(1200))
    assert {len(one["text"]) for one in heard} == {600}


def test_frames_of_every_size_arrive_whole(tiny, browse):
    browser = browse("1/s/red").connect()

    for size in (0, 100, 125, 126, 65_535, 65_536, 900_000):
        tiny.post(f"/emit/red?size={size}")
        assert len(browser.changed()["text"]) == size


def test_who_takes_nothing_is_cut_off_and_not_given_a_broken_stream(tiny, browse):
    browser = browse("1/s/red", room=4096).connect()

    tiny.post("/emit/red?n=20000&size=600")
    time.sleep(0.3)

    heard = browser.until_gone()
    assert 0 < len(heard) < 20_000
    assert [one["i"] for one in heard] == list(range(len(heard)))


def test_memory_stays_bounded_while_nobody_reads(own_tiny, browse):
    for number in range(5):
        browse(f"1/s/room{number}", port=own_tiny.port, room=4096).connect()
    before = own_tiny.room("room0")["rss"]

    for number in range(5):
        own_tiny.post(f"/emit/room{number}?n=4000&size=3000")

    assert own_tiny.room("room0")["rss"] - before < 20_000_000
    assert own_tiny.room("room0")["wires"] == 0


def test_others_hear_on_while_one_takes_nothing(tiny, browse):
    browse("1/s/red", room=4096).connect()
    awake = browse("2/s/red").connect()

    for _ in range(20):
        tiny.post("/emit/red?n=100&size=1500")
        heard = [awake.changed()["i"] for _ in range(100)]

        assert heard == list(range(100))


def test_a_protocol_ping_is_answered(browse):
    browser = browse("1/s/red").connect()

    browser.frame(0x89, b"are you there")

    assert browser.receive() == (10, b"are you there")


def test_a_message_in_fragments_is_understood(browse):
    browser = browse("1/s/red")
    browser.text()

    browser.frame(0x01, b"4")
    browser.frame(0x89, b"in between")
    browser.frame(0x80, b"0")

    assert browser.receive() == (10, b"in between")
    assert browser.text().startswith("40")


@pytest.mark.parametrize("whole", [True, False])
def test_too_long_a_message_closes(browse, whole):
    browser = browse("1/s/red").connect()

    if whole:
        browser.frame(0x81, b"4" + b"x" * 16_384)
    else:
        for _ in range(17):
            browser.frame(0x01 if _ == 0 else 0x00, b"4" * 1024)

    opcode, body = browser.receive()
    assert (opcode, struct.unpack("!H", body[:2])[0]) == (8, 1009)
    assert browser.until_gone() == []


def test_a_close_is_answered_and_nothing_follows(browse):
    browser = browse("1/s/red").connect()

    browser.frame(0x88, struct.pack("!H", 1001))

    assert browser.receive() == (8, struct.pack("!H", 1001))
    with pytest.raises(Gone):
        browser.receive()
    assert browser.buffer == b""


def test_nonsense_is_closed_with_a_reason(browse):
    browser = browse("1/s/red").connect()

    browser.frame(0x83, b"no such opcode")

    opcode, body = browser.receive()
    assert (opcode, struct.unpack("!H", body[:2])[0]) == (8, 1002)


def test_a_closed_wire_is_forgotten(tiny, browse):
    browser = browse("1/s/fleeting").connect()
    assert tiny.room("fleeting")["here"] == 1

    browser.close()
    time.sleep(0.2)

    assert tiny.room("fleeting")["here"] == 0
