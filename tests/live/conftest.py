"""A running server process and browsers that are closed afterwards."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from browsers import Browser


@dataclass
class Tiny:
    port: int
    process: subprocess.Popen[str]

    def post(self, path: str) -> None:
        requests.post(f"http://127.0.0.1:{self.port}{path}", timeout=20).raise_for_status()

    def room(self, name: str) -> dict[str, Any]:
        answer: dict[str, Any] = requests.get(
            f"http://127.0.0.1:{self.port}/rooms/{name}", timeout=5
        ).json()
        return answer


def start(**environment: str) -> Tiny:
    process = subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("tiny.py"))],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | environment,
    )
    tiny = Tiny(0, process)
    assert process.stdout
    if not (line := process.stdout.readline()):
        end(tiny)
        pytest.fail("The server did not start.")
    tiny.port = int(line)
    return tiny


def end(tiny: Tiny) -> None:
    tiny.process.kill()
    tiny.process.wait()
    assert tiny.process.stdout
    tiny.process.stdout.close()


@pytest.fixture(scope="module")
def tiny() -> Iterator[Tiny]:
    running = start()
    yield running
    end(running)


@pytest.fixture
def own_tiny() -> Iterator[Tiny]:
    """One that a test may stop or measure."""
    running = start()
    yield running
    end(running)


@pytest.fixture
def browse(tiny: Tiny) -> Iterator[Callable[..., Browser]]:
    opened: list[Browser] = []

    def browse(viewer: str = "", *, port: int = 0, **more: Any) -> Browser:
        opened.append(Browser(port or tiny.port, viewer, **more))
        return opened[-1]

    yield browse
    for browser in opened:
        browser.close()
