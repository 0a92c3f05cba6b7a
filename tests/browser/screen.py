"""What a person sees and does, found by role and name; and what the browser complains of."""

import re
from collections.abc import Callable
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Locator, Page, expect

PATIENCE = 15
expect.set_options(timeout=PATIENCE * 1000)


class Screen:
    """One page of one person. `troubles` are console errors, exceptions and foreign requests, but
    for those that `expects` announced."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.expected: list[str] = []
        self.heard: list[str] = []
        page.set_default_timeout(PATIENCE * 1000)
        page.on("console", lambda said: said.type == "error" and self._complain(said.text))
        page.on("pageerror", lambda error: self._complain(str(error)))
        page.on("request", lambda request: self._check(request.url))
        page.on("websocket", self._listen)

    def goto(self, path: str) -> None:
        self.page.goto(self.address + path)

    def expects(self, *complaints: str) -> None:
        self.expected += complaints

    @property
    def troubles(self) -> list[str]:
        return [
            complaint
            for complaint in self.complaints
            if not any(expected in complaint for expected in self.expected)
        ]

    @property
    def rows(self) -> Locator:
        return self.page.get_by_role("list", name="Conversations").get_by_role("listitem")

    def row(self, who: str) -> Locator:
        name = re.compile(f"^{re.escape(who)}")
        return self.rows.filter(has=self.page.get_by_role("link", name=name))

    def link(self, who: str) -> Locator:
        return self.row(who).get_by_role("link")

    def title(self, who: str) -> Locator:
        """The name above the open conversation."""
        return self.page.get_by_role("heading", name=who, level=1)

    def open(self, who: str) -> None:
        self.link(who).click()
        expect(self.title(who)).to_be_visible()

    @property
    def messages(self) -> Locator:
        return self.page.get_by_role("log", name="Messages")

    @property
    def bubbles(self) -> Locator:
        return self.messages.get_by_role("article")

    def bubble(self, text: str) -> Locator:
        return self.bubbles.filter(has_text=text)

    def said(self, pattern: str) -> list[str]:
        """What of the bubbles, in their order, matches."""
        texts = self.bubbles.all_inner_texts()
        return [found.group() for text in texts if (found := re.search(pattern, text))]

    def holds(self, text: str) -> bool:
        """Whether some bubble's text is exactly this, to the last character."""
        script = """(bubbles, text) => bubbles.some(
            bubble => [...bubble.querySelectorAll("*")].some(one => one.textContent === text))"""
        return bool(self.bubbles.evaluate_all(script, text))

    @property
    def box(self) -> Locator:
        return self.page.get_by_role("textbox", name="Message", exact=True)

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def write(self, text: str) -> None:
        self.box.fill(text)
        self.box.press("Enter")

    def until(self, true: Callable[[], Any], what: str, patience: float = PATIENCE) -> None:
        deadline = monotonic() + patience
        while not true():
            assert monotonic() < deadline, f"There was no {what} in {patience} s."
            self.page.wait_for_timeout(40)

    def settle(self, seconds: float = 0.5) -> None:
        """Give what should not happen the time to happen."""
        self.page.wait_for_timeout(seconds * 1000)

    def _complain(self, words: str) -> None:
        self.complaints.append(words)

    def _check(self, url: str) -> None:
        here, there = urlsplit(self.address), urlsplit(url)
        if there.scheme not in ("data", "blob") and there.netloc != here.netloc:
            self._complain(f"asked a foreign host: {url}")

    def _listen(self, socket: Any) -> None:
        self._check(socket.url)
        socket.on("framereceived", lambda frame: self.heard.append(str(frame)))
