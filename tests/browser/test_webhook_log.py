"""An admin hears at once of an event that could not be applied, and mends it from the page."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from playwright.sync_api import expect

from inbox import create_app, jobs
from inbox.config import Settings
from inbox.db import db
from tests.browser.conftest import Customer, Enter
from tests.browser.screen import Screen
from tests.processes import Tapback, received

SENTENCE = "1 webhook event could not be applied."


@contextmanager
def database(tapback: Tapback) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(tapback.folder / "data" / "inbox.db", timeout=10)) as connection:
        yield connection
        connection.commit()


@pytest.fixture
def planted(tapback: Tapback) -> Iterator[None]:
    """A mistake in storing messages that say "poison", until the table's trigger is dropped."""
    with database(tapback) as connection:
        connection.execute(
            "create trigger planted before insert on message when new.text like 'poison%'"
            " begin select raise(abort, 'planted'); end"
        )
    yield
    mend(tapback)


def mend(tapback: Tapback) -> None:
    with database(tapback) as connection:
        connection.execute("drop trigger if exists planted")


def keep_on_the_last_rung(tapback: Tapback, customer: Customer, text: str) -> None:
    """An event that was tried in vain all day, before its last try."""
    payload = received(customer.address, text)
    with database(tapback) as connection:
        connection.execute(
            "insert into webhook_event (line_id, key, name, headers, body, state, attempts,"
            " received_at) values ((select min(id) from line), ?, 'message.received', '{}', ?,"
            " 'new', 6, datetime('now'))",
            (payload["message_id"], json.dumps(payload).encode()),
        )


def sweep(tapback: Tapback) -> None:
    """What a worker does every minute, now."""
    app = create_app(
        Settings(_env_file=None, data_dir=tapback.folder / "data", log_level="error")  # type: ignore[call-arg]
    )
    with app.app_context():
        jobs.ask("sweep")
        app.extensions["huey"].storage.close()
        db.engine.dispose()


def banner(screen: Screen):
    return screen.page.get_by_text(SENTENCE)


def test_a_dead_event_is_told_live_and_replayed(
    tapback: Tapback, enter: Enter, carol: Customer, planted: None
):
    keep_on_the_last_rung(tapback, carol, "poison, or a lamp")
    adam, elsewhere, alice = enter("adam"), enter("adam"), enter("alice")
    for screen in (adam, elsewhere, alice):
        screen.until(lambda screen=screen: screen.heard, "connection")
        expect(banner(screen)).to_have_count(0)

    sweep(tapback)

    expect(banner(adam)).to_be_visible()
    expect(banner(elsewhere)).to_be_visible()
    expect(adam.page.locator(".rail__places")).to_contain_text("1")
    expect(adam.row(carol.name)).to_have_count(0)
    alice.settle(1.5)
    expect(banner(alice)).to_have_count(0)

    mend(tapback)
    adam.page.get_by_role("link", name="Look").click()
    adam.page.get_by_role("table").get_by_role("link", name="message.received").click()
    expect(adam.page.get_by_role("heading", name="message.received", level=1)).to_be_visible()
    expect(adam.page.get_by_text("lamp")).to_have_count(0)
    adam.button("Replay").click()

    expect(adam.page.get_by_text("It was applied just now.")).to_be_visible()
    expect(adam.button("Replay")).to_have_count(0)
    for screen in (adam, elsewhere):
        expect(banner(screen)).to_have_count(0)
    expect(elsewhere.row(carol.name)).to_contain_text("poison, or a lamp")
    expect(alice.row(carol.name)).to_have_count(1)


def test_all_of_one_cause_are_replayed_before_ones_eyes(
    tapback: Tapback, enter: Enter, carol: Customer, dave: Customer, planted: None
):
    for customer in (carol, dave):
        keep_on_the_last_rung(tapback, customer, "poison again")
    adam = enter("adam", "/settings/webhooks")
    expect(adam.page.get_by_role("heading", name="Webhooks")).to_be_visible()
    sweep(tapback)
    expect(adam.page.get_by_text("2 webhook events could not be applied.")).to_be_visible()
    adam.page.get_by_role("link", name="Look").click()

    mend(tapback)
    adam.button("Replay all").click()

    expect(adam.page.get_by_text("2 applied")).to_be_visible()
    expect(adam.button("Replay all")).to_have_count(0)
    expect(adam.page.get_by_text("2 webhook events could not be applied.")).to_have_count(0)
    adam.goto("/conversations")
    for customer in (carol, dave):
        expect(adam.row(customer.name)).to_contain_text("poison again")
