"""A storm: people write while their Tapback is killed again and again and its provider answers by
chance; and then the calm, in which it must be seen that nothing was lost, repeated or mis-stated.
"""

import re
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from html import unescape
from itertools import zip_longest
from random import Random
from typing import Any

import requests
from sqlalchemy import create_engine, text

from inbox.sandbox import Sandbox
from tests.nursery import Clock, Nursed
from tests.processes import wait_until

PEOPLE, EACH = 20, 10
WRITERS = 4
# What may go wrong, and how often at most; each storm has its own mixture.
WEATHER = {
    "hang/0.7": 0.03,
    "hang_after/0.7": 0.03,
    "reset": 0.05,
    "reset_after": 0.05,
    "drop": 0.05,
    "500": 0.05,
    "500_after": 0.03,
    "502": 0.03,
    "502_after": 0.03,
    "503@all": 0.05,
    "504": 0.03,
    "429/seconds": 0.01,
    "broken": 0.05,
    "failed": 0.02,
    "duplicated": 0.3,
    "shuffled": 0.3,
    "delayed/1": 0.2,
    "lost": 0.1,
    "stale": 0.05,
    "badly_signed": 0.05,
}
BUBBLE = re.compile(
    r'<article[^>]*?data-direction="out"[^>]*?data-state="(\w+)".*?'
    r'<p class="message__text[^>]*>(.*?)</p>',
    re.S,
)
LONGEST_CUT, HOUR = 90.0, 3600.0


