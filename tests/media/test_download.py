"""Hosts that lie, drip, never end or hang up."""

import gzip
import time
import tracemalloc

import pytest

from inbox.media.download import Missed, Patience, download
from inbox.media.hosts import Blocked, place
from tests.media.host import for_ever, hosting, ok, saying

SHORT = Patience(connect=1, between=1, total=2, most=1024 * 1024)


def fetch(answer, tmp_path, patience=SHORT):
    with hosting(answer) as host:
        return download(place(host.url(), "blooio", host.base_url), tmp_path / "file", patience)


def test_a_file_is_written_counted_and_hashed(tmp_path):
    found = fetch(ok(b"hello"), tmp_path)

    assert (tmp_path / "file").read_bytes() == b"hello"
    assert found.size == 5
    assert found.sha256.startswith("2cf24dba5fb0a30e")


def test_a_file_in_chunks_is_whole(tmp_path):
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    fetch(saying(start, b"3\r\nabc\r\n", b"2\r\nde\r\n", b"0\r\n\r\n"), tmp_path)

    assert (tmp_path / "file").read_bytes() == b"abcde"


def test_no_cookie_and_no_password_is_sent_and_nothing_packed_asked_for(tmp_path):
    with hosting(ok(b"x")) as host:
        download(place(host.url(), "blooio", host.base_url), tmp_path / "file", SHORT)

    (asked,) = host.asked
    assert asked.startswith(b"GET /sandbox/files/lamp.jpg HTTP/1.1\r\n")
    assert b"Accept-Encoding: identity" in asked
    assert not any(word in asked.lower() for word in (b"cookie", b"authorization"))


def test_too_large_by_its_own_word_is_not_read(tmp_path):
    start = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"

    with pytest.raises(Blocked, match="larger than 1 MB"):
        fetch(saying(start), tmp_path)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n",
    ],
)
def test_an_endless_file_is_cut_off_and_costs_no_memory(tmp_path, start):
    tracemalloc.start()

    with pytest.raises(Blocked, match="larger than 1 MB"):
        fetch(for_ever(start, b"x" * 65536), tmp_path)

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 * 1024 * 1024


def test_endless_chunks_are_cut_off_too(tmp_path):
    start = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"

    with pytest.raises(Blocked, match="larger than 1 MB"):
        fetch(for_ever(start, b"10000\r\n" + b"x" * 65536 + b"\r\n"), tmp_path)


@pytest.mark.parametrize(
    "start",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-Slow: ",
        b"HTTP/1.1 ",
        b"",
    ],
)
def test_who_drips_is_cut_off_at_the_deadline(tmp_path, start):
    began = time.monotonic()

    with pytest.raises(Missed, match="too long"):
        fetch(for_ever(start, b"1", every=0.1), tmp_path)

    assert time.monotonic() - began < 4


def test_who_says_nothing_is_left_after_a_while(tmp_path):
    began = time.monotonic()

    with pytest.raises(Missed, match="broke"):
        fetch(saying(b"", every=5), tmp_path)

    assert time.monotonic() - began < 3


@pytest.mark.parametrize(
    "answer",
    [
        saying(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nonly this"),
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100\r\nabc"),
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc"),
        saying(b"nonsense\r\n\r\n"),
        saying(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"),
        saying(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000),
        saying(b""),
    ],
)
def test_a_broken_answer_may_be_whole_next_time(tmp_path, answer):
    with pytest.raises(Missed) as missed:
        fetch(answer, tmp_path)

    assert missed.value.passing


def test_an_empty_file_is_none(tmp_path):
    with pytest.raises(Missed, match="empty"):
        fetch(ok(b""), tmp_path)


def test_a_redirect_is_not_followed(tmp_path):
    with hosting(ok(b"secret")) as inside:
        moved = f"HTTP/1.1 302 Found\r\nLocation: {inside.url()}\r\nContent-Length: 0\r\n\r\n"

        with pytest.raises(Blocked, match="points to another address"):
            fetch(saying(moved.encode()), tmp_path)

        assert inside.connections == 0


def test_what_is_packed_is_not_unpacked(tmp_path):
    bomb = gzip.compress(b"\0" * 50_000_000)

    with pytest.raises(Blocked, match="packed"):
        fetch(ok(bomb, "Content-Encoding: gzip"), tmp_path)

    assert not (tmp_path / "file").exists()


@pytest.mark.parametrize(
    ("status", "passing"),
    [(400, False), (401, False), (410, False), (403, True), (404, True), (429, True), (503, True)],
)
def test_an_error_passes_or_does_not(tmp_path, status, passing):
    with pytest.raises(Missed) as missed:
        fetch(saying(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n".encode()), tmp_path)

    assert missed.value.passing is passing


def test_a_full_disk_is_not_filled_further(tmp_path, monkeypatch):
    class Usage:
        free = 100 * 1024 * 1024

    monkeypatch.setattr("inbox.media.download.shutil.disk_usage", lambda folder: Usage)

    with pytest.raises(Missed, match="too little room"):
        fetch(ok(b"hello"), tmp_path)
