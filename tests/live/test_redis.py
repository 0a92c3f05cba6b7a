"""Two processes and Redis between them."""

import os
import shutil
import socket
import subprocess
import time
from contextlib import suppress

import pytest
from browsers import Browser
from conftest import end, start


class Redis:
    """A server of our own on a port that stays the same when it is restarted."""

    def __init__(self, folder) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.folder = folder
        self.start()

    def start(self) -> None:
        command = ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", ""]
        self.process = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL)
        self._wait()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait()

    def _wait(self) -> None:
        for _ in range(100):
            with suppress(ConnectionRefusedError):
                return socket.create_connection(("127.0.0.1", self.port)).close()
            time.sleep(0.03)


@pytest.fixture(scope="module")
def redis(tmp_path_factory):
    if not shutil.which("redis-server"):
        assert not os.environ.get("CI"), "redis-server is missing"
        pytest.skip("redis-server is missing")
    running = Redis(tmp_path_factory.mktemp("redis"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def pair(redis):
    url = f"redis://127.0.0.1:{redis.port}/0"
    both = [start(TINY_REDIS=url), start(TINY_REDIS=url)]
    yield both
    for one in both:
        end(one)


@pytest.fixture
def listeners(pair):
    """A browser at each process, both known to listen."""
    browsers = [Browser(one.port, f"{at}/s{at}/red").connect() for at, one in enumerate(pair, 1)]
    time.sleep(0.2)
    yield browsers
    for browser in browsers:
        browser.close()


def test_what_one_process_says_is_heard_at_both_once(pair, listeners):
    pair[0].post("/emit/red?n=3")

    for browser in listeners:
        assert [browser.changed()["i"] for _ in range(3)] == [0, 1, 2]
        assert browser.silent(0.1)


def test_a_cut_reaches_the_other_process(pair, listeners):
    pair[0].post("/cut/user-2")

    assert listeners[1].until_gone() == []
    pair[1].post("/emit/red")
    assert listeners[0].changed()


def test_after_redis_was_away_everyone_connects_anew(redis, pair, listeners):
    redis.stop()
    pair[0].post("/emit/red")
    redis.start()

    assert len(listeners[0].until_gone()) == 1
    assert listeners[1].until_gone() == []
    again = Browser(pair[1].port, "2/s2/red").connect()
    pair[0].post("/emit/red?n=2")
    assert [again.changed()["i"] for _ in range(2)] == [0, 1]
    again.close()


def test_somebody_may_always_be_listening_elsewhere(pair, listeners):
    assert pair[0].room("nobody-here")["anyone"] is True


def test_without_redis_a_process_still_speaks_to_its_own(browse_alone):
    tiny, browser = browse_alone
    started = time.monotonic()

    tiny.post("/emit/red")

    assert browser.changed()
    assert time.monotonic() - started < 3


@pytest.fixture
def browse_alone():
    tiny = start(TINY_REDIS="redis://127.0.0.1:1/0")
    browser = Browser(tiny.port, "1/s/red").connect()
    yield tiny, browser
    browser.close()
    end(tiny)
