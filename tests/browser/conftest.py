"""One Tapback, one pretend provider and one Chromium for all of these tests.

The cast: Adam administers, Alice and Bob answer, Dora is let go, Erin signs out, Mallory has no
line. Every test has customers of its own.
"""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Any

import pytest
from playwright.sync_api import Browser

from inbox import phone
from inbox.sandbox import Sandbox
from tests.browser.cable import Cable
from tests.browser.screen import Screen
from tests.engines import missing
from tests.processes import Tapback, pretending, running

CAST = {
    "adam": ("Adam Ames", "admin"),
    "alice": ("Alice Archer", "agent"),
    "bob": ("Bob Baker", "agent"),
    "dora": ("Dora Dean", "agent"),
    "erin": ("Erin Ellis", "agent"),
    "mallory": ("Mallory Moss", "agent"),
}
QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-domain-reliability",
    "--disable-sync",
    "--metrics-recording-only",
    "--no-default-browser-check",
    "--no-first-run",
    "--no-pings",
)
AREAS = ("212", "312", "415", "510", "628", "646", "669")
_numbers = (f"+1{area}55501{last:02}" for last in range(40, 100) for area in AREAS)

Enter = Callable[..., Screen]


@dataclass(frozen=True)
class Customer:
    address: str

    @property
    def name(self) -> str:
        """As the screen shows somebody without a name."""
        return phone.shown(self.address)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    chromium = shutil.which("chromium")
    if chromium is None:
        missing("chromium")
    return {**browser_type_launch_args, "executable_path": chromium, "args": list(QUIET)}


@pytest.fixture(scope="session")
def provider() -> Iterator[Sandbox]:
    with pretending(stranger_receipts=True) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def tapback(provider: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tapback]:
    with running(tmp_path_factory.mktemp("tapback"), provider=provider) as started:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda name: _hire(started, name), CAST))
        _take_lines_from(started, "mallory")
        yield started


def _hire(tapback: Tapback, name: str) -> None:
    tapback.add_user(f"{name}@example.com", *CAST[name])


def _take_lines_from(tapback: Tapback, name: str) -> None:
    """As for somebody who was here before a line that others were given."""
    database = sqlite3.connect(tapback.folder / "data" / "inbox.db")
    database.execute(
        'DELETE FROM line_member WHERE user_id = (SELECT id FROM "user" WHERE email = ?)',
        (f"{name}@example.com",),
    )
    database.commit()
    database.close()


@pytest.fixture(scope="session")
def cookies(tapback: Tapback) -> Callable[[str], list[Any]]:
    """Everybody signs in once: more would soon be too often."""

    @cache
    def cookies(name: str) -> list[Any]:
        visitor = tapback.visitor(f"{name}@example.com")
        visitor.close()
        return [
            {"name": cookie.name, "value": cookie.value, "domain": "127.0.0.1", "path": "/"}
            for cookie in visitor.session.cookies
        ]

    return cookies


@pytest.fixture
def look(browser: Browser, tapback: Tapback) -> Iterator[Enter]:
    """A browser at an address, nobody signed in. In the end none may have had trouble."""
    screens: list[Screen] = []

    def look(path: str, *, at: str | None = None, as_: Any = (), **options: Any) -> Screen:
        context = browser.new_context(**options)
        context.add_cookies(list(as_))
        screen = Screen(context.new_page(), at or tapback.url)
        screens.append(screen)
        screen.goto(path)
        return screen

    yield look
    troubles = [trouble for screen in screens for trouble in screen.troubles]
    for screen in screens:
        screen.page.context.close()
    assert not troubles


@pytest.fixture
def enter(look: Enter, cookies: Callable[[str], list[Any]]) -> Enter:
    """The inbox of this person, in a browser of their own."""

    def enter(name: str, path: str = "/conversations", **options: Any) -> Screen:
        return look(path, as_=cookies(name), **options)

    return enter


@pytest.fixture
def carol() -> Customer:
    return Customer(next(_numbers))


@pytest.fixture
def dave() -> Customer:
    return Customer(next(_numbers))


@pytest.fixture
def cable(tapback: Tapback) -> Iterator[Cable]:
    cable = Cable(tapback.port)
    yield cable
    cable.cut()
