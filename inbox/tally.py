"""Counting the webhooks that were turned away, in memory first: a flood of forged ones must become
a few writes. What was counted since the last write is lost when the process is killed.
"""

import threading
import time
from dataclasses import dataclass
from datetime import datetime

import structlog
from flask import Flask, current_app
from sqlalchemy.exc import SQLAlchemyError

from inbox import jobs, refusals
from inbox.db import db, now

log = structlog.get_logger(__name__)

# Seconds between two writes, and between two comparisons of a line for this reason.
EVERY, VERIFY_EVERY = 5.0, 300.0
PATIENCE = 2.0
# Addresses counted apart between two writes; a stranger may make up any number.
MOST = 500
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Count:
    number: int
    last_at: datetime


class Tally:
    def __init__(self, app: Flask, every: float = EVERY) -> None:
        self.app = app
        self.every = every
        self.counts: dict[Key, Count] = {}
        self.verified: dict[int, float] = {}
        self.timer: threading.Timer | None = None
        self.lock = threading.Lock()
        self.writing = threading.Lock()

    def count(self, line_key: str, reason: str) -> None:
        """One more. Waits for nothing; it is written within seconds."""
        at = now()
        key = (at.date().isoformat(), line_key, reason)
        with self.lock:
            if key not in self.counts and len(self.counts) >= MOST:
                key = (key[0], "", reason)
            self._add(key, Count(1, at))

    def flush(self) -> None:
        """Write what was counted."""
        with self.writing:
            with self.lock:
                counts, self.counts = self.counts, {}
                self._stop_timer()
            if not counts:
                return
            try:
                with self.app.app_context():
                    self._write(counts)
            except SQLAlchemyError as error:
                log.error("refusals.not_written", error=type(error).__name__)
                with self.lock:
                    for key, count in counts.items():
                        self._add(key, count)

    def flush_aside(self) -> None:
        """As `flush`, from a request that only reads; what takes long is not waited for."""
        aside = threading.Thread(target=self.flush, name="tally", daemon=True)
        aside.start()
        aside.join(PATIENCE)

    def close(self) -> None:
        with self.lock:
            self._stop_timer()
            self.counts = {}

    def _add(self, key: Key, more: Count) -> None:
        known = self.counts.get(key, Count(0, more.last_at))
        self.counts[key] = Count(known.number + more.number, max(known.last_at, more.last_at))
        if self.timer is None:
            self.timer = threading.Timer(self.every, self.flush)
            self.timer.daemon = True
            self.timer.start()

    def _stop_timer(self) -> None:
        if self.timer:
            self.timer.cancel()
        self.timer = None

    def _write(self, counts: dict[Key, Count]) -> None:
        known = refusals.line_ids()
        for (day, line_key, reason), count in sorted(counts.items()):
            key = line_key if line_key in known else ""
            refusals.add(day, key, reason, count.number, count.last_at)
        db.session.commit()
        signed = {key for _, key, reason in counts if reason in refusals.SIGNATURE}
        for key in signed & known.keys():
            self._verify(known[key])

    def _verify(self, line_id: int) -> None:
        """What was refused may have been the provider's: look for what is missing, now and then."""
        at = time.monotonic()
        if at - self.verified.get(line_id, -VERIFY_EVERY) < VERIFY_EVERY:
            return
        self.verified[line_id] = at
        try:
            jobs.ask("verify", line_id)
        except Exception as error:  # the next comparison by the clock finds it as well
            log.error("job.not_asked", job="verify", error=type(error).__name__)


def init_app(app: Flask) -> None:
    app.extensions["tally"] = Tally(app)


def of_app() -> Tally:
    tally: Tally = current_app.extensions["tally"]
    return tally
