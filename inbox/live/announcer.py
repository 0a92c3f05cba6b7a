"""Tells browsers what changed, after the commit, from one thread of its own.

What is waiting is put together per line and conversation; under a flood, per line alone.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from threading import Condition, Thread
from time import sleep
from typing import Any

import structlog
from flask import Flask

from inbox.live import rooms

log = structlog.get_logger(__name__)

WAITING = 10_000
"""Conversations that may wait to be announced before each line has one announcement for all."""
BATCH = 50
"""Changes rendered at a time; requests get their turn in between."""


@dataclass(frozen=True, slots=True)
class Change:
    """Activity `first_id` to `last_id` of a conversation, or of the line itself when that is None.
    `flood`: too much happened on the line to tell it conversation by conversation."""

    line_id: int
    conversation_id: int | None
    first_id: int
    last_id: int
    flood: bool = False

    def merged(self, other: "Change") -> "Change":
        """Both as one."""
        first, last = min(self.first_id, other.first_id), max(self.last_id, other.last_id)
        return replace(self, first_id=first, last_id=last)


Render = Callable[[Flask, list[Change]], Iterable[tuple[str, Any]]]
Emit = Callable[[str, Any], None]
Key = tuple[int, int | None, bool]


class Announcer:
    """Collects changes and has them rendered and emitted; what fails is logged and forgotten."""

    def __init__(self, emit: Emit = rooms.emit, *, limit: int = WAITING) -> None:
        self._emit = emit
        self._limit = limit
        self._waiting: dict[Key, Change] = {}
        self._wake = Condition()
        self._thread: Thread | None = None
        self._running = False
        self._app: Flask | None = None
        self._render: Render = lambda app, changes: ()

    def queue(self, change: Change) -> None:
        """Announce it soon. Cheap; never raises and never waits for a browser."""
        with self._wake:
            self._add(change)
            if len(self._waiting) > self._limit:
                self._collapse()
            self._wake.notify()

    def bind(self, app: Flask, render: Render) -> None:
        """What to announce with: `render` gives (room, payload) pairs, in an app context."""
        self._app, self._render = app, render

    def start(self, app: Flask, render: Render) -> None:
        """Announce from a thread of its own until `stop`."""
        self.bind(app, render)
        self._running = True
        self._thread = Thread(target=self._run, name="announcer", daemon=True)
        self._thread.start()

    def stop(self, timeout: float = 5) -> None:
        """Announce what is waiting and end."""
        with self._wake:
            self._running = False
            self._wake.notify()
        if self._thread:
            self._thread.join(timeout)
            self._thread = None

    def drain(self) -> None:
        """Announce what is waiting, here and now."""
        changes = self._take()
        for at in range(0, len(changes), BATCH):
            self._announce_batch(changes[at : at + BATCH])
            sleep(0)

    def _announce_batch(self, changes: list[Change]) -> None:
        """Together, or each alone: one that fails must not silence the others."""
        if self._announce(changes) or len(changes) == 1:
            return
        for change in changes:
            self._announce([change])

    def _run(self) -> None:
        while self._more():
            self.drain()

    def _more(self) -> bool:
        with self._wake:
            self._wake.wait_for(lambda: self._waiting or not self._running)
            return bool(self._waiting)

    def _take(self) -> list[Change]:
        with self._wake:
            changes = sorted(self._waiting.values(), key=lambda change: change.first_id)
            self._waiting.clear()
        return changes

    def _add(self, change: Change) -> None:
        flood: Key = (change.line_id, None, True)
        alone: Key = (change.line_id, change.conversation_id, change.flood)
        key = flood if flood in self._waiting else alone
        before = self._waiting.get(key)
        self._waiting[key] = before.merged(change) if before else change

    def _collapse(self) -> None:
        changes = list(self._waiting.values())
        self._waiting.clear()
        for change in changes:
            self._add(replace(change, conversation_id=None, flood=True))

    def _announce(self, changes: list[Change]) -> bool:
        """Whether it worked; a failure must not end the thread."""
        try:
            if self._app is not None:
                self._emit_all(self._app, changes)
        except Exception:
            log.exception("live.announcement_failed", changes=len(changes))
            return False
        return True

    def _emit_all(self, app: Flask, changes: list[Change]) -> None:
        with app.app_context():
            said = list(self._render(app, changes))
        for room, payload in said:
            self._emit(room, payload)


_announcer = Announcer()
queue = _announcer.queue
bind = _announcer.bind
start = _announcer.start
stop = _announcer.stop
drain = _announcer.drain
