"""Tapbacks that are ready in a moment, and whose clock can be set.

Python needs more than a second to import the product. The nursery has done so once and forks:
whoever kills a process every few hundred milliseconds has no time to wait for more. A child is a
process of its own, with the patch, the command and the environment of any other.

    def test_it(nursed, provider):
        nursed.kill()
        nursed.start()
        nursed.set_clock(hours=-1)
"""

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from inbox.config import ROOT
from inbox.sandbox import Sandbox
from tests.engines import Postgres, follow_into_death, wait_for
from tests.processes import Tapback, pretending

MOVED = signal.SIGUSR1


class Clock:
    """The real clock, moved: for the pretend provider."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead


class Child:
    """A forked process, with as much of `subprocess.Popen` as the tests use."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.nursery = nursery
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self.nursery.ask(look_at=self.pid)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def wait(self, timeout: float) -> int:
        deadline = time.monotonic() + timeout
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("a child", timeout)
            time.sleep(0.005)
        return self.returncode or 0


class Nursery:
    def __init__(self, folder: Path) -> None:
        self.log = folder / "nursery.log"
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.nurse"],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                preexec_fn=lambda: follow_into_death(signal.SIGKILL),
                text=True,
            )
        self._asked, self._told = _open(self.process.stdin), _open(self.process.stdout)

    def ask(self, **what: Any) -> Any:
        print(json.dumps(what), file=self._asked, flush=True)
        told = self._told.readline()
        assert told, self.log.read_text()
        return json.loads(told)

    def start(self, words: list[str], environment: dict[str, str], log: Path, clock: Path) -> Child:
        given = {"words": words, "environment": environment, "log": str(log), "clock": str(clock)}
        return Child(self, self.ask(start=given))

    @contextmanager
    def running(self, folder: Path, **given: Any) -> Iterator["Nursed"]:
        """A Tapback that is ready; killed at the end. Takes what `Tapback` takes."""
        tapback = Nursed(self, folder, **given)
        try:
            yield tapback.start()
        finally:
            tapback.kill()

    def close(self) -> None:
        self._asked.close()
        self.process.wait(30)
        self._told.close()


class Nursed(Tapback):
    """A Tapback from the nursery. Its clock is the real one until it is set."""

    def __init__(self, nursery: Nursery, folder: Path, **given: Any) -> None:
        super().__init__(folder, **given)
        self.nursery = nursery
        self.clock = folder / "clock"
        self.clock.write_text("0")

    def set_clock(self, seconds: float = 0, *, hours: float = 0) -> None:
        """So far ahead of the real one (behind, when negative), now and after each start."""
        draft = self.clock.with_suffix(".new")  # the child may be reading
        draft.write_text(str(seconds + hours * 3600))
        draft.replace(self.clock)
        if self.process:
            self.process.send_signal(MOVED)

    @contextmanager
    def asleep(self) -> Iterator[None]:
        """As a laptop with its lid closed."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        yield
        self.process.send_signal(signal.SIGCONT)

    def _launch(self, port: int) -> None:
        self.port = port
        given = (self.environment, self.log, self.clock)
        self.process = self.nursery.start([self.command], *given)  # type: ignore[assignment]
        wait_for(self.ready, self.process, self.log)  # type: ignore[arg-type]


@contextmanager
def nursing(folder: Path) -> Iterator[Nursery]:
    nursery = Nursery(folder)
    try:
        yield nursery
    finally:
        nursery.close()


def _open(stream: IO[str] | None) -> IO[str]:
    assert stream
    return stream


@pytest.fixture
def wall_clock() -> Clock:
    return Clock()


@pytest.fixture(scope="session")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    with nursing(tmp_path_factory.mktemp("nursery")) as nursery:
        yield nursery


@pytest.fixture(scope="session")
def folder_with_alice(nursery: Nursery, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data of a Tapback that Alice works with, to copy."""
    return _with_alice(nursery, tmp_path_factory.mktemp("with-alice"))


@pytest.fixture(scope="session")
def database_with_alice(
    nursery: Nursery, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """The same, whose database is `template_with_alice`."""
    url = postgres.create("template_with_alice")
    return _with_alice(nursery, tmp_path_factory.mktemp("with-alice"), DATABASE_URL=url)


@pytest.fixture
def nursed(
    engine: str,
    nursery: Nursery,
    provider: Sandbox,
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Nursed]:
    """A ready Tapback on each `engine`, with Alice; its line is the pretend provider."""
    if engine == "sqlite":
        shutil.copytree(request.getfixturevalue("folder_with_alice"), tmp_path / "data")
        with nursery.running(tmp_path, provider=provider) as tapback:
            yield tapback
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    shutil.copytree(request.getfixturevalue("database_with_alice"), tmp_path / "data")
    name = f"nursed_{secrets.token_hex(6)}"
    url = postgres.create(name, template="template_with_alice")
    with nursery.running(tmp_path, provider=provider, DATABASE_URL=url) as tapback:
        yield tapback
    postgres.drop(name)


def _with_alice(nursery: Nursery, folder: Path, **settings: str) -> Path:
    with pretending() as sandbox, nursery.running(folder, provider=sandbox, **settings) as tapback:
        tapback.add_user("alice@example.com", "Alice Archer")
        assert tapback.terminate() == 0
    return folder / "data"
