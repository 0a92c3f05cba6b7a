"""Asking the provider what an address can receive, away from anybody who waits for a page."""

import time

from inbox import capability, jobs
from inbox.contacts import Address
from inbox.conversations import Conversation
from inbox.db import db, now
from inbox.errors import ProviderError
from inbox.lines import Line
from inbox.providers.blooio import Blooio

PATIENCE = 60.0
_asked: dict[int, float] = {}


def ask_about(conversation: Conversation) -> None:
    """Have it checked if nobody knows, or nobody has asked for long."""
    address = conversation.address
    if not address or not capability.stale(address.imessage, address.checked_at, now()):
        return
    if _not_asked_lately(address.id):
        jobs.ask("check_capability", address.id, conversation.line_id)


def _not_asked_lately(address_id: int) -> bool:
    """A page that is opened again and again asks once."""
    at = time.monotonic()
    for id in [id for id, asked in _asked.items() if at - asked > PATIENCE]:
        del _asked[id]
    return _asked.setdefault(address_id, at) == at


@jobs.job
def check_capability(address_id: int, line_id: int) -> None:
    """Ask without holding the database; an answer that does not come changes nothing."""
    line, address = db.session.get_one(Line, line_id), db.session.get_one(Address, address_id)
    provider, value = Blooio(line.base_url, line.api_key), address.value
    if not capability.stale(address.imessage, address.checked_at, now()):
        db.session.rollback()
        return
    db.session.rollback()
    try:
        answer = provider.capabilities(value)
    except ProviderError:
        return
    capability.learn(db.session.get_one(Address, address_id), answer.imessage)
    db.session.commit()
