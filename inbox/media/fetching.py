"""Files that wait to be fetched. The rows are the work: whoever claims one has it for a while, and
what a dead process had is found again by the sweep.
"""

import random
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from flask import current_app
from sqlalchemy import ColumnElement, or_, select, update

from inbox import attachments, files, jobs, lines, messages, storage
from inbox.attachments import Attachment
from inbox.config import Settings
from inbox.db import db, now
from inbox.lines import Line
from inbox.media.bench import Bench
from inbox.media.download import Missed, download
from inbox.media.hosts import Blocked, place
from inbox.media.looking import look_at
from inbox.messages import Message
from inbox.storage import StorageError

log = structlog.get_logger(__name__)

AT_ONCE = 100
LADDER = tuple(timedelta(seconds=s) for s in (5, 30, 120, 600, 1800))
LEASE = timedelta(minutes=4)
"""Longer than a download and the look at it can take."""
FORGOTTEN = 3600.0

Found = dict[str, Any]


@jobs.job
def fetch_file(id: int) -> None:
    """Hand it to the threads that fetch; the worker goes on."""
    bench: Bench = current_app.extensions.setdefault(
        "bench",
        Bench(current_app._get_current_object(), fetch),  # type: ignore[attr-defined]
    )
    bench.put(id)


def ask_forgotten(at: datetime) -> None:
    """Have those fetched whose time has come."""
    waiting = select(Attachment.id).where(_due(at)).order_by(Attachment.id.desc())
    ids = db.session.scalars(waiting.limit(AT_ONCE)).all()
    db.session.rollback()
    for id in ids:
        jobs.ask(attachments.JOB, id)


def fetch(id: int) -> None:
    """Fetch it, unless somebody has it. Holds the database only to claim it and to say what came
    of it."""
    lease = _claim(id, now())
    if lease is None:
        return
    kept: dict[Path, str] = {}
    found = _outcome(id, kept)
    if not _settle(id, lease, found) or found["state"] != "stored":
        for name in kept.values():
            storage.delete(name)


def _outcome(id: int, kept: dict[Path, str]) -> Found:
    """What is to be written into its row; `kept` are the names of what was stored meanwhile."""
    attachment = db.session.get_one(Attachment, id)
    line = db.session.get_one(Line, db.session.get_one(Message, attachment.message_id).line_id)
    where, tries = (attachment.url, line.provider, line.base_url), attachment.attempts
    db.session.rollback()
    if tries > len(LADDER) + 1:
        # The process died of it, and again.
        return _missed("It could not be fetched.", False, tries)
    try:
        with _room() as folder:
            return _fetched(where, folder / "original", kept)
    except Blocked as error:
        return {"state": "blocked", "problem": str(error)}
    except Missed as error:
        return _missed(str(error), error.passing, tries)
    except (StorageError, OSError) as error:
        log.error("media.not_stored", attachment=id, error=str(error))
        return _missed("It could not be stored.", True, tries)


def tidy() -> None:
    """What downloads that were killed left behind."""
    old = time.time() - FORGOTTEN
    for left in _incoming().iterdir():
        if left.stat().st_mtime < old:
            shutil.rmtree(left, ignore_errors=True)


def _claim(id: int, at: datetime) -> datetime | None:
    """Until when it is ours; None when it is somebody else's, or done."""
    lease = at + LEASE
    taken = db.session.scalar(
        update(Attachment)
        .where(Attachment.id == id, _due(at))
        .values(fetch_after=lease, attempts=Attachment.attempts + 1)
        .returning(Attachment.id)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return lease if taken else None


def _due(at: datetime) -> ColumnElement[bool]:
    """Those that wait. One that waits longer than any does was planned before a clock was set."""
    when = Attachment.fetch_after
    time_has_come = or_(when.is_(None), when <= at, when > at + 2 * LADDER[-1])
    return (Attachment.state == "pending") & time_has_come


def _fetched(where: tuple[str, str, str], file: Path, kept: dict[Path, str]) -> Found:
    fetched = download(place(*where), file)
    seen = look_at(file)
    for path in (file, seen.display, seen.thumbnail):
        if path and path not in kept:
            kept[path] = storage.keep(path, path.suffix)
    return {
        "state": "stored",
        "problem": None,
        "size": fetched.size,
        "sha256": fetched.sha256,
        "content_type": seen.content_type,
        "kind": seen.kind,
        "width": seen.width,
        "height": seen.height,
        "cards": seen.cards,
        "stored": kept[file],
        "display": seen.display and kept[seen.display],
        "thumbnail": seen.thumbnail and kept[seen.thumbnail],
        "stored_at": now(),
    }


def _missed(problem: str, passing: bool, tries: int) -> Found:
    """Another try after a while, or the end of trying."""
    if not passing or tries > len(LADDER):
        return {"state": "failed", "problem": problem}
    wait = LADDER[tries - 1] * random.uniform(0.8, 1.2)  # noqa: S311
    return {"state": "pending", "problem": problem, "fetch_after": now() + wait}


def _settle(id: int, lease: datetime, found: Found) -> bool:
    """Say what came of it, if it is still ours."""
    message = _held(id)
    settled = db.session.scalar(
        update(Attachment)
        .where(Attachment.id == id, Attachment.state == "pending", Attachment.fetch_after == lease)
        .values({"fetch_after": None, **found})
        .returning(Attachment.id)
        .execution_options(synchronize_session=False)
    )
    if settled is None:
        db.session.rollback()
        return False
    files.show_in_list(message)
    messages.record("message.file", message)
    db.session.commit()
    if again := found.get("fetch_after"):
        jobs.ask(attachments.JOB, id, delay=(again - now()).total_seconds())
    return True


def _held(id: int) -> Message:
    """The message that it came with; its line is held, as by everybody who changes messages."""
    attachment = db.session.get_one(Attachment, id)
    message = db.session.get_one(Message, attachment.message_id)
    lines.hold(message.line_id)
    return message


@contextmanager
def _room() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=_incoming(), ignore_cleanup_errors=True) as name:
        yield Path(name)


def _incoming() -> Path:
    """On the disk of the data, not in a /tmp that may be memory."""
    settings: Settings = current_app.config["SETTINGS"]
    folder = settings.data_dir / "incoming"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
