"""Two processes and Redis between them."""

import os
import shutil
import socket
import subprocess
import time

import pytest
from browsers import Browser
from conftest import end, start


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory):
    if not shutil.which("redis-server"):
        assert not os.environ.get("CI"), "redis-server is missing"
        pytest.skip("redis-server is missing")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", ""]
    process = subprocess.Popen(
        command, cwd=tmp_path_factory.mktemp("redis"), stdout=subprocess.DEVNULL
    )
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait()


@pytest.fixture(scope="module")
def pair(redis_url):
    both = [start(TINY_REDIS=redis_url), start(TINY_REDIS=redis_url)]
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
