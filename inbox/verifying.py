"""When lines are verified: at the start, after a gap, every so often, and when somebody asks."""

import threading
from datetime import datetime, timedelta

from sqlalchemy import select

from inbox import jobs, lines, reconciler, verifications
from inbox.db import db, now
from inbox.lines import Line

# Seconds between two turns; the longer one for a comparison that has all day.
PAUSE, SLOW_PAUSE, BUSY = 0.1, 5.0, 0.5
# Longer than this without a sweep, and we were not there: stopped, asleep, or cut off.
GAP = timedelta(minutes=3)
_one_turn = threading.Lock()


@jobs.job
def verify(line_id: int) -> None:
    """Soon: somebody has a reason to think that something is missing."""
    _ask(line_id, "recent")
    go_on_verifying(line_id)


@jobs.job
def verify_now(line_id: int, kind: str = "recent", since: datetime | None = None) -> None:
    """At once: because a person waits for it."""
    _ask(line_id, kind, since)
    go_on_verifying(line_id, rest=0)


@jobs.job
def verify_after(line_id: int, gap: datetime) -> None:
    """At once: we were not there until `gap`."""
    lines.hold(line_id)
    if not verifications.begun(line_id, gap):
        verifications.ask(line_id, "recent")
    db.session.commit()
    go_on_verifying(line_id, rest=0)


@jobs.job
def verify_due(line_id: int) -> None:
    asked = verifications.ask_when_due(lines.hold(line_id), now())
    db.session.commit()
    if asked:
        go_on_verifying(line_id)


@jobs.job
def go_on_verifying(line_id: int, rest: float = verifications.REST.total_seconds()) -> None:
    """One turn at a time in a process: the other workers are for lanes."""
    if not _one_turn.acquire(blocking=False):
        jobs.ask("go_on_verifying", line_id, rest, delay=BUSY)
        return
    try:
        more = reconciler.turn(line_id, rest=timedelta(seconds=rest))
    finally:
        _one_turn.release()
    if more:
        slow = all(one.kind == "all" for one in verifications.under_way(line_id))
        db.session.rollback()
        jobs.ask("go_on_verifying", line_id, delay=SLOW_PAUSE if slow else PAUSE)


def take_over() -> None:
    """At the start of the only process: nobody is at any verification, whatever the rows say."""
    verifications.take_over(now())
    db.session.commit()


def arrive() -> None:
    """At the start of a process that works: it was not there before."""
    jobs.note("swept_at", now().isoformat())
    _ask_for_all("verify_after", now())


def ask_due(at: datetime) -> None:
    """In every sweep. While a machine slept, what was told was told to nobody."""
    last = jobs.noted("swept_at")
    jobs.note("swept_at", at.isoformat())
    away = last is not None and abs(at - datetime.fromisoformat(last)) > GAP
    if away:
        _ask_for_all("verify_after", at)
    else:
        _ask_for_all("verify_due")
    for line_id in verifications.forgotten(at):
        jobs.ask("go_on_verifying", line_id)
    db.session.rollback()


def _ask_for_all(job: str, *args: datetime) -> None:
    """But for lines that are stopped: their key is refused, or they have no provider."""
    running = select(Line.id).where(Line.stopped_reason.is_(None))
    ids = db.session.scalars(running).all()
    db.session.rollback()
    for line_id in ids:
        jobs.ask(job, line_id, *args)


def _ask(line_id: int, kind: str, since: datetime | None = None) -> None:
    lines.hold(line_id)
    verifications.ask(line_id, kind, since)
    db.session.commit()
