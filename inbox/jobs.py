"""Work for later, run by Huey. A job carries an id and may be lost or run twice without harm:
the rows are the work, and a sweep issues again what was forgotten.
"""

from collections.abc import Callable
from typing import Any

import structlog
from flask import Flask, current_app
from huey import Huey, PostgresHuey, SqliteHuey, crontab  # type: ignore[import-untyped]
from huey.consumer import Consumer  # type: ignore[import-untyped]
from sqlalchemy import event
from sqlalchemy.orm import Session

from inbox.config import Settings
from inbox.db import db

log = structlog.get_logger(__name__)
Job = Callable[..., None]
_jobs: dict[str, Job] = {}
_every_minute: dict[str, Job] = {}


def job(function: Job) -> Job:
    """Let `function` be asked for by its name. It runs in an app context and commits itself."""
    _jobs[function.__name__] = function
    return function


def every_minute(function: Job) -> Job:
    _every_minute[function.__name__] = function
    return job(function)


def init_app(app: Flask) -> None:
    settings: Settings = app.config["SETTINGS"]
    huey = _engine(settings)
    app.extensions["huey"] = huey
    app.extensions["jobs"] = {
        name: huey.task(name=name)(_in_context(app, function)) for name, function in _jobs.items()
    }
    for name, function in _every_minute.items():
        huey.periodic_task(crontab(), name=f"{name}_each_minute")(_in_context(app, function))


def ask(name: str, *args: Any, delay: float = 0) -> None:
    """Run the job `name` soon, or in `delay` seconds."""
    task = current_app.extensions["jobs"][name]
    if delay > 0:
        task.schedule(args, delay=delay)
    else:
        task(*args)


def ask_after_commit(name: str, *args: Any) -> None:
    """Once the transaction under way commits, run the job; never when it rolls back."""
    db.session().info.setdefault("jobs", {})[name, args] = None


def note(name: str, value: str) -> None:
    """Remember a text under this name, for every process of the engine; the newest is kept."""
    current_app.extensions["huey"].put(f"note.{name}", value)


def noted(name: str) -> str | None:
    found: str | None = current_app.extensions["huey"].get(f"note.{name}", peek=True)
    return found


def consumer(app: Flask) -> Consumer:
    """Threads that run the jobs of this app: `.start()`, `.stop(graceful=True)`."""
    settings: Settings = app.config["SETTINGS"]
    return QuietConsumer(
        app.extensions["huey"],
        workers=settings.workers,
        initial_delay=0.02,
        backoff=1.3,
        max_delay=0.1,
        check_worker_health=False,
    )


class QuietConsumer(Consumer):  # type: ignore[misc]
    """Signals are the process's own business."""

    def _set_signal_handlers(self) -> None:
        pass


def _engine(settings: Settings) -> Huey:
    if settings.database.startswith("postgresql"):
        dsn = settings.database.replace("postgresql+psycopg://", "postgresql://", 1)
        return PostgresHuey("tapback", dsn=dsn, results=False, store_none=False)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    return SqliteHuey(
        "tapback", filename=str(settings.data_dir / "jobs.db"), results=False, store_none=False
    )


def _in_context(app: Flask, function: Job) -> Job:
    def run(*args: Any) -> None:
        with app.app_context():
            try:
                function(*args)
            except Exception:
                log.exception("job.failed", job=function.__name__)

    run.__name__ = function.__name__
    return run


@event.listens_for(Session, "after_commit")
def _ask(session: Session) -> None:
    if session.in_nested_transaction():
        return
    for name, args in session.info.pop("jobs", {}):
        try:
            ask(name, *args)
        except Exception as error:  # it is committed, and the sweep finds what was not asked for
            log.error("job.not_asked", job=name, error=type(error).__name__)


@event.listens_for(Session, "after_soft_rollback")
def _forget(session: Session, transaction: Any) -> None:
    if not transaction.nested:
        session.info.pop("jobs", None)
