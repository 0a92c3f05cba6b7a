"""Two clocks, ours and the provider's, each set by itself; and the work that waits for a worker."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import time_machine
from flask import Flask

from inbox import outbox, upkeep
from inbox.db import db
from inbox.lines import Line
from inbox.messages import Message


class Night:
    """`ours` is what the product believes, `theirs` what the provider does; both in hours. They run
    on, and start where the real one is."""

    def __init__(self, app: Flask, traveller: time_machine.Traveller) -> None:
        self.app = app
        self._traveller = traveller
        self._theirs = 0.0

    def their_clock(self) -> float:
        return time_machine.escape_hatch.time.time() + self._theirs

    def set_ours(self, hours: float) -> None:
        """Only our clock jumps: it was set."""
        db.session.rollback()
        self._traveller.shift(timedelta(hours=hours))

    def pass_(self, hours: float) -> None:
        """Time passes for everybody: a machine that sleeps does not notice."""
        self.set_ours(hours)
        self._theirs += hours * 3600

    def sweep(self, line: Line) -> None:
        """What the product does by itself once a minute, and all the work that comes of it."""
        line_id = line.id
        db.session.rollback()
        upkeep.sweep()
        db.session.rollback()
        self.work()
        outbox.drain(line_id)
        db.session.rollback()

    def work(self) -> None:
        """Jobs that were asked for, until none is due."""
        huey = self.app.extensions["huey"]
        while task := huey.dequeue():
            huey.execute(task)


@contextmanager
def falling(app: Flask) -> Iterator[Night]:
    start = time_machine.travel(time.time(), tick=True)
    traveller = start.start()
    try:
        yield Night(app, traveller)
    finally:
        start.stop()


def seen(message: Message) -> tuple[str, str | None]:
    db.session.rollback()
    db.session.refresh(message)
    found = (message.status, message.problem)
    db.session.rollback()
    return found
