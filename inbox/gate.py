"""The last gate before a message leaves, in the lane: what changed since it was written."""

from datetime import datetime, timedelta

from sqlalchemy import select

from inbox import deliveries, verdicts
from inbox.conversations import Conversation
from inbox.db import db, now
from inbox.lines import Line
from inbox.messages import Message

GIVE_UP = timedelta(hours=24)
UNREACHABLE_FOR_LONG = "Blooio could not be reached for a day, so it was not sent."
OPTED_OUT = "This person asked not to be messaged, so it was not sent."


def passes(message: Message, line: Line) -> bool:
    """Whether it may leave now. What may not has its new state, with the reason in words.

    What is in doubt always passes: it is asked about, and only sent again under the same key.
    """
    if message.doubted_at:
        return True
    if message.conversation.opted_out_at:
        deliveries.fail(message, OPTED_OUT)
        return False
    if too_old(message.first_tried_at, now()):
        deliveries.fail(message, UNREACHABLE_FOR_LONG)
        return False
    until = line.takes_new_people_from
    if until and _new(message.conversation):
        deliveries.hold(message, verdicts.NO_NEW_PEOPLE, until=until)
        return False
    return True


def too_old(first_tried_at: datetime | None, at: datetime) -> bool:
    """A machine that slept must not send in the morning what belonged to the day before."""
    return first_tried_at is not None and at - first_tried_at > GIVE_UP


def _new(conversation: Conversation) -> bool:
    """Whether this would be the first that they and we ever say to each other."""
    if conversation.inbound_count:
        return False
    taken = select(Message.id).where(
        Message.conversation_id == conversation.id, Message.provider_id.is_not(None)
    )
    return db.session.scalar(taken.limit(1)) is None
