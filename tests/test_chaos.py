"""Chaos: two hundred messages through power cuts and a provider that does everything wrong. Each
arrives once, in its order, and the page says of each what the provider says."""

from collections import Counter
from collections.abc import Iterator

import pytest

from inbox.sandbox import Sandbox
from tests.processes import pretending
from tests.storm import EACH, PEOPLE, Storm

SEEDS, MANY_SEEDS = 10, 100


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        count = MANY_SEEDS if metafunc.config.getoption("long") else SEEDS
        metafunc.parametrize("seed", range(count))


@pytest.fixture
def cuts(request: pytest.FixtureRequest) -> int:
    """How often the power is cut: in a long run until all is taken."""
    return 60 if request.config.getoption("long") else 6


@pytest.fixture
def provider(wall_clock) -> Iterator[Sandbox]:
    with pretending(clock=wall_clock, retry_scale=0.02, webhook_timeout=3.0) as sandbox:
        yield sandbox


def test_nothing_is_lost_repeated_or_misstated(nursed, provider, wall_clock, seed, cuts):
    storm = Storm(nursed, provider, wall_clock, seed, most=cuts)
    storm.gather()

    storm.blow()
    assert storm.written == PEOPLE * EACH
    assert storm.kills >= 3 and sum(provider.struck.values()) >= 20, storm
    storm.calm()
    storm.settle()

    keys = Counter(sent["idempotency_key"] for sent in provider.sent())
    assert len(keys) == PEOPLE * EACH and set(keys.values()) == {1}, storm
    assert storm.taken() == storm.wanted, storm
    assert not any(storm.wrong(person) for person in storm.people), storm
