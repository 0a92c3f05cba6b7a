"""What strangers can and cannot do to the HTTP server."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection, HTTPResponse

import pytest

MIB = 1024 * 1024


class Raw:
    """A connection on which anything can be said."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=5)

    def say(self, data: bytes) -> None:
        self.socket.sendall(data)

    def answer(self) -> HTTPResponse:
        response = HTTPResponse(self.socket)
        response.begin()
        return response

    def status(self) -> int:
        response = self.answer()
        response.read()
        response.close()
        return response.status

    def closed(self) -> bool:
        try:
            return self.socket.recv(1) == b""
        except ConnectionResetError:
            return True


@pytest.fixture
def raw(tiny) -> Iterator[Callable[..., Raw]]:
    opened: list[Raw] = []

    def connect(port: int = 0) -> Raw:
        opened.append(Raw(port or tiny.port))
        return opened[-1]

    yield connect
    for one in opened:
        one.socket.close()


def head(path: str, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", *headers, "", ""]
    return "\r\n".join(lines).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def test_a_body_as_large_as_allowed_is_read(raw):
    client = raw()

    client.say(head("/upload", f"Content-Length: {MIB}") + b"x" * MIB)

    response = client.answer()
    assert (response.status, response.read()) == (200, str(MIB).encode())


def test_a_chunked_body_as_large_as_allowed_is_read_and_the_connection_kept(raw):
    client = raw()

    client.say(head("/upload", "Transfer-Encoding: chunked"))
    client.say(chunk(b"x" * (MIB - 5)) + chunk(b"12345") + b"0\r\n\r\n")
    assert client.status() == 200

    client.say(head("/upload", "Content-Length: 1") + b"x")
    assert client.status() == 200


def test_one_byte_more_is_refused_and_the_connection_closed(raw):
    client = raw()

    client.say(head("/upload", f"Content-Length: {MIB + 1}") + b"x" * (MIB + 1))

    assert client.status() == 413
    assert client.closed()


def test_one_byte_more_in_chunks_is_refused(raw):
    client = raw()

    client.say(head("/upload", "Transfer-Encoding: chunked"))
    client.say(chunk(b"x" * (MIB + 1)) + b"0\r\n\r\n")

    assert client.status() == 413


def test_an_endless_body_is_refused_and_cut_off_without_being_kept(own_tiny, raw):
    before = own_tiny.room("red")["rss"]
    client = raw(own_tiny.port)
    client.socket.settimeout(0.05)
    client.say(head("/upload", "Transfer-Encoding: chunked"))

    sent, started = 0, time.monotonic()
    with pytest.raises((ConnectionResetError, BrokenPipeError)):
        while time.monotonic() - started < 4:
            try:
                client.say(chunk(b"x" * 65_536))
                sent += 65_536
            except TimeoutError:
                break
            time.sleep(0.002)

    assert sent > 2 * MIB
    assert time.monotonic() - started < 3
    assert own_tiny.room("red")["rss"] - before < 8 * MIB


def test_who_stops_to_listen_gets_the_answer_to_an_endless_body(raw):
    client = raw()

    client.say(head("/upload", "Transfer-Encoding: chunked"))
    for _ in range(30):
        client.say(chunk(b"x" * 65_536))

    assert client.status() == 413
    assert client.closed()


def test_a_body_nobody_read_does_not_become_the_next_request(raw):
    client = raw()

    client.say(head("/unread", "Content-Length: 20") + b"GET /slow HTTP/1.1\r\n")
    assert client.status() == 200

    client.say(head("/unread", "Content-Length: 0"))
    response = client.answer()
    assert response.read() == b"not even looked at"


def test_who_waits_for_a_continue_is_not_waited_for(raw):
    client = raw()

    client.say(head("/unread", "Content-Length: 100", "Expect: 100-continue"))

    assert client.status() == 200


def test_an_expected_body_is_asked_for(raw):
    client = raw()

    client.say(head("/upload", "Content-Length: 3", "Expect: 100-continue"))
    assert client.socket.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    client.say(b"abc")

    assert client.answer().read() == b"3"


def test_an_upgrade_that_is_none_does_not_lend_out_the_connection(raw):
    client = raw()

    client.say(head("/upload", "Content-Length: 3", "Connection: upgrade", "Upgrade: h2c"))
    client.say(b"abcGET /slow HTTP/1.1\r\n\r\n")

    assert client.answer().read() == b"3"


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Length: 3", "Transfer-Encoding: chunked"],
        ["Content-Length: 3", "Content-Length: 4"],
        ["Content-Length: +3"],
        ["Content-Length: 3_0"],
        ["Content-Length: -3"],
        ["Transfer-Encoding: gzip, chunked"],
        ["Transfer-Encoding : chunked"],
        ["Transfer-Encoding: chunked", "Transfer-Encoding: chunked"],
    ],
)
def test_a_body_that_ends_in_two_places_is_refused(raw, headers):
    client = raw()

    client.say(head("/upload", *headers) + b"3\r\nabc\r\n0\r\n\r\n")

    assert client.status() == 400
    assert client.closed()


