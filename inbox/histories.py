"""What happened to one of our messages, in order: every try, every report, every person's hand."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from inbox.activity import Activity
from inbox.db import db
from inbox.deliveries import DeliveryEvent, SendAttempt
from inbox.messages import Message
from inbox.users import User

TRIED = {
    "accepted": "Taken by Blooio",
    "failed": "Refused",
    "unknown": "No clear answer",
    "queued": "Not taken, to be tried again",
    "held": "Held back by Blooio",
}
REPORTED = {
    "pending": "Being prepared at Blooio",
    "queued": "Waiting at Blooio",
    "sent": "Sent",
    "delivered": "Delivered",
    "read": "Read",
    "failed": "Failed",
}
DONE = {"message.retried": "Tried again by {}", "message.dismissed": "Set aside by {}"}
NETWORKS = {"imessage": "iMessage", "sms": "SMS", "rcs": "RCS"}


@dataclass(frozen=True)
class Entry:
    """`words` say what happened, `detail` what the provider said of it, `code` its own code."""

    at: datetime
    words: str
    detail: str | None = None
    code: str | None = None


def of(message: Message) -> list[Entry]:
    """Rising. Reports stand where the provider says they happened."""
    found = [_begin(message), *_tries(message), *_reports(message), *_hands(message)]
    return sorted(found, key=lambda entry: entry.at)


def _begin(message: Message) -> Entry:
    if message.outside:
        return Entry(message.at, "Sent outside Tapback")
    by = message.author.name if message.author else "Tapback"
    return Entry(message.created_at, f"Written by {by}")


def _tries(message: Message) -> Iterator[Entry]:
    query = select(SendAttempt).filter_by(message_id=message.id).order_by(SendAttempt.id)
    attempts = db.session.scalars(query).all()
    for number, attempt in enumerate(attempts, 1):
        words = TRIED.get(attempt.outcome, "Tried")
        said = f"{words}, try {number}" if len(attempts) > 1 else words
        yield Entry(attempt.at, said, attempt.detail, attempt.code)


def _reports(message: Message) -> Iterator[Entry]:
    query = select(DeliveryEvent).filter_by(message_id=message.id).order_by(DeliveryEvent.id)
    for report in db.session.scalars(query):
        words = REPORTED.get(report.status, "Reported")
        network = NETWORKS.get(report.protocol or "")
        said = f"{words} as {network}" if network and report.status == "sent" else words
        yield Entry(report.reported_at or report.at, said, report.detail, report.code)


def _hands(message: Message) -> Iterator[Entry]:
    query = (
        select(Activity.at, Activity.kind, User.name)
        .outerjoin(User, User.id == Activity.user_id)
        .where(Activity.message_id == message.id, Activity.kind.in_(DONE))
        .where(Activity.conversation_id == message.conversation_id)
    )
    for at, kind, name in db.session.execute(query):
        yield Entry(at, DONE[kind].format(name or "somebody"))
