"""How far a message is. A state only moves forward, and only on what the provider said."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Select, func, or_, select, text, update
from sqlalchemy.orm import Mapped, mapped_column

from inbox import jobs, lines, snippets
from inbox.conversations import Conversation
from inbox.db import Model, db, lock, locked, now
from inbox.errors import Refused
from inbox.lines import Line
from inbox.messages import Message, record, with_provider_id
from inbox.users import User

# How far a message is along. "failed" and "unknown" lie beside the road.
RANK = {"held": 0, "queued": 0, "sending": 1, "accepted": 2, "sent": 3, "delivered": 4, "read": 5}
PROVEN = ("delivered", "read")
# What is reported, each outweighing those before it.
REPORTS = ("pending", "queued", "sent", "failed", "delivered", "read")
UNRESOLVED = (None, "pending", "unknown")
TROUBLE = ("failed", "unknown")
TROUBLED = text("message.troubled")
# How far our clock and the provider's may be apart: beyond that no webhook is believed either.
CLOCKS_APART = timedelta(minutes=6)
# From this many tries of a doubted message on, the provider's list is asked before another one.
ASK_FROM = 3
# How old a message is when the provider is asked about it, if no report came.
CHECKS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 60, 240, 720, 1440))


class SendAttempt(Model):
    """One try to hand a message to the provider, and what came back."""

    __tablename__ = "send_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    outcome: Mapped[str]
    code: Mapped[str | None]
    detail: Mapped[str | None]
    provider_id: Mapped[str | None] = mapped_column(index=True)
    seconds: Mapped[float]
    at: Mapped[datetime] = mapped_column(default=now)


class DeliveryEvent(Model):
    """What the provider reported of a message, in the order in which we heard it."""

    __tablename__ = "delivery_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    provider_id: Mapped[str | None]
    status: Mapped[str]
    protocol: Mapped[str | None]
    code: Mapped[str | None]
    detail: Mapped[str | None]
    reported_at: Mapped[datetime | None]
    at: Mapped[datetime] = mapped_column(default=now)


def about(line_id: int, provider_id: str) -> Message | None:
    """The message that the provider means, held until the commit; also by an earlier attempt."""
    return with_provider_id(line_id, provider_id) or _tried_as(line_id, provider_id)


def hear(message: Message, report: DeliveryEvent) -> None:
    """Write a report down and let it move the message. Of an attempt that was given up for a new
    one, only the phone's own receipt counts."""
    report.message_id = message.id
    db.session.add(report)
    if report.provider_id not in (None, message.provider_id) and report.status not in PROVEN:
        return
    if report.status == "failed":
        problem = report.detail or "The provider could not deliver it and did not say why."
        fail(message, problem, code=report.code)
    road = None if _outdone(message, report) else report.protocol
    advance(message, report.status, protocol=road)


def advance(message: Message, status: str, *, protocol: str | None = None) -> None:
    """Move forward only: reports arrive out of order. A phone's receipt outweighs a failure."""
    changed = _resolve_protocol(message, protocol)
    if later(status, than=message.status):
        _set(message, status)
        message.problem = message.problem_code = None
        message.send_after = None
        changed = True
    if changed:
        message.check_after = next_check(message, now())
        record(f"message.{message.status}", message)


def fail(message: Message, problem: str, *, code: str | None = None) -> None:
    """It will not arrive. A message that has arrived stays arrived."""
    if message.status in PROVEN or message.status == "failed":
        return
    message.problem, message.problem_code = problem, code
    message.send_after = message.check_after = None
    _set(message, "failed")
    record("message.failed", message)


def doubt(message: Message, problem: str, *, again_at: datetime | None) -> None:
    """It may have left. Ask again at `again_at`, or let a person decide when that is None."""
    message.problem, message.send_after = problem, again_at
    message.doubted_at = message.doubted_at or message.first_tried_at or now()
    _set(message, "unknown")
    record("message.unknown", message)


def put_back(message: Message, problem: str | None, *, again_at: datetime | None) -> None:
    """Try it again later."""
    message.problem, message.send_after = problem, again_at
    _set(message, "queued")
    record("message.queued", message)


def hold(message: Message, problem: str, *, until: datetime | None) -> None:
    """The provider takes it later: at `until`, or once the person has written when that is None."""
    message.problem, message.send_after = problem, until
    _set(message, "held")
    record("message.held", message)


def release(conversation: Conversation) -> None:
    """The person wrote or reacted: what waited for that may go."""
    held = select(Message).where(
        Message.conversation_id == conversation.id, Message.status == "held"
    )
    for message in db.session.scalars(held):
        put_back(message, None, again_at=now())
        jobs.ask_after_commit("drain", message.line_id)


def hurry(line: Line) -> None:
    """What was tried and waits for its next try is due now, with `line` held. What is held waits
    on for what holds it, and what is unknown for its check."""
    waits = (Message.line_id == line.id, Message.status == "queued", Message.attempts > 0)
    due = update(Message).where(*waits, Message.send_after > now()).values(send_after=now())
    db.session.execute(due)


def start(message: Message) -> None:
    """It is about to leave."""
    message.problem = message.problem_code = None
    _set(message, "sending")
    record("message.sending", message)


