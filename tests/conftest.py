"""The cast: Alice answers, Bob is her colleague, Maria manages, Adam administers, Mallory has no
lines; Carol is a customer with an iPhone, Dave has none."""

import secrets
import shutil
import threading
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from pydantic import SecretStr

from inbox import contacts, conversations, create_app, lines, people, phone, schema, users
from inbox.config import Settings
from inbox.conversations import Conversation
from inbox.db import db
from inbox.lines import Line, LineMember
from inbox.live import announcer
from inbox.users import User
from tests import leaks
from tests.engines import Postgres, postgres, redis  # noqa: F401
from tests.nursery import (  # noqa: F401
    database_with_alice,
    folder_with_alice,
    nursed,
    nursery,
    wall_clock,
)
from tests.processes import database, provider, tapback  # noqa: F401

SECRET = "whsec_test_4f1c2b7a9d"
PASSWORD = "correct horse battery"
BESIDE = ("readyz", "seen", "tally")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="a hundred storms instead of ten")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Iterator[None]:
    """A test that logs what must not be logged fails, whatever it is about: see tests/leaks.py."""
    report: pytest.TestReport = yield  # type: ignore[misc, assignment]
    if call.when != "teardown":
        return report  # type: ignore[return-value]
    printed = report.capstdout + report.capstderr + report.caplog
    told = [f"the log of this test holds {what}" for what in leaks.among(printed)]
    told += leaks.in_logs()
    leaks.start_afresh()
    if report.passed and told:
        report.outcome = "failed"
        report.longrepr = "\n".join(f"leaked: {one}" for one in told)
    return report  # type: ignore[return-value]


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy: migrating for every test would take most of the time."""
    folder = tmp_path_factory.mktemp("template")
    _migrate(settings_for(folder))
    return folder / "inbox.db"


@pytest.fixture(scope="session")
def postgres_template(postgres: Postgres, tmp_path_factory: pytest.TempPathFactory) -> str:
    url = postgres.create("template_tapback")
    _migrate(settings_for(tmp_path_factory.mktemp("template"), database_url=url))
    return "template_tapback"


@pytest.fixture
def settings(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Settings]:
    if engine == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "inbox.db")
        yield settings_for(tmp_path)
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = f"test_{secrets.token_hex(6)}"
    url = postgres.create(name, template=request.getfixturevalue("postgres_template"))
    yield settings_for(tmp_path, database_url=url)
    postgres.drop(name)


def settings_for(folder: Path, **given: Any) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=folder,
        secret_key=SecretStr("a key for tests only"),
        log_level="debug",
        **given,
    )


def _migrate(settings: Settings) -> None:
    app = create_app(settings)
    with app.app_context():
        schema.upgrade()
        db.engine.dispose()


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    app.config["TESTING"] = True
    with app.app_context():
        yield app
        db.session.remove()
        app.extensions["tally"].close()
        _see_out()
        announcer.drain()
        app.extensions["huey"].storage.close()
        left = db.engine.pool.checkedout()
        db.engine.dispose()
        assert not left, f"{left} connections are still in use"


def _see_out() -> None:
    """What the app does beside a request ends before its database goes."""
    for thread in threading.enumerate():
        if thread.name in BESIDE or isinstance(thread, threading.Timer):
            thread.join()


@pytest.fixture
def line(app: Flask) -> Line:
    line = lines.put(
        "sandbox",
        name="Support",
        base_url="http://127.0.0.1:9/v2/api",
        api_key="bl_test_key",
        webhook_secrets=[SECRET],
        number="+14155550100",
        bare_signatures=True,
        sandbox=True,
    )
    db.session.commit()
    return line


@cache
def _hashed() -> str:
    return people.hash_password(PASSWORD)


def _person(line: Line | None, email: str, name: str, role: str = "agent") -> User:
    person = users.add(email, name=name, role=role, password=_hashed())
    if line:
        db.session.merge(LineMember(line_id=line.id, user_id=person.id))
    db.session.commit()
    return person


@pytest.fixture
def alice(line: Line) -> User:
    return _person(line, "alice@example.com", "Alice Archer")


@pytest.fixture
def bob(line: Line) -> User:
    return _person(line, "bob@example.com", "Bob Baker")


@pytest.fixture
def maria(line: Line) -> User:
    return _person(line, "maria@example.com", "Maria Marsh", role="manager")


@pytest.fixture
def adam(line: Line) -> User:
    return _person(line, "adam@example.com", "Adam Ames", role="admin")


@pytest.fixture
def mallory(line: Line) -> User:
    return _person(None, "mallory@example.com", "Mallory Moss")


@pytest.fixture
def carol(line: Line) -> Conversation:
    address = contacts.with_address(phone.read("+14155550132"), name="Carol Chen")
    conversation = conversations.with_person(line, address)
    db.session.commit()
    return conversation
