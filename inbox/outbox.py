"""When lanes run: after a commit that gives them work, for the next try, after a crash."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from flask import Flask
from sqlalchemy import ColumnElement, TextClause, case, literal, select, update

from inbox import deliveries, due, jobs, lanes, lines, pace
from inbox.db import UTCDateTime, db, locked, now, reading
from inbox.lanes import LEASE, Lane, stopping
from inbox.lines import Line
from inbox.messages import Message
from inbox.verdicts import LADDER

SHORTEST_REST = timedelta(seconds=0.1)
LONGEST_WAIT = timedelta(hours=1, minutes=5)
MARGIN = timedelta(minutes=1)
_wakes: dict[int, datetime] = {}


def init_app(app: Flask) -> None:
    stopping.clear()
    _wakes.clear()


@jobs.job
def drain(line_id: int) -> None:
    """Send what is due on this line, unless somebody is at it; then wake again when more is due."""
    lane = Lane(line_id)
    while not lane.tired and lane.take():
        try:
            lane.run()
        finally:
            lane.give_back()
        # What was committed while the lease was ours found it taken: look once more.
        if lane.paced or not lane.any_due():
            break
    wake_later(line_id)


def recover(at: datetime) -> None:
    """What a dead process or a clock that was set left behind."""
    _doubt_interrupted(at)
    _release_misplanned(at)


def _doubt_interrupted(at: datetime) -> None:
    """Messages whose sender died: it may have left, so the same key is tried again at once."""
    for message in _of_each_line(Message.status == "sending", lanes.lost(Message.lease_until, at)):
        message.lease = message.lease_until = None
        problem = "The sending was interrupted. It is being checked."
        deliveries.doubt(message, problem, again_at=at)


def _release_misplanned(at: datetime) -> None:
    """Nothing waits longer than its next try ever does: what seems to was planned before a clock
    was set back, and may go. While its line is told to wait, so is the message."""
    for message in _of_each_line(due.TO_GO, Message.send_after > _longest_wait(at)):
        line = db.session.get_one(Line, message.line_id)
        if not (line.rests_until or line.takes_new_people_from):
            message.send_after = at


def _longest_wait(at: datetime) -> ColumnElement[datetime]:
    """Until when a message may wait at most, by how often it was tried."""
    steps = {
        tried: literal(at + timedelta(seconds=step) + MARGIN, UTCDateTime())
        for tried, step in enumerate((LADDER[0], *LADDER))
    }
    longest = literal(at + LONGEST_WAIT, UTCDateTime())
    by_tries = case(steps, value=Message.attempts, else_=longest)
    return case((Message.status == "held", longest), else_=by_tries)


def _of_each_line(*where: ColumnElement[bool] | TextClause) -> Iterator[Message]:
    """These messages, held, line by line; committed after each line."""
    found = select(Message).where(*where)
    for line_id in db.session.scalars(found.with_only_columns(Message.line_id).distinct()).all():
        lines.hold(line_id)
        of_line = found.where(Message.line_id == line_id).order_by(Message.id)
        yield from db.session.scalars(locked(of_line, Message)).all()
        db.session.commit()
    db.session.rollback()


def take_over() -> None:
    """At the start of the only process: nobody else holds a lease, whatever the rows say."""
    db.session.execute(update(Line).values(lease_holder=None, lease_until=None))
    db.session.execute(
        update(Message).where(Message.status == "sending").values(lease_until=now() - LEASE)
    )
    db.session.commit()
    recover(now())


def wake_later(line_id: int) -> None:
    """Ask for the lane when its next message is due, or its pause is over."""
    at = now()
    with reading():
        line = db.session.get_one(Line, line_id)
        stopped, rests_until = line.stopped_reason, line.rests_until
        paced = pace.free_at(line.next_send_at, at, line.pace) if line.pace else at
        next_due = due.next_try(line_id, at)
    if next_due and not stopped:
        _wake_at(line_id, max(next_due, rests_until or at, paced, at + SHORTEST_REST))


def _wake_at(line_id: int, at: datetime) -> None:
    """One planned wake is enough: without this every drain would leave one behind."""
    planned = _wakes.get(line_id)
    if planned is None or not now() < planned <= at:
        _wakes[line_id] = at
        jobs.ask("drain", line_id, delay=(at - now()).total_seconds())
