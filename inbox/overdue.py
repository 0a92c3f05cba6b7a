"""Messages whose reports do not come: the provider is asked how far they are."""

from datetime import datetime, timedelta

import structlog
from sqlalchemy import select, update

from inbox import deliveries, jobs, lines, messages
from inbox.db import db, locked, now
from inbox.deliveries import DeliveryEvent
from inbox.errors import ProviderError
from inbox.lines import Line
from inbox.messages import Message
from inbox.providers.blooio import Blooio
from inbox.providers.blooio_types import MessageState

log = structlog.get_logger(__name__)

AT_ONCE = 40
# Seconds for an answer: the next check comes soon enough.
PATIENT = 5
# How long the provider may say nothing before a person is told.
PATIENCE = timedelta(minutes=10)
SILENT = "Blooio took it and has not said since that it left."


def ask(at: datetime) -> None:
    """Have those looked after whose time has come: each by one job, whoever asks."""
    due = select(Message.id).where(Message.check_after <= at).order_by(Message.check_after)
    ids = db.session.scalars(due.limit(AT_ONCE)).all()
    db.session.rollback()
    for id in ids:
        jobs.ask("look_after", id)


@jobs.job
def look_after(message_id: int) -> None:
    """Ask without holding the database; an answer that does not come changes nothing."""
    message = _claim(message_id, now())
    if message is None:
        return
    line, chat, provider_id = message.line_id, message.conversation.chat_key, message.provider_id
    provider = _provider(db.session.get_one(Line, line))
    db.session.rollback()
    _settle(message_id, line, _asked(provider, chat, provider_id or "") if provider else None)


def _asked(provider: Blooio, chat: str, provider_id: str) -> MessageState | None:
    try:
        return provider.status(chat, provider_id)
    except ProviderError as error:
        log.warning("overdue.not_answered", kind=error.kind, status=error.status)
        return None


def _claim(message_id: int, at: datetime) -> Message | None:
    """The message, with its next check planned; None when another worker has it."""
    message = db.session.get(Message, message_id)
    if message is None or message.check_after is None or message.provider_id is None:
        return None
    taken = db.session.scalar(
        update(Message)
        .where(Message.id == message_id, Message.check_after <= at)
        .values(check_after=deliveries.next_check(message, at))
        .returning(Message.id)
        .execution_options(synchronize_session=False)
    )
    db.session.commit()
    return message if taken else None


def _settle(message_id: int, line_id: int, state: MessageState | None) -> None:
    lines.hold(line_id)
    query = select(Message).filter_by(id=message_id)
    message = db.session.scalars(locked(query, Message)).one()
    if state and state.id == message.provider_id and news(state, message):
        report = DeliveryEvent(
            provider_id=state.id,
            status=state.status,
            protocol=state.protocol,
            detail=state.error,
            reported_at=state.delivered_at or state.sent_at,
        )
        deliveries.hear(message, report)
    if silent(message, now()):
        message.problem = SILENT
        deliveries.set_troubled(message, True)
        messages.record("message.overdue", message)
    db.session.commit()


def news(state: MessageState, message: Message) -> bool:
    """Whether it says more than we know."""
    if state.status == "failed":
        return message.status not in deliveries.TROUBLE
    return deliveries.later(state.status, than=message.status)


def silent(message: Message, at: datetime) -> bool:
    """Whether it has been taken for long, and nobody has been told that no more was said."""
    if message.status != "accepted" or message.problem:
        return False
    return at - deliveries.taken_at(message) > PATIENCE


def _provider(line: Line) -> Blooio | None:
    """None while the line itself waits: a question would only keep a worker from it."""
    if lines.state(line) != "ready":
        return None
    return Blooio(line.base_url, line.api_key, read_timeout=PATIENT)