class Storm:
    """Everything random comes out of the seed. `most` is how often the power is cut."""

    def __init__(
        self, tapback: Nursed, provider: Sandbox, clock: Clock, seed: int, *, most: int
    ) -> None:
        self.tapback, self.provider, self.clock, self.seed = tapback, provider, clock, seed
        self.most = most
        self.random = Random(seed)
        self.people = [f"+1415555{number:04}" for number in range(200, 200 + PEOPLE)]
        self.wanted = {
            person: [f"Part {number} for {person}" for number in range(EACH)]
            for person in self.people
        }
        self.kills = 0
        self.written = 0
        self.conversations: dict[str, int] = {}
        self.visitor = tapback.visitor("alice@example.com")
        found = re.search(r'name="csrf-token" content="([^"]+)"', self._page("/conversations"))
        assert found
        self.token = found.group(1)

    # The storm

    def gather(self) -> None:
        """Everybody writes first. One has no iMessage, one a phone that always fails."""
        self.provider.person(self.people[3], imessage=False)
        self.provider.person(self.people[7], fails="Blocked", error_code="blocked")
        for person in self.people:
            self.provider.say(person, f"Hello from {person}")
        wait_until(self._all_known, "conversation with everybody")

    def blow(self) -> None:
        """Until all is written and taken, or the power was cut often enough. It always comes back
        a while later, so that few of the lives are spent with waiting for the next try."""
        self.provider.weather(*self._switches(), seed=self.seed)
        with ThreadPoolExecutor(WRITERS) as pool:
            writers = [pool.submit(self._write, n) for n in range(WRITERS)]
            while self.kills < self.most:
                self._wait_for_work()
                time.sleep(self.random.uniform(0.05, 0.5))
                self._cut(later=self.random.uniform(0, LONGEST_CUT))
                if all(writer.done() for writer in writers) and self._taken() == PEOPLE * EACH:
                    break
            for writer in writers:
                writer.result()
        taken = -1
        while self._taken() > taken:
            taken = self._taken()
            time.sleep(1)

    def calm(self) -> None:
        """The provider is well again; an hour passes, with the power off."""
        self.provider.weather()
        self._cut(later=HOUR)

    def _cut(self, later: float) -> None:
        self.tapback.kill()
        self.kills += 1
        self.clock.ahead += later
        self.tapback.set_clock(self.clock.ahead)
        self.tapback.start()

    def _switches(self) -> list[str]:
        return [
            f"{name}={self.random.uniform(0, most):.3f}"
            for name, most in WEATHER.items()
            if self.random.random() < 0.8
        ]

    def _wait_for_work(self) -> None:
        """Until the new process has asked something of the provider; not for long, because all may
        be waiting for its next try."""
        before, patience = self._asked(), time.monotonic() + 1
        while self._asked() == before and time.monotonic() < patience:
            time.sleep(0.01)

    def _asked(self) -> int:
        return self._taken() + sum(self.provider.struck.values())

    def _taken(self) -> int:
        return self.provider.box.store.number("SELECT count(*) FROM sent")

    def _write(self, which: int) -> None:
        """All messages to some of the people, each in their order and until it is answered 204."""
        with requests.Session() as session:
            session.cookies.update(self.visitor.session.cookies)
            for number in range(EACH):
                for person in self.people[which::WRITERS]:
                    self._write_one(session, person, self.wanted[person][number])

    def _write_one(self, session: requests.Session, person: str, words: str) -> None:
        form = {"text": words, "client_id": secrets.token_hex(16)}
        path = f"/conversations/{self.conversations[person]}/messages"
        deadline = time.monotonic() + 60
        while True:
            try:
                reply = session.post(
                    self.tapback.url + path,
                    data=form,
                    headers={"X-CSRFToken": self.token},
                    timeout=10,
                )
            except requests.RequestException:
                assert time.monotonic() < deadline, f"{words} could not be written."
                time.sleep(0.05)
                continue
            assert reply.status_code == 204, (reply.status_code, reply.text)
            self.written += 1
            return

    def _all_known(self) -> bool:
        page = self._page("/conversations")
        ids = sorted(int(id) for id in re.findall(r'id="conversation-(\d+)"', page))
        if len(ids) < PEOPLE:
            return False
        for id in ids:
            hello = re.search(r"Hello from (\+\d+)", self._thread(id))
            assert hello
            self.conversations[hello.group(1)] = id
        return True

    # What came of it

    def taken(self) -> dict[str, list[str]]:
        """The texts that the provider took, by person, in its order."""
        taken: dict[str, list[str]] = {person: [] for person in self.people}
        for sent in self.provider.sent():
            taken[sent["chat_id"]].append(sent["body"]["text"])
        return taken

    def states(self) -> dict[str, str]:
        """What the provider says of each text."""
        rows = self.provider.box.store.rows(
            "SELECT text, status FROM message WHERE direction = 'outbound'"
        )
        return {row["text"]: row["status"] for row in rows}

    def shown(self, person: str) -> list[tuple[str, str]]:
        """Text and state of our bubbles, as the page has them."""
        page = self._thread(self.conversations[person])
        return [(unescape(words), state) for state, words in BUBBLE.findall(page)]

    def wrong(self, person: str) -> list[str]:
        """The texts that the page does not show once, in their place, as the provider has them."""
        states, shown = self.states(), self.shown(person)
        want = [(words, states.get(words, "not taken")) for words in self.wanted[person]]
        pairs = zip_longest(want, shown, fillvalue=("nothing", "nothing"))
        return [want[0] for want, have in pairs if want != have]

    def settle(self, patience: float = 60) -> None:
        """Until the page says of everything what the provider says."""
        deadline = time.monotonic() + patience
        left = list(self.people)
        while left:
            while wrong := self.wrong(left[-1]):
                if time.monotonic() > deadline:
                    raise AssertionError(f"{self}\n{self.account(wrong)}")
                time.sleep(0.3)
            left.pop()

    def account(self, texts: list[str], most: int = 5) -> str:
        """What is known of these messages, on both sides."""
        url = self.tapback.settings.get(
            "DATABASE_URL", f"sqlite:///{self.tapback.folder}/data/inbox.db"
        ).replace("postgresql://", "postgresql+psycopg://")
        engine = create_engine(url)
        with engine.connect() as connection:

            def ask(statement: str, **given: Any) -> list[Any]:
                return [tuple(row) for row in connection.execute(text(statement), given)]

            told = "\n".join(_account(words, ask, self.provider) for words in texts[:most])
        engine.dispose()
        log = self.tapback.log.read_text()
        return f"{len(texts)} messages\n{told}\nlog:\n{log[-3000:]}"

    def __str__(self) -> str:
        struck = ", ".join(f"{name} {count}" for name, count in self.provider.struck.items())
        return f"Seed {self.seed}: {self.kills} power cuts, {struck or 'no faults'}."

    def _thread(self, id: int) -> str:
        told = self.visitor.get(f"/conversations/{id}/changes?after=0").json()
        return str(told["html"])

    def _page(self, path: str) -> str:
        return self.visitor.get(path).text


def _account(words: str, ask: Callable[..., list[Any]], provider: Sandbox) -> str:
    lines = [words]
    message = ask(
        "select id, status, provider_id, attempts, send_after, first_tried_at, doubted_at,"
        " check_after, problem from message where text = :words",
        words=words,
    )
    lines += [f"  ours {row}" for row in message]
    for row in message:
        tried = "select at, outcome, code, detail, provider_id, seconds from send_attempt"
        heard = "select at, status, reported_at from delivery_event"
        kept = "select received_at, name, state, source, error from webhook_event"
        for statement, given in (
            (f"{tried} where message_id = :one order by id", row[0]),
            (f"{heard} where message_id = :one order by id", row[0]),
            (f"{kept} where provider_id = :one order by id", row[2]),
        ):
            name = statement.split(" from ")[1].split()[0]
            lines += [f"    {name} {found}" for found in ask(statement, one=given)]
    theirs = provider.box.store.rows("SELECT * FROM message WHERE text = ?", words)
    lines += [f"  theirs {dict(row)}" for row in theirs]
    lines += [f"  sent {one}" for one in provider.sent() if one["body"]["text"] == words]
    return "\n".join(lines)
