"""Real PostgreSQL and Redis for tests: each started when first asked for, gone with the session.

Under pytest-xdist every worker has its own. Nothing is expected to be running on the machine.
"""

import ctypes
import os
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from psycopg import sql
from redis import Redis as RedisClient
from redis import RedisError

PATIENCE = 30
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None)
# Durability is nothing to a database that lives for a minute.
HASTE = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "autovacuum=off")


class Postgres:
    """A PostgreSQL cluster of our own on a free loopback port, thrown away at the end."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self.binaries = binaries
        self.folder = folder
        self.password = secrets.token_urlsafe()
        self.user = unprivileged()
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, name: str = "postgres") -> str:
        return f"postgresql://postgres:{self.password}@127.0.0.1:{self.port}/{name}"

    def create(self, name: str, template: str | None = None) -> str:
        """Makes a database, a copy of `template` if one is named; returns its address."""
        source = sql.Identifier(template or "template0")
        self.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), source))
        return self.url(name)

    def drop(self, name: str) -> None:
        """Removes a database, and throws out whoever is still connected to it."""
        self.execute(
            sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
        )

    def execute(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement)

    def initialize(self) -> None:
        word = self.folder / "password"
        word.write_text(self.password)
        if self.user:
            shutil.chown(self.folder, self.user)
            shutil.chown(word, self.user)
        command = [self.binaries / "initdb", "--pgdata", self.folder / "data", "--no-sync"]
        command += ["--username=postgres", f"--pwfile={word}", "--auth=scram-sha-256"]
        command += ["--encoding=UTF8", "--locale=C", "--no-instructions"]
        made = subprocess.run(command, capture_output=True, text=True, **self.as_user())
        assert made.returncode == 0, made.stderr

    def start(self) -> None:
        """Starts, or starts again after `stop`: then with the same data on the same port."""
        if self.port:
            self.launch()
        else:
            self.port = launched_on_a_free_port(self.launch)

    def launch(self, port: int | None = None) -> None:
        self.port = port or self.port
        command = [self.binaries / "postgres", "-D", self.folder / "data", "-p", str(self.port)]
        options = (*HASTE, "listen_addresses=127.0.0.1", f"unix_socket_directories={self.folder}")
        command += [word for option in options for word in ("-c", option)]
        self.process = launched(command, self.folder / "log", signal.SIGQUIT, **self.as_user())
        wait_for(self.answers, self.process, self.folder / "log")

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url(), connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def stop(self) -> None:
        """Stops at once, as a power cut would."""
        ended(self.process, signal.SIGQUIT)

    def as_user(self) -> dict[str, object]:
        return {"user": self.user, "group": self.user, "extra_groups": []} if self.user else {}


class Redis:
    """A Redis server of our own on a free loopback port, which writes nothing to disk."""

    def __init__(self, binary: str, folder: Path) -> None:
        self.binary = binary
        self.folder = folder
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None

    def url(self, db: int = 0) -> str:
        return f"redis://127.0.0.1:{self.port}/{db}"

    def flush(self) -> None:
        with RedisClient.from_url(self.url()) as client:
            client.flushall()

    def start(self) -> None:
        """Starts, or starts again, empty, on the same port after `stop`."""
        if self.port:
            self.launch()
        else:
            self.port = launched_on_a_free_port(self.launch)

    def launch(self, port: int | None = None) -> None:
        self.port = port or self.port
        command = [self.binary, "--port", str(self.port), "--bind", "127.0.0.1"]
        command += ["--save", "", "--appendonly", "no", "--dir", str(self.folder)]
        self.process = launched(command, self.folder / "log", signal.SIGKILL)
        wait_for(self.answers, self.process, self.folder / "log")

    def answers(self) -> bool:
        with RedisClient.from_url(self.url()) as client:
            try:
                return bool(client.ping())
            except RedisError:
                return False

    def stop(self) -> None:
        ended(self.process, signal.SIGKILL)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    binaries = postgres_binaries()
    if binaries is None:
        missing("PostgreSQL")
    with tempfile.TemporaryDirectory(prefix="tapback-postgres-") as folder:
        engine = Postgres(binaries, Path(folder))
        engine.initialize()
        try:
            engine.start()
            yield engine
        finally:
            engine.stop()


@pytest.fixture(scope="session")
def redis() -> Iterator[Redis]:
    binary = shutil.which("redis-server")
    if binary is None:
        missing("redis-server")
    with tempfile.TemporaryDirectory(prefix="tapback-redis-") as folder:
        engine = Redis(binary, Path(folder))
        try:
            engine.start()
            yield engine
        finally:
            engine.stop()


def postgres_binaries() -> Path | None:
    """The folder of the newest PostgreSQL: Debian keeps its servers off the PATH."""
    packaged = Path("/usr/lib/postgresql").glob("*/bin/initdb")
    found = sorted(packaged, key=lambda path: float(path.parent.parent.name))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).resolve().parent if on_path else None


def missing(what: str) -> NoReturn:
    sentence = f"{what} is not installed; bin/test installs it or says how."
    if os.environ.get("CI") == "true":
        pytest.fail(sentence)
    pytest.skip(sentence)


def unprivileged() -> str | None:
    """Whom to start PostgreSQL as when we are root, because it refuses root."""
    if os.geteuid() != 0:
        return None
    accounts = Path("/etc/passwd").read_text()
    return "postgres" if "\npostgres:" in accounts else "nobody"


def launched(
    command: list[object], log: Path, last_signal: int, **options: object
) -> subprocess.Popen[bytes]:
    """Starts a server that gets `last_signal` from the kernel if we die without stopping it."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=lambda: follow_into_death(last_signal),
            **options,
        )


def follow_into_death(last_signal: int) -> None:
    if hasattr(LIBC, "prctl"):
        LIBC.prctl(PR_SET_PDEATHSIG, last_signal)


def launched_on_a_free_port(launch: Callable[[int], None]) -> int:
    """Somebody may take the port between our look and the start: then another is tried."""
    for _ in range(4):
        port = free_port()
        try:
            launch(port)
        except ChildProcessError:
            continue
        return port
    launch(port := free_port())
    return port


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def wait_for(answers: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not answers():
        if process.poll() is not None:
            raise ChildProcessError(log.read_text())
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.02)


def ended(process: subprocess.Popen[bytes] | None, signum: int) -> None:
    if process and process.poll() is None:
        process.send_signal(signum)
        process.wait(PATIENCE)