@pytest.mark.parametrize(("body", "status"), [(b"zz\r\nabc", 400), (b"5\r\nabc", 408), (b"", 408)])
def test_a_chunked_body_that_is_wrong_or_does_not_come(raw, body, status):
    client = raw()

    client.say(head("/upload", "Transfer-Encoding: chunked") + body)

    assert client.status() == status
    assert client.closed()


def test_a_body_that_breaks_off_does_no_harm(raw, tiny):
    client = raw()

    client.say(head("/upload", "Content-Length: 10") + b"abc")
    client.socket.shutdown(socket.SHUT_WR)

    assert client.status() == 400


@pytest.mark.parametrize("start", [b"GET /slow HTTP/1.1\r\n", b"GET /sl"])
def test_who_dawdles_over_the_head_is_closed(raw, start):
    client = raw()
    started = time.monotonic()

    client.say(start)
    while time.monotonic() - started < 3:
        try:
            client.say(b"a: b\r\n" if start.endswith(b"\n") else b"a")
        except (BrokenPipeError, ConnectionResetError):
            break
        time.sleep(0.1)

    assert time.monotonic() - started < 2.5


def test_who_says_nothing_is_closed(raw):
    assert raw().closed()


@pytest.mark.parametrize("line", [b"a: " + b"b" * 40_000 + b"\r\n", b"a: b\r\n" * 6_000])
def test_too_large_a_head_is_refused(raw, line):
    client = raw()

    client.say(b"GET /slow HTTP/1.1\r\n" + line)

    assert client.status() == 431


def test_too_long_an_address_is_refused(raw):
    client = raw()

    client.say(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n")

    assert client.status() == 414


def test_the_server_does_not_say_what_it_is(raw):
    client = raw()

    client.say(head("/unread", "Content-Length: 0"))

    assert client.answer().headers["Server"] is None


def test_a_request_in_two_packets_is_answered_without_delay(tiny):
    connection = HTTPConnection("127.0.0.1", tiny.port, timeout=5)
    started = time.monotonic()
    for _ in range(20):
        connection.request("POST", "/upload", body=iter([b"a", b"b"]), encode_chunked=True)
        assert connection.getresponse().read() == b"2"
    connection.close()

    assert time.monotonic() - started < 0.6


def test_stopping_finishes_what_is_under_way(own_tiny, raw):
    busy, idle = raw(own_tiny.port), raw(own_tiny.port)
    idle.say(head("/unread", "Content-Length: 0"))
    idle.status()
    busy.say(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.2)

    own_tiny.process.terminate()

    assert idle.closed()
    with pytest.raises(ConnectionRefusedError):
        raw(own_tiny.port)
    assert busy.answer().read() == b"done"
    assert own_tiny.process.wait(3) == 0


def test_stopping_does_not_wait_for_ever(own_tiny, raw):
    client = raw(own_tiny.port)
    client.say(head("/upload", "Content-Length: 1000000"))
    time.sleep(0.1)

    own_tiny.process.terminate()

    with pytest.raises(subprocess.TimeoutExpired):
        own_tiny.process.wait(0.2)
    assert own_tiny.process.wait(7) == 0
