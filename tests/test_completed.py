"""Real processes: what nobody was told is there after the start, or after `inbox replay`."""

import re
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import create_engine, text

from inbox.config import ROOT
from inbox.providers.blooio import Blooio
from inbox.sandbox import Sandbox
from tests.processes import KEY, Tapback, pretending, wait_until

CAROL = "+14155550132"
HOUR = 3_600_000


@pytest.fixture
def provider() -> Iterator[Sandbox]:
    with pretending(speed=50.0) as sandbox:
        yield sandbox


@pytest.fixture
def sql(tapback: Tapback):
    """Asks the database of the process, from outside."""
    url = tapback.settings.get("DATABASE_URL", f"sqlite:///{tapback.folder}/data/inbox.db")
    engine = create_engine(url)

    def sql(statement: str, **given: Any) -> list[Any]:
        with engine.begin() as connection:
            done = connection.execute(text(statement), given)
            return [tuple(row) for row in done] if done.returns_rows else []

    yield sql
    engine.dispose()


@pytest.fixture
def alice(tapback: Tapback):
    tapback.add_user("alice@example.com", "Alice Archer")
    return tapback.visitor("alice@example.com")


def ago(hours: float) -> int:
    return int(time.time() * 1000 - hours * HOUR)


def been_here(sql, hours: float) -> None:
    """As if the line had been made, and verified for the last time, that long ago."""
    earlier = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() - hours * 3600))
    sql("update line set created_at = :at", at=earlier)
    sql("update verification set started_at = :at, ended_at = :at", at=earlier)


def age_sent(provider: Sandbox, hours: float) -> None:
    provider.box.store.run(
        "UPDATE message SET time_sent = ? + seq, time_delivered = ? + seq"
        " WHERE direction = 'outbound'",
        ago(hours),
        ago(hours),
    )


def verified(sql) -> bool:
    return sql("select count(*) from verification where ended_at is null") == [(0,)] and bool(
        sql("select 1 from verification")
    )


def replay(tapback: Tapback, *words: str) -> tuple[int, str]:
    done = subprocess.run(
        [sys.executable, "-m", "inbox", "replay", *words],
        cwd=ROOT,
        env=tapback.environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_three_hours_without_us_are_made_up_for_at_the_start(tapback, provider, alice, sql):
    tapback.receive(CAROL, "Hi")
    (conversation,) = re.findall(r'id="conversation-(\d+)"', alice.get("/conversations").text)
    wait_until(lambda: verified(sql), "first verification")
    provider.weather("lost")
    for number in range(20):
        assert alice.write(int(conversation), f"Reply {number:02}") == 204
    accepted = "select count(*) from message where status = 'accepted'"
    wait_until(lambda: sql(accepted) == [(20,)], "replies that were taken")
    listed = Blooio(provider.url, KEY)
    wait_until(
        lambda: [m.status for m in listed.messages(CAROL)].count("delivered") == 20, "deliveries"
    )
    tapback.kill()
    been_here(sql, hours=4)
    age_sent(provider, hours=3.5)
    wanted = [f"While you were away {number:02}" for number in range(50)]
    for number, words in enumerate(wanted):
        provider.say(CAROL, words, at=ago(3) + number * 60_000)
    assert sql("select count(*) from message where direction = 'in'") == [(1,)]
    assert sql(accepted) == [(20,)]

    tapback.start()
    wait_until(lambda: sql("select 1 from verification where missing_messages > 0"), "find")
    wait_until(lambda: verified(sql), "verification")

    figures = "select missing_messages, missing_reports, still_missing, error from verification"
    assert sql(f"{figures} where missing_messages > 0") == [(50, 20, 0, None)]
    told = sql("select text from message where found_at is not null order by at, id")
    assert [words for (words,) in told] == wanted
    states = sql("select status, count(*) from message where direction = 'out' group by status")
    assert states == [("delivered", 20)]

    code, said = replay(tapback)
    assert (code, "nothing missing" in said) == (0, True)
    assert sql(f"{figures} order by id desc limit 1") == [(0, 0, 0, None)]
    assert sql("select count(*) from message") == [(71,)]


def test_replay_hands_over_to_the_process_that_runs(tapback, provider, sql):
    wait_until(lambda: verified(sql), "first verification")
    been_here(sql, hours=2)
    provider.weather("lost")
    provider.say(CAROL, "Lost", at=ago(1))

    code, said = replay(tapback)

    assert (code, "1 message had not arrived and was fetched" in said) == (0, True), said
    assert sql("select text from message") == [("Lost",)]
    assert sql("select kind from verification order by id desc limit 1") == [("asked",)]


def test_replay_works_alone_and_as_far_back_as_it_is_told(tapback, provider, sql):
    wait_until(lambda: verified(sql), "first verification")
    tapback.kill()
    provider.weather("lost")
    provider.say(CAROL, "From before", at=ago(30))

    assert replay(tapback)[0] == 0
    assert sql("select text from message") == []

    code, said = replay(tapback, "--since", "2 days")
    assert (code, "1 message had not arrived and was fetched" in said) == (0, True), said
    assert sql("select text from message") == [("From before",)]


def test_replay_says_what_it_could_not_ask(tapback, provider, sql):
    wait_until(lambda: verified(sql), "first verification")
    provider.trouble({"method": "GET", "path": "/chats", "status": 401, "times": 9})

    code, said = replay(tapback)

    assert code == 1
    assert "could not be compared. Blooio does not accept the API key of this line." in said


@pytest.mark.parametrize("since", ["yesterday", "2099-01-01T10:00", "3 fortnights", ""])
def test_replay_says_how_to_write_a_time(tapback, since):
    code, said = replay(tapback, f"--since={since or ' '}")

    assert code == 1
    assert "--since" in said and "Traceback" not in said
