"""Starting and stopping the processes: all in one (`run`), or the two halves (`web`, `worker`)."""

import fcntl
import resource
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import IO

import structlog
from flask import Flask

from inbox import (
    create_app,
    demo_line,
    jobs,
    lanes,
    lines,
    outbox,
    pages,
    schema,
    setup_links,
    verifying,
)
from inbox.config import BadSettings, Settings
from inbox.db import db
from inbox.environment_line import connect as connect_environment_line
from inbox.live import announcer
from inbox.log import take_over, uncaught
from inbox.sandbox import panel_address
from inbox.server import Server, serve, tell_uncaught

log = structlog.get_logger(__name__)
FILES_WANTED = 65_536
GRACE = 30
Stop = Callable[[], None]


def run(settings: Settings, say: Callable[[str], None]) -> None:
    """Web, workers and, without an API key, the sandbox, in one process. Returns when stopped."""
    held = only_one(settings)
    app = _prepared(settings)
    stops: list[Stop] = [held.close, app.extensions["tally"].flush]
    with app.app_context():
        outbox.take_over()
        verifying.take_over()
    server = _serve(app, settings)
    stops.append(server.stop)
    stops.append(_announce(app))
    with app.app_context():
        if settings.blooio_api_key:
            connect_environment_line(settings)
        else:
            stops.append(demo_line.start(settings, server.port))
    stops.append(_work(app))
    say(_box(app, settings, server.port))
    _until_told(stops)


def web(settings: Settings, say: Callable[[str], None]) -> None:
    """The web half alone: any number of processes, one port each."""
    _needs_scale(settings)
    app = _prepared(settings)
    server = _serve(app, settings)
    say(f"Tapback's web half listens on http://{settings.host}:{server.port}")
    _until_told([app.extensions["tally"].flush, server.stop, _announce(app)])


def worker(settings: Settings, say: Callable[[str], None]) -> None:
    """The working half alone: sends, retries, and everything that takes time."""
    _needs_scale(settings)
    app = _prepared(settings)
    with app.app_context():
        if settings.blooio_api_key:
            connect_environment_line(settings)
    stops = [_announce(app), _work(app)]
    say("Tapback's worker is at work.")
    _until_told(stops)


def _prepared(settings: Settings) -> Flask:
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if most == resource.RLIM_INFINITY else min(FILES_WANTED, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    app = create_app(settings)
    with app.app_context():
        schema.upgrade()
    # What fails before this is for whoever starts us to read; from now on people may have written.
    take_over()
    tell_uncaught(uncaught)
    return app


def _serve(app: Flask, settings: Settings) -> Server:
    try:
        return serve(app, settings.host, settings.port)
    except OSError as error:
        raise BadSettings(
            [f"Port {settings.port} on {settings.host} cannot be used: {error.strerror}. Set PORT."]
        ) from None


def _announce(app: Flask) -> Stop:
    announcer.start(app, pages.announce)
    return announcer.stop


def _work(app: Flask) -> Stop:
    consumer = jobs.consumer(app)
    consumer.start()
    with app.app_context():
        verifying.arrive()
        jobs.ask("sweep")

    def stop() -> None:
        lanes.stopping.set()
        consumer.stop(graceful=True)

    return stop


def _until_told(stops: list[Stop]) -> None:
    """Wait for a signal; then stop in the opposite order, for at most GRACE seconds."""
    told = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: told.set())
    told.wait()
    log.info("stopping")
    signal.alarm(GRACE)
    for stop in reversed(stops):
        stop()
    signal.alarm(0)
    with suppress(RuntimeError):
        db.session.remove()


def only_one(settings: Settings) -> IO[str]:
    """The data folder belongs to one process: SQLite has one writer."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    lock = (settings.data_dir / "lock").open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.close()
        raise BadSettings(
            [f"Another Tapback is running on {settings.data_dir.resolve()}. Stop it first."]
        ) from None
    return lock


def _needs_scale(settings: Settings) -> None:
    problems = []
    if not settings.database.startswith("postgresql"):
        problems.append("DATABASE_URL must name a PostgreSQL database for more than one process.")
    if not settings.redis_url:
        problems.append("REDIS_URL must be set for more than one process.")
    if problems:
        raise BadSettings(problems)


def _box(app: Flask, settings: Settings, port: int) -> str:
    address = settings.public_url or f"http://{settings.host}:{port}"
    with app.app_context():
        setup = setup_links.first_run_url(address)
        demo = None if settings.blooio_api_key else lines.with_key(demo_line.KEY)
        pretend = panel_address(demo.base_url) if demo else None
        db.session.commit()
    told = [f"Tapback is running: {address}"]
    if setup:
        told += ["", "Make the first account here (once, within 30 minutes):", setup]
    if pretend:
        told += ["", f"Make its pretend Blooio fail: {pretend}"]
    told += ["", f"Everything is kept in {settings.data_dir.resolve()}"]
    width = max(map(len, told))
    body = "\n".join(f"│ {line.ljust(width)} │" for line in told)
    return f"┌{'─' * (width + 2)}┐\n{body}\n└{'─' * (width + 2)}┘"
