"""A few threads that fetch files: a slow host must not take the workers from the lanes."""

import queue
import threading
from collections.abc import Callable

import structlog
from flask import Flask

log = structlog.get_logger(__name__)

THREADS = 3
IDLE = 5.0


class Bench:
    """Runs `work(id)` in the app's context for each id that is put on it; one that lies there
    already is not put twice. Its threads end when there is nothing to do, and with the process."""

    def __init__(self, app: Flask, work: Callable[[int], None]) -> None:
        self._app = app
        self._work = work
        self._queue: queue.SimpleQueue[int] = queue.SimpleQueue()
        self._waiting: set[int] = set()
        self._threads = 0
        self._lock = threading.Lock()

    def put(self, id: int) -> None:
        with self._lock:
            if id in self._waiting:
                return
            self._waiting.add(id)
            self._queue.put(id)
            if self._threads < THREADS:
                self._threads += 1
                threading.Thread(target=self._run, name="fetching", daemon=True).start()

    def _run(self) -> None:
        while (id := self._next()) is not None:
            with self._app.app_context():
                try:
                    self._work(id)
                except Exception:
                    log.exception("media.fetching_failed", attachment=id)

    def _next(self) -> int | None:
        try:
            id = self._queue.get(timeout=IDLE)
        except queue.Empty:
            with self._lock:
                # What was put since then saw this thread alive and started none.
                if self._queue.empty():
                    self._threads -= 1
                    return None
                id = self._queue.get()
        with self._lock:
            self._waiting.discard(id)
        return id
