"""`inbox replay`: compare every line with its provider now, and fetch what is missing."""

import re
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import click
from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import OperationalError, ProgrammingError

from inbox import config, create_app, jobs, lines, reconciler, verifications
from inbox.config import BadSettings, Settings
from inbox.db import db, now, reading
from inbox.errors import Refused
from inbox.lines import Line
from inbox.verifications import Verification

LOOK, TELL = 0.2, 2.0
# Seconds until somebody else must have taken it up.
PATIENCE = {"sqlite": 60.0, "postgresql": 5.0}
BACK = re.compile(r"(\d{1,4}) *(minute|hour|day|week)s?", re.IGNORECASE)
SINCE = "Write --since as 2026-11-24T10:00, or as 2 hours or 3 days."


@click.command()
@click.option("--since", help="Compare from then on: 2026-11-24T10:00, 2 hours, 3 days.")
def replay(since: str | None) -> None:
    """Fetch whatever the provider has and Tapback has not, on every line."""
    settings = config.load()
    begin = read_since(since, now()) if since else None
    with _tapback(settings) as alone:
        good = [_replay(line, begin, alone) for line in _lines()]
    if not good:
        click.echo("There is no line yet.")
    if not all(good):
        sys.exit(1)


def read_since(text: str, at: datetime) -> datetime:
    """The moment that was typed; without a time zone it is one of this machine. Refused with how
    to write it."""
    if back := BACK.fullmatch(text.strip()):
        return at - timedelta(**{f"{back[2].lower()}s": int(back[1])})
    try:
        moment = datetime.fromisoformat(text.strip()).astimezone()
    except (ValueError, OverflowError):
        raise Refused(SINCE) from None
    if moment > at:
        raise Refused("--since lies in the future.")
    return moment


@contextmanager
def _tapback(settings: Settings) -> Iterator[bool]:
    """The application around the command; whether nobody else works on its data."""
    # Here, so that no other command loads what serves.
    from inbox import runtime

    try:
        held = runtime.only_one(settings)
    except BadSettings:
        held = None
    app = create_app(settings)
    with app.app_context():
        try:
            yield held is not None and db.engine.dialect.name == "sqlite"
        except (OperationalError, ProgrammingError) as error:
            reason = type(error.orig).__name__
            raise Refused(
                f"The database cannot be used ({reason}). Run inbox migrate first."
            ) from None
        finally:
            db.session.remove()
            db.engine.dispose()
            app.extensions["huey"].storage.close()
            if held:
                held.close()


def _lines() -> list[Line]:
    with reading():
        found = list(db.session.scalars(select(Line).order_by(Line.id)))
        db.session.expunge_all()
    return found


def _replay(line: Line, since: datetime | None, alone: bool) -> bool:
    """Whether the line is complete now, as far as it is there at all."""
    if line.sandbox and (alone or line.stopped_reason):
        click.echo(f"{line.name}: left out, because the sandbox is off.")
        return True
    found = _here(line, since) if alone else _elsewhere(line, since) or _here(line, since)
    if found.error:
        click.echo(f"{line.name}: could not be compared. {found.error}")
    else:
        compared = f"{found.messages:,} messages in {found.chats:,} conversations compared"
        click.echo(f"{line.name}: {verifications.words(found)} ({compared}).")
    if found.note:
        click.echo(f"{line.name}: {found.note}")
    return not found.error and not found.still_missing


def _here(line: Line, since: datetime | None) -> Verification:
    """By this process; others may take a turn at it."""
    lines.hold(line.id)
    id = verifications.ask(line.id, "asked", since).id
    db.session.commit()

    def work() -> None:
        if not reconciler.turn(line.id, rest=timedelta(0)):
            time.sleep(LOOK)

    return _followed(line, id, work)


def _elsewhere(line: Line, since: datetime | None) -> Verification | None:
    """By the process that is at work already: on SQLite there is one that writes. None when nobody
    takes it up."""
    with reading():
        before = db.session.scalar(select(func.max(Verification.id))) or 0
    jobs.ask("verify_now", line.id, "asked", since)
    engine = db.engine.dialect.name
    deadline = time.monotonic() + PATIENCE[engine]
    while (id := _taken_up(line, before)) is None:
        if time.monotonic() > deadline:
            if engine == "sqlite":
                raise Refused("The Tapback that is running did not take it up. See its log.")
            return None
        time.sleep(LOOK)
    return _followed(line, id, lambda: time.sleep(LOOK))


def _taken_up(line: Line, before: int) -> int | None:
    """The one that we asked for: a new one, or one that was waiting to begin."""
    waiting = and_(Verification.ended_at.is_(None), Verification.todo.is_(None))
    query = select(Verification.id).where(
        Verification.line_id == line.id,
        Verification.kind == "asked",
        or_(Verification.id > before, waiting),
    )
    with reading():
        return db.session.scalar(query.order_by(Verification.id.desc()).limit(1))


def _followed(line: Line, id: int, meanwhile: Callable[[], None]) -> Verification:
    """The verification, once it has ended; says now and then how far it is."""
    told = time.monotonic()
    while True:
        with reading():
            found = db.session.get_one(Verification, id)
            db.session.expunge_all()
        if found.ended_at:
            return found
        if time.monotonic() - told > TELL and found.chats:
            told = time.monotonic()
            click.echo(f"{line.name}: {found.done:,} of {found.chats:,} conversations", err=True)
        meanwhile()
