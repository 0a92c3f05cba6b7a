"""Whether an address has iMessage: what the provider last said, and how long that is believed."""

from datetime import datetime, timedelta

from sqlalchemy import select

from inbox import conversations
from inbox.contacts import Address
from inbox.conversations import Conversation
from inbox.db import db, now

YES_LASTS = timedelta(hours=24)
NO_LASTS = timedelta(hours=1)


def stale(imessage: bool | None, checked_at: datetime | None, at: datetime) -> bool:
    """A yes is good for a day, a no for an hour, and never asked is never known."""
    if imessage is None or checked_at is None:
        return True
    return at - checked_at > (YES_LASTS if imessage else NO_LASTS)


def learn(address: Address, imessage: bool | None) -> None:
    """What a check said. A failed check (None) is no answer: what was known stays."""
    if imessage is None:
        return
    changed = imessage != address.imessage
    address.imessage, address.checked_at = imessage, now()
    if changed:
        for conversation in db.session.scalars(select(Conversation).filter_by(address=address)):
            conversations.record("conversation.capability", conversation)
