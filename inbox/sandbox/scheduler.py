"""What happens later: timers kept in the store, run in order, so that a restart forgets none."""

import heapq
import json
import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from inbox.sandbox.store import Closed, Store

log = logging.getLogger(__name__)

Run = Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True, order=True)
class Timer:
    due: float
    id: int
    step: str
    what: str


class Scheduler:
    """One thread keeps the time and runs quick steps in a transaction; steps named in `slow`
    (those that wait for the network) run in `workers` threads, outside of any."""

    def __init__(
        self, store: Store, clock: Callable[[], float], *, slow: frozenset[str], workers: int
    ) -> None:
        self._store = store
        self._clock = clock
        self._slow = slow
        self._workers = workers
        self._heap: list[Timer] = []
        self._changed = threading.Condition()
        self._queue: queue.Queue[Timer | None] = queue.Queue()
        self._threads: list[threading.Thread] = []
        self._closed = False

    def start(self, run: Run) -> None:
        """Take up what the store still has to do, then wait for more."""
        for row in self._store.rows("SELECT due, id, step, what FROM timer"):
            self._heap.append(Timer(*row))
        heapq.heapify(self._heap)
        self._threads = [threading.Thread(target=self._keep_time, args=(run,), daemon=True)]
        for _ in range(self._workers):
            self._threads.append(threading.Thread(target=self._work, args=(run,), daemon=True))
        for thread in self._threads:
            thread.start()

    def later(self, seconds: float, step: str, what: dict[str, Any]) -> None:
        """Run `step` after `seconds`, if the current transaction comes through."""
        due, text = self._clock() + seconds, json.dumps(what)
        number = self._store.add("timer", due=due, step=step, what=text)
        self._store.after_commit(lambda: self._push(Timer(due, number, step, text)))

    def close(self, patience: float = 1.0) -> None:
        """Stop. A worker that waits for the network is left behind after `patience` seconds."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
        for _ in range(self._workers):
            self._queue.put(None)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(patience)

    def _push(self, timer: Timer) -> None:
        with self._changed:
            heapq.heappush(self._heap, timer)
            self._changed.notify_all()

    def _keep_time(self, run: Run) -> None:
        while (timer := self._next()) is not None:
            if timer.step in self._slow:
                self._queue.put(timer)
            else:
                self._settle(timer, run)

    def _next(self) -> Timer | None:
        with self._changed:
            while not self._closed:
                wait = self._heap[0].due - self._clock() if self._heap else None
                if wait is not None and wait <= 0:
                    return heapq.heappop(self._heap)
                self._changed.wait(wait)
        return None

    def _work(self, run: Run) -> None:
        while (timer := self._queue.get()) is not None:
            if self._closed:
                return
            self._settle(timer, run)

    def _settle(self, timer: Timer, run: Run) -> None:
        try:
            self._take(timer, run)
        except Closed:
            return
        except Exception:
            log.exception("The sandbox could not do %s", timer.step)
            self._forget(timer)

    def _take(self, timer: Timer, run: Run) -> None:
        what = json.loads(timer.what)
        if timer.step in self._slow:
            run(timer.step, what)
            self._forget(timer)
            return
        with self._store.transaction():
            run(timer.step, what)
            self._forget(timer)

    def _forget(self, timer: Timer) -> None:
        try:
            self._store.run("DELETE FROM timer WHERE id = ?", timer.id)
        except Closed:
            return
