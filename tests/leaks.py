"""What must never stand in a log: what people wrote, full numbers, keys, passwords.

Every test is watched: what it printed in this process, and what the processes wrote that it
started. The words are gathered as they are written, so that no test has to plant its own.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import event

from inbox.messages import Message
from inbox.sandbox import Sandbox

SECRETS = {
    "the API key": "bl_test_key",
    "a webhook's secret": "whsec_test_4f1c2b7a9d",
    "a password": "correct horse battery",
    "the secret key": "a key for tests only",
}
NUMBER = re.compile(r"(?:\+|%2B)1\d{10}(?!\d)|\(\d{3}\) 555-\d{4}")
# Shorter words stand in any log by chance.
SHORTEST = 8

_words: set[str] = set()
_logs: dict[Path, int] = {}
_sandboxes: list[Sandbox] = []


def remember(text: str | None) -> None:
    """Somebody wrote this."""
    if text and len(text.strip()) >= SHORTEST:
        _words.add(text.strip())


def watch_log(path: Path) -> None:
    _logs[path] = 0


def watch_sandbox(sandbox: Sandbox) -> None:
    _sandboxes.append(sandbox)


def forget_sandbox(sandbox: Sandbox) -> None:
    _gather(sandbox)
    _sandboxes.remove(sandbox)


def among(text: str) -> list[str]:
    """What leaked, in words that do not leak it again."""
    found = [what for what, secret in SECRETS.items() if secret in text]
    if NUMBER.search(text):
        found.append("a full number")
    if any(word in text for word in _words):
        found.append("what somebody wrote")
    return found


def in_logs() -> list[str]:
    """What the processes leaked since this was last asked."""
    for sandbox in _sandboxes:
        _gather(sandbox)
    return [f"{path.name} holds {what}" for path, text in _news() for what in among(text)]


def start_afresh() -> None:
    """The words of one test may be a harmless part of another's log."""
    _words.clear()


def _news() -> Iterator[tuple[Path, str]]:
    for path, read in list(_logs.items()):
        if not path.exists():
            continue
        with path.open("rb") as log:
            log.seek(read)
            new = log.read()
        _logs[path] = read + len(new)
        yield path, new.decode(errors="replace")


def _gather(sandbox: Sandbox) -> None:
    for row in sandbox.box.store.rows("SELECT text FROM message"):
        remember(row["text"])


@event.listens_for(Message.text, "set")
def _hear(message: Message, value: str, *_: object) -> None:
    remember(value)
