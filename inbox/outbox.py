"""Lanes: each line's messages are claimed, sent and settled by whoever holds the line's lease.

`sending` is committed before a request leaves, and the lease outlives the longest request, so a
message is never in two hands; what comes back after its lease was lost is thrown away.
"""

import secrets
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from flask import Flask
from sqlalchemy import Select, and_, func, or_, select, update
from sqlalchemy.orm import aliased

from inbox import deliveries, intake, jobs, lines, parcels, verdicts
from inbox.db import db, locked, now, reading
from inbox.deliveries import SendAttempt
from inbox.errors import ProviderError
from inbox.lines import Line
from inbox.messages import Message
from inbox.parcels import Outcome, Parcel
from inbox.verdicts import Verdict

log = structlog.get_logger(__name__)

LEASE = timedelta(seconds=60)
SHORTEST_REST = timedelta(seconds=0.1)
# Seconds: between two looks for more to send, before a lease is renewed, for results to gather.
LOOK, RENEW, TIDY = 0.1, 20.0, 0.02
stopping = threading.Event()
_wakes: dict[int, datetime] = {}


def init_app(app: Flask) -> None:
    stopping.clear()
    _wakes.clear()


@jobs.job
def drain(line_id: int) -> None:
    """Send what is due on this line, unless somebody is at it; then wake again when more is due."""
    lane = Lane(line_id)
    while not stopping.is_set() and lane.take():
        try:
            lane.run()
        finally:
            lane.give_back()
        # What was committed while the lease was ours found it taken: look once more.
        if not lane.any_due():
            break
    wake_later(line_id)


def recover(at: datetime) -> None:
    """Messages whose sender died: it may have left, so the same key is tried again at once."""
    lost = select(Message).where(Message.status == "sending", Message.lease_until < at)
    for message in db.session.scalars(lost):
        message.lease = message.lease_until = None
        deliveries.doubt(message, "The sending was interrupted. It is being checked.", again_at=at)
    db.session.commit()


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
        due_now = db.session.scalar(select(Message.id).where(*_due(line_id, at)).limit(1))
        next_due = at if due_now else db.session.scalar(_next_due(line_id, at))
        db.session.rollback()
    if next_due and not stopped:
        _wake_at(line_id, max(next_due, rests_until or at, at + SHORTEST_REST))


def _wake_at(line_id: int, due: datetime) -> None:
    """One planned wake is enough: without this every drain would leave one behind."""
    planned = _wakes.get(line_id)
    if planned is None or not now() < planned <= due:
        _wakes[line_id] = due
        jobs.ask("drain", line_id, delay=(due - now()).total_seconds())


class Lane:
    """One holder's hand on a line."""

    def __init__(self, line_id: int) -> None:
        self.line_id = line_id
        self.holder = secrets.token_hex(8)
        self.under_way: set[Future[Outcome]] = set()

    def take(self) -> bool:
        at = now()
        free = or_(
            Line.lease_until.is_(None), Line.lease_until < at, Line.lease_holder == self.holder
        )
        allowed = Line.id.in_(lines.busy(at).with_only_columns(Line.id))
        taken = db.session.scalar(
            update(Line)
            .where(Line.id == self.line_id, free, allowed)
            .values(lease_holder=self.holder, lease_until=at + LEASE)
            .returning(Line.id)
        )
        db.session.commit()
        return taken is not None

    def give_back(self) -> None:
        db.session.rollback()
        db.session.execute(
            update(Line)
            .where(Line.id == self.line_id, Line.lease_holder == self.holder)
            .values(lease_holder=None, lease_until=None)
        )
        db.session.commit()

    def any_due(self) -> bool:
        with reading():
            query = select(Message.id).where(*_due(self.line_id, now())).limit(1)
            due = db.session.scalar(query)
            db.session.rollback()
        return due is not None

    def run(self) -> None:
        """Until nothing is due and nothing under way, or the line must rest."""
        line = db.session.get_one(Line, self.line_id)
        with ThreadPoolExecutor(line.concurrency, thread_name_prefix="sender") as senders:
            while True:
                for parcel in self.claim():
                    self.under_way.add(senders.submit(parcels.hand_over, parcel, now()))
                if not self.under_way:
                    return
                self.settle(self.next_results())

    def next_results(self) -> list[Outcome]:
        """What came back next; nothing when there is more to send meanwhile, or the lease ages."""
        looked = time.monotonic()
        while time.monotonic() - looked < RENEW:
            done, _ = wait(self.under_way, timeout=LOOK, return_when=FIRST_COMPLETED)
            if done:
                done |= wait(self.under_way, timeout=TIDY).done
                self.under_way -= done
                return [future.result() for future in done]
            if self.any_due():
                return []
        return []

    def claim(self) -> list[Parcel]:
        """The next due messages, marked as sending and committed before they leave."""
        at = now()
        line = db.session.scalars(locked(select(Line).filter_by(id=self.line_id), Line)).one()
        if stopping.is_set() or line.lease_holder != self.holder or _resting(line, at):
            db.session.rollback()
            return []
        line.lease_until = at + LEASE
        room = (1 if line.failures >= verdicts.BREAKER else line.concurrency) - len(self.under_way)
        query = select(Message).where(*_due(self.line_id, at))
        query = query.order_by(Message.priority, Message.id).limit(max(room, 0))
        claimed = [_parcel(m, line, at) for m in db.session.scalars(query).all() if _may_go(m)]
        db.session.commit()
        return claimed

    def settle(self, outcomes: list[Outcome]) -> None:
        """Write down what came back, all of it in one transaction."""
        if not outcomes:
            return
        line = db.session.scalars(locked(select(Line).filter_by(id=self.line_id), Line)).one()
        for outcome in sorted(outcomes, key=lambda outcome: outcome.parcel.message_id):
            _settle(line, outcome)
        db.session.commit()


