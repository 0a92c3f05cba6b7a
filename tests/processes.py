"""Real processes of the product on free loopback ports: started, killed, started again on the same
port and data, gone with the test run; and the pretend provider that they speak to over HTTP.

    with running(tmp_path, provider=sandbox) as tapback:
        tapback.add_user("alice@example.com", "Alice Archer")
        tapback.receive("+14155550132", "Hello")
        tapback.kill()
        tapback.start()
"""

import json
import os
import re
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import pytest
import requests

from inbox.config import ROOT
from inbox.providers.blooio_signature import sign
from inbox.sandbox import Options, Sandbox
from tests import leaks
from tests.engines import Postgres, ended, launched, launched_on_a_free_port, wait_for

KEY = "bl_test_key"
SECRET = "whsec_test_4f1c2b7a9d"
NUMBER = "+14155550100"
PASSWORD = "correct horse battery"
PATIENCE = 30


class Tapback:
    """One process of the product. `start` and it is ready; `kill` is a power cut.

    `settings` are environment variables. With a `provider` its line is the environment's line.
    """

    def __init__(
        self,
        folder: Path,
        *,
        provider: Sandbox | None = None,
        command: str = "run",
        **settings: str,
    ) -> None:
        self.folder = folder
        self.provider = provider
        self.command = command
        self.settings = settings
        self.port = 0
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / f"{command}-{secrets.token_hex(3)}.log"
        leaks.watch_log(self.log)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """Nothing of the environment around the tests but where programs and homes are."""
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {"DATA_DIR": str(self.folder / "data"), "PORT": str(self.port), "LOG_LEVEL": "debug"}
        return {**kept, **own, **self._line(), **self.settings}

    def start(self) -> Self:
        """Starts, or starts again on the same port and data. Returns when it is ready."""
        if self.port:
            self._launch(self.port)
        else:
            self.port = launched_on_a_free_port(self._launch)
        if self.provider and self.command != "worker":
            self.provider.register(f"{self.url}/webhooks/blooio", secret=SECRET)
        return self

    def kill(self) -> None:
        """As a power cut would."""
        ended(self.process, signal.SIGKILL)

    def terminate(self) -> int:
        """As a supervisor would; the answer is the exit code."""
        ended(self.process, signal.SIGTERM)
        return self.process.returncode if self.process else 0

    def ready(self) -> bool:
        if self.command == "worker":
            return "is at work" in self.log.read_text()
        try:
            return requests.get(f"{self.url}/readyz", timeout=2).status_code == 200
        except requests.RequestException:
            return False

    def setup_link(self) -> str:
        """The address printed for the first account."""
        wait_until(lambda: "/setup/" in self.log.read_text(), "a setup link in the log")
        found = re.search(r"http://\S+/setup/\S+", self.log.read_text())
        assert found
        return found.group()

    def run(self, *words: str, typed: str = "") -> str:
        """What `inbox WORDS` prints, on this process's data."""
        done = subprocess.run(
            [sys.executable, "-m", "inbox", *words],
            cwd=ROOT,
            env=self.environment,
            input=typed,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def add_user(self, email: str, name: str, role: str = "agent") -> None:
        words = ("user", "add", email, "--name", name, "--role", role, "--password-stdin")
        self.run(*words, typed=f"{PASSWORD}\n")

    def disable_user(self, email: str) -> None:
        self.run("user", "disable", email)

    def visitor(self, email: str) -> "Visitor":
        """This person, signed in, without a browser."""
        visitor = Visitor(self.url)
        visitor.sign_in(email)
        return visitor

    def post_webhook(self, payload: Mapping[str, Any], *, timeout: float = 15) -> int:
        """Posts it signed; the answer is the status. Raises requests.ConnectionError when cut."""
        leaks.remember(payload.get("text"))
        body = json.dumps(payload, ensure_ascii=False).encode()
        headers = {
            "Content-Type": "application/json",
            "X-Blooio-Signature": sign(body, SECRET, int(time.time())),
            "X-Blooio-Event": payload["event"],
        }
        address = f"{self.url}/webhooks/blooio"
        return requests.post(address, data=body, headers=headers, timeout=timeout).status_code

    def receive(self, sender: str, text: str, **more: Any) -> dict[str, Any]:
        """Somebody writes to us. Returns the event, already taken by the server."""
        payload = received(sender, text, **more)
        assert self.post_webhook(payload) == 200
        return payload

    def receive_at_once(self, payloads: list[dict[str, Any]]) -> None:
        """All of them in parallel."""
        with ThreadPoolExecutor(len(payloads)) as pool:
            assert set(pool.map(self.post_webhook, payloads)) == {200}

    def _launch(self, port: int) -> None:
        self.port = port
        command: list[object] = [sys.executable, "-m", "inbox", self.command]
        options = {"cwd": ROOT, "env": self.environment}
        self.process = launched(command, self.log, signal.SIGKILL, **options)
        wait_for(self.ready, self.process, self.log)

    def _line(self) -> dict[str, str]:
        if self.provider is None:
            return {}
        return {
            "BLOOIO_API_KEY": self.provider.options.key,
            "BLOOIO_WEBHOOK_SECRET": SECRET,
            "BLOOIO_BASE_URL": self.provider.url,
            "BLOOIO_NUMBER": self.provider.options.numbers[0],
        }


class Visitor:
    """What a browser does without showing anything: cookies, form tokens, requests."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.session = requests.Session()

    def sign_in(self, email: str) -> None:
        form = {"email": email, "password": PASSWORD}
        reply = self.send("POST", "/login", form, page="/login")
        assert reply.url.endswith("/conversations"), reply.text

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.url + path, timeout=PATIENCE)

    def send(
        self,
        method: str,
        path: str,
        form: Mapping[str, str] | None = None,
        *,
        page: str = "/conversations",
    ) -> requests.Response:
        """A request with the form token of `page`."""
        found = re.search(r'name="csrf-token" content="([^"]+)"', self.get(page).text)
        assert found
        headers = {"X-CSRFToken": found.group(1)}
        return self.session.request(
            method, self.url + path, data=form, headers=headers, timeout=PATIENCE
        )

    def write(self, conversation: int, text: str, client_id: str | None = None) -> int:
        """A reply; the answer is the status."""
        leaks.remember(text)
        form = {"text": text, "client_id": client_id or secrets.token_hex(16)}
        return self.send("POST", f"/conversations/{conversation}/messages", form).status_code

    def close(self) -> None:
        self.session.close()


def received(sender: str, text: str, **more: Any) -> dict[str, Any]:
    """The event of a message to us, as the provider writes it."""
    at = int(time.time() * 1000)
    return {
        "event": "message.received",
        "message_id": f"msg_{secrets.token_hex(12)}",
        "external_id": sender,
        "internal_id": NUMBER,
        "status": "received",
        "protocol": "imessage",
        "timestamp": at,
        "is_group": False,
        "sender": sender,
        "text": text,
        "attachments": [],
        "received_at": at,
        **more,
    }


def received_in_group(group: str, name: str, sender: str, text: str) -> dict[str, Any]:
    """The event of a message to a group that we are in."""
    return received(sender, text, external_id=group, is_group=True, group_id=group, group_name=name)


@contextmanager
def running(folder: Path, **given: Any) -> Iterator[Tapback]:
    """A Tapback that is ready; killed at the end. Takes what `Tapback` takes."""
    tapback = Tapback(folder, **given)
    try:
        yield tapback.start()
    finally:
        tapback.kill()


@contextmanager
def pretending(**options: Any) -> Iterator[Sandbox]:
    """A pretend provider over HTTP in this process, with nobody who writes by themselves."""
    options = {"key": KEY, "numbers": (NUMBER,), "speed": 10.0, **options}
    with Sandbox(Options(**options)).start() as sandbox:
        leaks.watch_sandbox(sandbox)
        yield sandbox
        leaks.forget_sandbox(sandbox)


def wait_until(true: Callable[[], object], what: str, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while not true():
        assert time.monotonic() < deadline, f"There was no {what} in {patience} s."
        time.sleep(0.05)


@pytest.fixture
def provider() -> Iterator[Sandbox]:
    with pretending() as sandbox:
        yield sandbox


@pytest.fixture
def database(engine: str, request: pytest.FixtureRequest) -> Iterator[dict[str, str]]:
    """The settings that name an empty database, for each `engine`."""
    if engine == "sqlite":
        yield {}
        return
    postgres: Postgres = request.getfixturevalue("postgres")
    name = f"process_{secrets.token_hex(6)}"
    yield {"DATABASE_URL": postgres.create(name)}
    postgres.drop(name)


@pytest.fixture
def tapback(tmp_path: Path, provider: Sandbox, database: dict[str, str]) -> Iterator[Tapback]:
    """A ready Tapback on each `engine`, whose line is the pretend provider."""
    with running(tmp_path, provider=provider, **database) as started:
        yield started
