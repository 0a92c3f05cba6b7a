"""Chaos: two hundred messages through power cuts and a provider that does everything wrong. Each
arrives once, in its order, and the page says of each what the provider says."""

import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from inbox.sandbox import Sandbox
from tests.engines import Postgres
from tests.nursery import Nursed, Nursery, nursing
from tests.processes import pretending
from tests.storm import EACH, PEOPLE, Clock, Storm

SEEDS, MANY_SEEDS = 10, 100


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        count = MANY_SEEDS if metafunc.config.getoption("long") else SEEDS
        metafunc.parametrize("seed", range(count))


@pytest.fixture
def cuts(request: pytest.FixtureRequest) -> int:
    """How often the power is cut: in a long run until all is taken."""
    return 60 if request.config.getoption("long") else 8


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursing(tmp_path_factory.mktemp("nursery")) as nursery:
        yield nursery


@pytest.fixture(scope="module")
def with_alice(nursery, tmp_path_factory) -> Path:
    """The folder of a Tapback that Alice works with, to copy."""
    folder = tmp_path_factory.mktemp("with-alice")
    with pretending() as sandbox, nursery.running(folder, provider=sandbox) as tapback:
        tapback.add_user("alice@example.com", "Alice Archer")
        assert tapback.terminate() == 0
    return folder / "data"


@pytest.fixture(scope="module")
def database_with_alice(nursery, postgres: Postgres, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("with-alice")
    url = postgres.create("template_chaos")
    with pretending() as sandbox:
        given = {"provider": sandbox, "DATABASE_URL": url}
        with nursery.running(folder, **given) as tapback:
            tapback.add_user("alice@example.com", "Alice Archer")
            assert tapback.terminate() == 0
    return folder / "data"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def provider(clock) -> Iterator[Sandbox]:
    with pretending(clock=clock, retry_scale=0.02, webhook_timeout=3.0) as sandbox:
        yield sandbox


@pytest.fixture
def tapback(engine, nursery, provider, tmp_path, request) -> Iterator[Nursed]:
    settings = {}
    if engine == "sqlite":
        template = request.getfixturevalue("with_alice")
    else:
        template = request.getfixturevalue("database_with_alice")
        postgres: Postgres = request.getfixturevalue("postgres")
        name = f"chaos_{tmp_path.name}".lower()[:60]
        settings["DATABASE_URL"] = postgres.create(name, template="template_chaos")
    shutil.copytree(template, tmp_path / "data")
    with nursery.running(tmp_path, provider=provider, **settings) as tapback:
        yield tapback
    if settings:
        postgres.drop(name)


def test_nothing_is_lost_repeated_or_misstated(tapback, provider, clock, seed, cuts):
    storm = Storm(tapback, provider, clock, seed, most=cuts)
    storm.gather()

    storm.blow()
    assert storm.written == PEOPLE * EACH
    assert storm.kills >= 5 and sum(provider.struck.values()) >= 20, storm
    storm.calm()
    storm.settle()

    keys = Counter(sent["idempotency_key"] for sent in provider.sent())
    assert len(keys) == PEOPLE * EACH and set(keys.values()) == {1}, storm
    assert storm.taken() == storm.wanted, storm
    assert not any(storm.wrong(person) for person in storm.people), storm
