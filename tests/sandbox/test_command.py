"""The sandbox in processes of the product, where sockets are gevent's: alone, and inside `run`."""

import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest
import requests

from inbox.config import ROOT
from inbox.sandbox import KINDS, panel_address
from tests.engines import ended, launched, wait_for
from tests.processes import running, wait_until
from tests.sandbox.client import CAROL, chat_path

KEY = {"Authorization": "Bearer bl_sandbox_key"}
PANEL = {"X-Sandbox-Panel": "/sandbox"}


@pytest.fixture
def sandbox(tmp_path):
    """Starts `inbox sandbox` with more words; gives what it has printed."""
    started = []

    def sandbox(*words):
        log = tmp_path / "sandbox.log"
        command = [sys.executable, "-u", "-m", "inbox", "sandbox", "--port", "0", *words]
        started.append(launched(command, log, signal.SIGKILL, cwd=ROOT))
        wait_for(lambda: "/sandbox" in log.read_text(), started[-1], log)
        return log.read_text()

    yield sandbox
    for process in started:
        ended(process, signal.SIGKILL)


def refused(*words):
    command = [sys.executable, "-m", "inbox", "sandbox", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30)
    return done.returncode, done.stderr


def address(printed, ending):
    return re.search(rf"http://127.0.0.1:\d+{ending}", printed).group()


def post(api):
    url = f"{api}{chat_path(CAROL)}/messages"
    return requests.post(url, json={"text": "hi"}, headers=KEY, timeout=5)


def test_it_starts_with_faults_and_says_where_its_page_is(sandbox):
    printed = sandbox("--fault", "500:1", "--fault", "429/date=0.5", "--seed", "7")

    page = address(printed, "/sandbox")
    weather = requests.get(f"{page}/now", timeout=5).json()["weather"]
    assert weather["seed"] == 7
    assert [one["name"] for one in weather["switches"]] == ["500", "429"]
    assert post(address(printed, "/v2/api")).status_code == 500


def test_connections_are_really_cut(sandbox):
    cutting = ("reset:1", "reset_after:1", "drop:1", "hang/0:1")
    printed = sandbox(*(word for fault in cutting for word in ("--fault", fault)))
    api, page = address(printed, "/v2/api"), address(printed, "/sandbox")

    cuts = []
    for _ in range(4):
        with pytest.raises(requests.ConnectionError) as cut:
            post(api)
        cuts.append("Connection reset" in str(cut.value))

    assert cuts == [True, True, False, False]
    assert post(api).status_code == 202
    assert requests.get(f"{page}/now", timeout=5).json()["total"] == 3


def test_a_wrong_fault_is_told_all_names_in_a_sentence():
    status, said = refused("--fault", "rain")

    assert status == 2
    assert said.count("\n") == 1
    assert all(name in said for name in KINDS)


@pytest.mark.parametrize("word", ["500=2", "500:x", "429/never", "lost@all", "=0.1"])
def test_a_fault_that_cannot_be_is_a_sentence(word):
    status, said = refused("--fault", word)

    assert (status, said.count("\n")) == (2, 1)


def test_a_taken_port_is_a_sentence(sandbox):
    port = address(sandbox(), "/sandbox").split(":")[2].removesuffix("/sandbox")

    assert refused("--port", port) == (2, f"Port {port} cannot be used: Address already in use.\n")


def test_the_one_inside_the_product_keeps_its_page_and_its_weather_is_survived(tmp_path):
    with running(tmp_path) as tapback:
        tapback.add_user("alice@example.com", "Alice Archer")
        page = embedded_page(tmp_path)
        switches = {"switches": ["reset:1", "reset_after:1"]}
        requests.put(f"{page}/weather", json=switches, headers=PANEL, timeout=5).raise_for_status()

        alice = tapback.visitor("alice@example.com")
        assert alice.write(1, "Hello") == 204

        wait_until(lambda: struck(page) == {"reset": 1, "reset_after": 1}, "weather")
        wait_until(lambda: sends(page) == [(["Hello"], 1)], "one send, asked for again")
        tapback.kill()
        tapback.start()

        wait_until(lambda: answers(page), "page at the same address")
        assert embedded_page(tmp_path) == page


def embedded_page(folder):
    def base_url():
        with closing(sqlite3.connect(folder / "data" / "inbox.db")) as database:
            return (database.execute("SELECT base_url FROM line").fetchone() or [None])[0]

    wait_until(base_url, "line of the sandbox")
    return panel_address(base_url())


def answers(page):
    try:
        return requests.get(page, timeout=5).status_code == 200
    except requests.ConnectionError:
        return False


def now(page):
    return requests.get(f"{page}/now", timeout=5).json()


def struck(page):
    return now(page)["weather"]["struck"]


def sends(page):
    return [(sent["bubbles"], sent["repeats"]) for sent in now(page)["sent"]]