def later(status: str, than: str) -> bool:
    """Whether `status` is further along than `than`: reports arrive out of order."""
    if than == "failed":
        return status in PROVEN
    if than == "unknown":
        return RANK.get(status, -1) >= RANK["accepted"]
    return RANK.get(status, -1) > RANK.get(than, len(RANK))


def listed_since(tried_at: datetime, at: datetime) -> datetime:
    """From when on the provider can have listed what was tried at `tried_at`. When that is still to
    come, our clock was set back since, and says nothing."""
    return (tried_at if tried_at <= at else at - timedelta(days=1)) - CLOCKS_APART


def retry(message: Message, by: User) -> None:
    """A person asks for another try. After a definite refusal or a failure on the way it is a new
    one, with a new key; what may have left keeps its key, and the provider is asked first."""
    _hold(message)
    if message.outside:
        raise Refused("This was sent outside Tapback and cannot be sent again from here.")
    if message.status not in TROUBLE or being_checked(message):
        raise Refused("This message is not waiting for another try any more.")
    if message.conversation.opted_out_at:
        raise Refused("This person asked not to be messaged, so nothing was sent.")
    if message.status == "failed":
        message.idempotency_key = secrets.token_hex(16)
        message.provider_id = message.doubted_at = message.first_tried_at = None
        message.attempts = 0
    else:
        message.doubted_at = now()
        message.attempts = max(message.attempts, ASK_FROM)
    message.problem = message.problem_code = message.send_after = None
    _set(message, "queued")
    record("message.retried", message, by)
    jobs.ask_after_commit("drain", message.line_id)


def dismiss(message: Message, by: User) -> None:
    """A person has seen to it: it stays what it is, and is not counted as trouble any more."""
    _hold(message)
    if not message.troubled:
        raise Refused("Somebody has already seen to this message.")
    if being_checked(message):
        raise Refused("This message is still being checked.")
    set_troubled(message, False)
    record("message.dismissed", message, by)


def being_checked(message: Message) -> bool:
    return message.status == "unknown" and message.send_after is not None


def _hold(message: Message) -> None:
    lines.hold(message.line_id)
    lock(message)


def set_troubled(message: Message, troubled: bool) -> None:
    """Whether a person has to look at it. Its conversation counts those and says the newest one's
    state and reason."""
    if not (troubled or message.troubled):
        return
    conversation = message.conversation
    lock(conversation)
    conversation.trouble_count += troubled - message.troubled
    message.troubled = troubled
    db.session.flush()
    newest = db.session.scalar(newest_trouble(conversation.id))
    conversation.trouble = newest.status if newest else None
    conversation.trouble_reason = newest.problem if newest else None
    conversation.trouble_snippet = snippets.of(newest.text) if newest else None


def newest_trouble(conversation_id: int) -> Select[Message]:
    """Written out and not as a comparison: only so does SQLite see that the index serves."""
    of_it = select(Message).where(Message.conversation_id == conversation_id, TROUBLED)
    return of_it.order_by(Message.id.desc()).limit(1)


def next_check(message: Message, at: datetime) -> datetime | None:
    """When to ask how far it is if no report says so; None when nothing more can be learned."""
    past_phones = message.protocol in ("sms", "rcs") and message.status == "sent"
    if message.status not in ("accepted", "sent") or past_phones:
        return None
    since = taken_at(message)
    return next((since + step for step in CHECKS if since + step > at), None)


def taken_at(message: Message) -> datetime:
    """When the provider took it, which after an outage is long after the first try."""
    taken = select(func.max(SendAttempt.at)).filter_by(message_id=message.id, outcome="accepted")
    return db.session.scalar(taken) or message.first_tried_at or message.at


def _set(message: Message, status: str) -> None:
    message.status = status
    set_troubled(message, status in TROUBLE)


def _tried_as(line_id: int, provider_id: str) -> Message | None:
    """Retrying lets go of the provider's id; what is said of it still is about this message."""
    tried = select(SendAttempt.message_id).where(SendAttempt.provider_id == provider_id)
    query = select(Message).where(Message.line_id == line_id, Message.id.in_(tried))
    return db.session.scalar(locked(query, Message))


def _outdone(message: Message, report: DeliveryEvent) -> bool:
    """Whether a report that is further along has named another road: they arrive out of order."""
    if not message.protocol or report.protocol in (*UNRESOLVED, message.protocol):
        return False
    further = REPORTS[REPORTS.index(report.status) + 1 :] if report.status in REPORTS else REPORTS
    known = (
        DeliveryEvent.message_id == message.id,
        DeliveryEvent.protocol == message.protocol,
        DeliveryEvent.status.in_(further),
        or_(DeliveryEvent.provider_id == report.provider_id, DeliveryEvent.status.in_(PROVEN)),
    )
    return db.session.scalar(select(DeliveryEvent.id).where(*known).limit(1)) is not None


def _resolve_protocol(message: Message, protocol: str | None) -> bool:
    if protocol in (*UNRESOLVED, message.protocol):
        return False
    message.protocol = protocol
    message.conversation.protocol = protocol
    return True
