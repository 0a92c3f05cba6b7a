"""A sandbox on loopback per test, fifty times as fast as life, with switches as keywords."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from inbox.sandbox import Options, Sandbox
from inbox.sandbox.serve import ThreadServer
from tests.sandbox.client import Client
from tests.sandbox.receiver import Receiver

SPEED = 50.0


def serve_briskly(app: Flask, host: str, port: int) -> ThreadServer:
    return ThreadServer(app, host, port, patience=0.005)


class Clock:
    """The real clock, moved."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> float:
        return time.time() + self.ahead

    def pass_(self, *, days: float = 0, hours: float = 0) -> None:
        self.ahead += days * 86_400 + hours * 3_600


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def start(clock: Clock) -> Iterator[Callable[..., Sandbox]]:
    started: list[Sandbox] = []

    def start(port: int = 0, **switches: Any) -> Sandbox:
        options = Options(**{"speed": SPEED, "clock": clock, "concurrency": 3, **switches})
        started.append(Sandbox(options).start(port=port, serve=serve_briskly))
        return started[-1]

    yield start
    for sandbox in started:
        sandbox.close()


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    clients: list[Client] = []

    def connect(sandbox: Sandbox, key: str | None = None) -> Client:
        clients.append(Client(sandbox, key))
        return clients[-1]

    yield connect
    for client in clients:
        client.close()


@pytest.fixture
def sandbox(start: Callable[..., Sandbox]) -> Sandbox:
    return start()


@pytest.fixture
def client(sandbox: Sandbox, connect: Callable[..., Client]) -> Client:
    return connect(sandbox)


@pytest.fixture(scope="session")
def untouched() -> Iterator[Client]:
    """A client of one sandbox for all tests of refusals: nobody has ever said anything there."""
    sandbox = Sandbox().start(serve=serve_briskly)
    client = Client(sandbox)
    yield client
    client.close()
    sandbox.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()
