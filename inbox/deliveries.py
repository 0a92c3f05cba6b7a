"""How far a message is. A state only moves forward, and only on what the provider said."""

from datetime import datetime

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, mapped_column

from inbox import jobs
from inbox.conversations import Conversation
from inbox.db import Model, db, lock, now
from inbox.messages import Message, record

# How far a message is along. "failed" and "unknown" lie beside the road.
RANK = {"queued": 0, "sending": 1, "accepted": 2, "sent": 3, "delivered": 4, "read": 5}
PROVEN = ("delivered", "read")
TROUBLE = ("failed", "unknown")


class SendAttempt(Model):
    """One try to hand a message to the provider, and what came back."""

    __tablename__ = "send_attempt"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    outcome: Mapped[str]
    code: Mapped[str | None]
    detail: Mapped[str | None]
    seconds: Mapped[float]
    at: Mapped[datetime] = mapped_column(default=now)


class DeliveryEvent(Model):
    """What the provider reported of a message, in the order in which we heard it."""

    __tablename__ = "delivery_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), index=True)
    status: Mapped[str]
    protocol: Mapped[str | None]
    code: Mapped[str | None]
    detail: Mapped[str | None]
    reported_at: Mapped[datetime | None]
    at: Mapped[datetime] = mapped_column(default=now)


def advance(message: Message, status: str, *, protocol: str | None = None) -> None:
    """Move forward only: reports arrive out of order. A phone's receipt outweighs a failure."""
    changed = _resolve_protocol(message, protocol)
    if later(status, than=message.status):
        _set(message, status)
        message.problem = message.problem_code = None
        changed = True
    if changed:
        record(f"message.{message.status}", message)


def fail(message: Message, problem: str, *, code: str | None = None) -> None:
    """It will not arrive. A message that has arrived stays arrived."""
    if message.status in PROVEN or message.status == "failed":
        return
    message.problem, message.problem_code = problem, code
    _set(message, "failed")
    record("message.failed", message)


def doubt(message: Message, problem: str, *, again_at: datetime | None) -> None:
    """It may have left. Ask again at `again_at`, or let a person decide when that is None."""
    message.problem, message.send_after = problem, again_at
    _set(message, "unknown")
    record("message.unknown", message)


def put_back(message: Message, problem: str | None, *, again_at: datetime | None) -> None:
    """It has certainly not left: try it again later."""
    message.problem, message.send_after = problem, again_at
    _set(message, "queued")
    record("message.queued", message)


def hold(message: Message, problem: str, *, until: datetime | None) -> None:
    """The provider takes it later: at `until`, or once the person has written when that is None."""
    message.problem, message.send_after = problem, until
    _set(message, "held")
    record("message.held", message)


def release(conversation: Conversation) -> None:
    """The person wrote: what waited for that may go."""
    held = select(Message).where(
        Message.conversation_id == conversation.id,
        Message.status == "held",
        Message.send_after.is_(None),
    )
    for message in db.session.scalars(held):
        put_back(message, None, again_at=now())
        jobs.ask_after_commit("drain", message.line_id)


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


def _set(message: Message, status: str) -> None:
    before = message.status in TROUBLE
    message.status = status
    if before != (status in TROUBLE):
        lock(message.conversation)
        message.conversation.trouble_count += 1 - 2 * before


def _resolve_protocol(message: Message, protocol: str | None) -> bool:
    if protocol in (None, "pending", "unknown") or protocol == message.protocol:
        return False
    message.protocol = protocol
    message.conversation.protocol = protocol
    return True
