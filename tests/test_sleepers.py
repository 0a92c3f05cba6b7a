"""Real processes on a machine that sleeps for a day, or whose clock is wrong."""

import re
import time
from collections.abc import Iterator

import pytest

from inbox.sandbox import Sandbox
from tests.processes import pretending, wait_until

CAROL = "+14155550132"
BUBBLE = re.compile(r'<article[^>]*?data-direction="(\w+)"[^>]*?data-state="(\w+)"', re.S)
DAY = 25 * 3600.0


@pytest.fixture
def provider(wall_clock) -> Iterator[Sandbox]:
    with pretending(clock=wall_clock, retry_scale=0.001) as sandbox:
        yield sandbox


@pytest.fixture
def alice(nursed):
    return nursed.visitor("alice@example.com")


@pytest.fixture
def carol(nursed, provider, alice) -> int:
    """The conversation with Carol, who has written."""
    provider.say(CAROL, "Hi")
    found: list[str] = []

    def known() -> bool:
        found[:] = re.findall(r'id="conversation-(\d+)"', alice.get("/conversations").text)
        return bool(found)

    wait_until(known, "conversation with Carol")
    return int(found[0])


def page(alice, carol) -> str:
    return str(alice.get(f"/conversations/{carol}/changes?after=0").json()["html"])


def shown(alice, carol) -> list[str]:
    """The states of our bubbles."""
    bubbles = BUBBLE.findall(page(alice, carol))
    return [state for direction, state in bubbles if direction == "out"]


def texts(provider) -> list[str]:
    return [one["body"]["text"] for one in provider.sent()]


def test_a_laptop_that_sleeps_for_a_day_sends_nothing_twice(
    nursed, provider, wall_clock, alice, carol
):
    provider.weather("drop")
    alice.write(carol, "First")
    alice.write(carol, "Second")
    wait_until(lambda: texts(provider), "message that the provider has taken")

    with nursed.asleep():
        provider.weather()
        wall_clock.ahead += DAY
        nursed.set_clock(wall_clock.ahead)

    visitor = nursed.visitor("alice@example.com")
    wait_until(lambda: shown(visitor, carol) == ["delivered"] * 2, "delivery of both")
    assert texts(provider) == ["First", "Second"]


@pytest.mark.parametrize("hours", [1, -1], ids=["fast", "slow"])
def test_what_a_wrong_clock_turned_away_is_there_once_it_is_right(
    nursed, provider, wall_clock, alice, carol, hours
):
    nursed.set_clock(hours=hours)
    visitor = nursed.visitor("alice@example.com")
    visitor.write(carol, "How are you?")
    wait_until(lambda: texts(provider), "message that the provider has taken")
    provider.say(CAROL, "Fine;")
    refused = "SELECT count(*) FROM attempt WHERE response_status = 401"
    wait_until(lambda: provider.box.store.number(refused) >= 12, "refused webhook")
    assert shown(visitor, carol) == ["accepted"]

    nursed.kill()
    wall_clock.ahead += 60
    nursed.set_clock(wall_clock.ahead)
    nursed.start()

    visitor = nursed.visitor("alice@example.com")
    wait_until(lambda: shown(visitor, carol) == ["delivered"], "delivery")
    wait_until(lambda: page(visitor, carol).count("Fine;") == 1, "message that was refused")
    assert texts(provider) == ["How are you?"]


def test_a_clock_that_jumps_while_much_is_under_way_repeats_nothing(nursed, provider, alice, carol):
    wanted = [f"Part {number}" for number in range(20)]
    provider.weather("drop=0.3", "500=0.3", seed=4)
    assert {alice.write(carol, words) for words in wanted} == {204}

    for hours in (1, -1, 0) * 4:
        nursed.set_clock(hours=hours)
        time.sleep(0.2)
    assert len(texts(provider)) < len(wanted) and sum(provider.struck.values()) >= 2
    provider.weather()
    nursed.kill()
    nursed.start()

    wait_until(lambda: len(texts(provider)) == len(wanted), "last part")
    assert texts(provider) == wanted
