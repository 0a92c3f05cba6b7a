"""Writing down what came of a try: the message's state, the attempt, the line's health."""

from dataclasses import replace
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from inbox import deliveries, intake, lines, parcels, verdicts
from inbox.db import db, locked, now
from inbox.deliveries import SendAttempt
from inbox.errors import ProviderError
from inbox.lines import Line
from inbox.messages import Message
from inbox.parcels import Outcome
from inbox.verdicts import Verdict

log = structlog.get_logger(__name__)


def settle(line: Line, outcome: Outcome) -> None:
    """With `line` held. What cannot be written is a person's to see, and harms no other message."""
    verdict = judge(outcome, now())
    try:
        with db.session.begin_nested():
            _settle(line, outcome, verdict)
    except IntegrityError:
        log.error("message.not_settled", id=outcome.parcel.message_id)
        problem = "What Blooio said of it contradicts another message. Ask the person."
        _settle(line, outcome, Verdict("unknown", problem))


def judge(outcome: Outcome, at: datetime) -> Verdict:
    """The verdict. What may have left stays in doubt until the provider itself says more."""
    parcel, result = outcome.parcel, outcome.result
    if result is None:
        return verdicts.not_listed()
    if not isinstance(result, ProviderError):
        return verdicts.of_acceptance(result.status, result.message_ids, result.error)
    verdict = verdicts.of_error(result, attempts=parcel.attempts, at=at, unknown=parcel.unknown)
    if outcome.asked and verdict.outcome in ("failed", "held"):
        # It is the question that was refused or limited, not the message. Without the key nothing
        # else helps.
        if verdict.outcome == "failed" and not parcels.may_send(parcel):
            return verdicts.not_told(result)
        return replace(verdict, outcome="unknown", again_at=at + verdicts.wait(parcel.attempts))
    return verdict


def _settle(line: Line, outcome: Outcome, verdict: Verdict) -> None:
    query = select(Message).filter_by(id=outcome.parcel.message_id)
    message = db.session.scalars(locked(query, Message)).one()
    if message.lease != outcome.parcel.lease:
        return
    message.lease = message.lease_until = None
    db.session.add(_attempt(outcome, verdict))
    _remember(message, outcome, verdict)
    _tell_line(line, verdict)
    _move(message, verdict)
    db.session.flush()
    intake.apply_waiting(line.id, list(verdict.provider_ids))


def _remember(message: Message, outcome: Outcome, verdict: Verdict) -> None:
    """Since when it may have left, and that a day's patience counts outages only."""
    if verdict.left:
        message.doubted_at = message.doubted_at or outcome.parcel.tried_at
    elif not message.doubted_at and not verdict.fault and verdict.outcome in ("queued", "held"):
        message.first_tried_at = None


def _move(message: Message, verdict: Verdict) -> None:
    message.provider_id = next(iter(verdict.provider_ids), message.provider_id)
    if message.status in deliveries.PROVEN:  # an attempt given up arrived while this one was tried
        return
    problem = verdict.problem or ""
    match verdict.outcome:
        case "accepted":
            deliveries.advance(message, "accepted")
        case "failed":
            deliveries.fail(message, problem, code=verdict.code)
        case "unknown":
            deliveries.doubt(message, problem, again_at=verdict.again_at)
        case "held":
            deliveries.hold(message, problem, until=verdict.again_at)
        case _:
            deliveries.put_back(message, problem, again_at=verdict.again_at)


def _tell_line(line: Line, verdict: Verdict) -> None:
    """Keep the line's own state: the breaker, a pause, or a full stop. A pause ends by itself."""
    at, before = now(), lines.state(line)
    line.failures = line.failures + 1 if verdict.fault else 0
    if verdict.new_people_until:
        line.new_people_held_until = verdict.new_people_until
    if verdict.stop:
        line.stopped_reason = verdict.stop
        log.error("line.stopped", line=line.key)
    pause = max(verdict.pause, verdicts.PROBE if line.failures >= lines.BREAKER else 0)
    if pause:
        line.paused_until = max(line.rests_until or at, at + timedelta(seconds=pause))
    if lines.state(line) != before:
        lines.record(line)


def _attempt(outcome: Outcome, verdict: Verdict) -> SendAttempt:
    result = outcome.result
    return SendAttempt(
        message_id=outcome.parcel.message_id,
        outcome=verdict.outcome,
        code=verdict.code,
        provider_id=next(iter(verdict.provider_ids), None),
        detail=_detail(result) if isinstance(result, ProviderError) else None,
        seconds=outcome.seconds,
    )


def _detail(error: ProviderError) -> str:
    status = f"Status {error.status}." if error.status else ""
    return " ".join(filter(None, (status, error.message)))
