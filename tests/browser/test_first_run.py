"""From nothing to the first answered message, with the demo people."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.processes import PASSWORD, Tapback, running

STATES = ("Sent", "Delivered", "Read")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tapback]:
    folder: Path = tmp_path_factory.mktemp("fresh")
    with running(folder) as started:
        yield started


@pytest.fixture(scope="module")
def link(fresh: Tapback) -> str:
    return fresh.setup_link().removeprefix(fresh.url)


def test_a_short_password_is_refused_beside_the_form(fresh, link, look: Enter):
    screen = look(link, at=fresh.url)
    screen.expects("status of 422")
    screen.page.get_by_role("textbox", name="Name").fill("Adam Ames")
    screen.page.get_by_role("textbox", name="Email").fill("adam@example.com")
    screen.page.get_by_role("textbox", name="Password").fill("password")

    screen.button("Create account").click()

    expect(screen.page.get_by_role("alert")).to_contain_text("Choose another")
    expect(screen.page.get_by_role("textbox", name="Name")).to_have_value("Adam Ames")
    expect(screen.page.get_by_role("textbox", name="Email")).to_have_value("adam@example.com")


def test_the_setup_link_makes_the_first_admin_who_is_answered_within_seconds(fresh, link, look):
    screen = look(link, at=fresh.url)
    screen.page.get_by_role("textbox", name="Name").fill("Adam Ames")
    screen.page.get_by_role("textbox", name="Email").fill("adam@example.com")
    screen.page.get_by_role("textbox", name="Password").fill(PASSWORD)
    screen.button("Create account").click()
    screen.open("Amara Okonkwo")

    _note_states(screen)

    screen.write("Which order number is it?")

    expect(screen.bubble("Which order number is it?")).to_contain_text("Read")
    expect(screen.bubble("It's order 20431.")).to_be_visible()
    states = screen.page.evaluate("window.states")
    assert states == [state for state in STATES if state in states]
    assert len(states) > 1


def test_the_setup_link_works_once(fresh, link, look):
    screen = look("/login", at=fresh.url)
    screen.expects("status of 410")

    screen.goto(link)

    expect(screen.page.get_by_role("heading", name="This link has ended")).to_be_visible()
    expect(screen.page.get_by_role("link", name="Sign in")).to_be_visible()


def _note_states(screen) -> None:
    """From now on the page remembers each state that a bubble of ours went through. One that
    lasts for a moment only may be skipped."""
    script = """(log, states) => {
        window.states = []
        new MutationObserver(() => {
            const last = [...log.querySelectorAll("article")].map(bubble => bubble.innerText)
                .map(text => states.findLast(state => text.trimEnd().endsWith(state)))
                .findLast(state => state)
            if (last && last !== window.states.at(-1)) window.states.push(last)
        }).observe(log, { childList: true, subtree: true, characterData: true })
    }"""
    screen.messages.evaluate(script, list(STATES))
