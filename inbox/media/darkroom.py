"""Opening what strangers sent, in a process that may die of it (child.py)."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import structlog

log = structlog.get_logger(__name__)

CHILD = Path(__file__).with_name("child.py")
PATIENCE = 12.0
MOST_SAID = 64 * 1024
# One at a time: two would need the memory of two.
_one = threading.Lock()


def develop(what: str, file: Path, folder: Path) -> dict[str, Any] | None:
    """What the child found in `file`, with its pictures in `folder`; None when it could not.

    `what`: "picture" or "card". The values are the child's, and as trustworthy as the file.
    """
    command = [sys.executable, "-I", str(CHILD), what, str(file.resolve())]
    with _one, _started(command, folder) as child:
        try:
            code = child.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            code = None
    if code != 0:
        log.info("media.not_opened", what=what, code=code)
        return None
    return _said(folder / "found.json")


@contextlib.contextmanager
def _started(command: list[str], folder: Path) -> Any:
    """The child, in a group of its own; nothing of the group is left afterwards."""
    silent = subprocess.DEVNULL
    child = subprocess.Popen(  # noqa: S603
        command,
        cwd=folder,
        env={"LANG": "C.UTF-8"},
        stdin=silent,
        stdout=silent,
        stderr=silent,
        start_new_session=True,
    )
    try:
        yield child
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _said(file: Path) -> dict[str, Any] | None:
    try:
        if file.stat().st_size > MOST_SAID:
            return None
        said = json.loads(file.read_text())
    except (OSError, ValueError):
        return None
    return said if isinstance(said, dict) else None