def _resting(line: Line, at: datetime) -> bool:
    return bool(line.stopped_reason or (line.paused_until and line.paused_until > at))


def _due(line_id: int, at: datetime) -> list[Any]:
    """Due, and not behind another message of its conversation that is still to go."""
    earlier = aliased(Message)
    ahead = select(earlier.id).where(
        earlier.conversation_id == Message.conversation_id,
        earlier.id < Message.id,
        or_(
            earlier.status.in_(("queued", "sending", "held")),
            and_(earlier.status == "unknown", earlier.send_after.is_not(None)),
        ),
    )
    ready = or_(
        and_(Message.status == "queued", Message.send_after.is_(None)),
        and_(Message.status.in_(("queued", "unknown", "held")), Message.send_after <= at),
    )
    return [Message.line_id == line_id, Message.direction == "out", ready, ~ahead.exists()]


def _next_due(line_id: int, at: datetime) -> Select[datetime | None]:
    return select(func.min(Message.send_after)).where(
        Message.line_id == line_id,
        Message.status.in_(("queued", "unknown", "held")),
        Message.send_after > at,
    )


def _may_go(message: Message) -> bool:
    """The last gate: who asked not to be written to is not, whatever was typed before."""
    if message.conversation.opted_out_at is None or message.status == "unknown":
        return True
    deliveries.fail(message, "This person asked not to be messaged, so it was not sent.")
    return False


def _parcel(message: Message, line: Line, at: datetime) -> Parcel:
    doubted = message.status == "unknown"
    message.lease = secrets.token_hex(8)
    message.lease_until = at + LEASE
    message.attempts += 1
    deliveries.start(message)
    return Parcel(
        message_id=message.id,
        lease=message.lease,
        base_url=line.base_url,
        api_key=line.api_key,
        number=line.number,
        chat_key=message.conversation.chat_key,
        text=message.text,
        key=message.idempotency_key or "",
        attempts=message.attempts,
        doubted=doubted,
        created_at=message.created_at,
    )


def _settle(line: Line, outcome: Outcome) -> None:
    query = select(Message).filter_by(id=outcome.parcel.message_id)
    message = db.session.scalars(locked(query, Message)).one()
    if message.lease != outcome.parcel.lease:
        return
    verdict = _verdict(outcome)
    message.lease = message.lease_until = None
    db.session.add(_attempt(outcome, verdict))
    _tell_line(line, verdict)
    match verdict.outcome:
        case "accepted":
            _accept(message, verdict)
        case "failed":
            message.provider_id = next(iter(verdict.provider_ids), message.provider_id)
            deliveries.fail(message, verdict.problem or "", code=verdict.code)
        case "unknown":
            deliveries.doubt(message, verdict.problem or "", again_at=verdict.again_at)
        case "held":
            deliveries.hold(message, verdict.problem or "", until=verdict.again_at)
        case _:
            deliveries.put_back(message, verdict.problem, again_at=verdict.again_at)


def _verdict(outcome: Outcome) -> Verdict:
    parcel, result, at = outcome.parcel, outcome.result, now()
    if result is None:
        return Verdict("unknown", "Blooio does not list it. Ask the person whether it arrived.")
    if not isinstance(result, ProviderError):
        return verdicts.of_acceptance(result.status, result.message_ids, result.error)
    age = at - parcel.created_at
    verdict = verdicts.of_error(result, attempts=parcel.attempts, age=age, at=at)
    if parcel.doubted and verdict.outcome == "queued":
        # An earlier try may have left: what is in doubt stays in doubt, and is asked again.
        return replace(verdict, outcome="unknown")
    return verdict


def _accept(message: Message, verdict: Verdict) -> None:
    message.provider_id = next(iter(verdict.provider_ids), message.provider_id)
    message.send_after = None
    deliveries.advance(message, "accepted")
    db.session.flush()
    intake.apply_waiting(message.line_id, list(verdict.provider_ids))


def _tell_line(line: Line, verdict: Verdict) -> None:
    """Keep the line's own state: the breaker, a pause, or a full stop."""
    at = now()
    line.failures = line.failures + 1 if verdict.fault else 0
    if verdict.stop:
        line.stopped_reason = verdict.stop
        log.error("line.stopped", line=line.key)
    pause = max(verdict.pause, verdicts.PROBE if line.failures >= verdicts.BREAKER else 0)
    line.paused_until = at + timedelta(seconds=pause) if pause else None


def _attempt(outcome: Outcome, verdict: Verdict) -> SendAttempt:
    result = outcome.result
    return SendAttempt(
        message_id=outcome.parcel.message_id,
        outcome=verdict.outcome,
        code=verdict.code,
        detail=_detail(result) if isinstance(result, ProviderError) else None,
        seconds=outcome.seconds,
    )


def _detail(error: ProviderError) -> str:
    return " ".join(str(part) for part in (error.kind, error.status, error.message) if part)
