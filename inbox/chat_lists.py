"""Which chats of the provider a verification looks at."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import and_, func, or_, select

from inbox import phone, verifications
from inbox.conversations import Conversation
from inbox.db import db, now, reading
from inbox.gaps import Place
from inbox.messages import Message
from inbox.plans import Chat
from inbox.providers.blooio import Blooio
from inbox.providers.blooio_types import ProviderChat

UNSETTLED = timedelta(hours=48)
MOST_UNSETTLED = 200
MARGIN = timedelta(minutes=1)

Beat = Callable[[], None]


def moved(client: Blooio, at: Place, since: datetime, beat: Beat) -> list[Chat]:
    """The chats with a message since then, and those where one of ours is still on its way; the
    longest silent one first."""
    began = now()
    found = {one.id: one for one in _since(client, since, beat)}
    # What moved to the front of the list while it was read may have been passed over.
    found |= {one.id: one for one in _since(client, began - verifications.MARGIN, beat)}
    chats = {_key(one.id): _chat(one, since) for one in found.values()}
    for chat in _unsettled(at):
        known = chats.get(_key(chat.id), chat)
        chats[_key(chat.id)] = replace(known, since=min(known.since, chat.since))
    return list(chats.values())[::-1]


def everything(client: Blooio, since: datetime, beat: Beat) -> list[Chat]:
    """All chats that said anything since then, the longest silent one first."""
    chats = []
    for one in client.chats(sort="oldest"):
        beat()
        if one.last_message_at is None or one.last_message_at >= since:
            chats.append(_chat(one, since))
    return chats


def _since(client: Blooio, since: datetime, beat: Beat) -> Iterator[ProviderChat]:
    for one in client.chats(sort="recent"):
        beat()
        if one.last_message_at and one.last_message_at < since:
            return
        yield one


def _unsettled(at: Place) -> list[Chat]:
    """Where a message of ours waits for its next report."""
    recently = now() - UNSETTLED
    final = and_(Message.status == "sent", Message.protocol.in_(("sms", "rcs")))
    first = func.min(Message.at)
    query = (
        select(Conversation.chat_key, Conversation.kind, first)
        .join(Conversation, Conversation.id == Message.conversation_id)
        .where(Conversation.line_id == at.line_id, Conversation.last_at > recently)
        .where(Message.at > recently, Message.status.in_(("accepted", "sent")))
        .where(or_(Message.protocol.is_(None), ~final))
        .group_by(Conversation.id)
        .order_by(first.desc())
        .limit(MOST_UNSETTLED)
    )
    with reading():
        rows = db.session.execute(query).all()
    return [Chat(key, kind == "group", None, sent - MARGIN) for key, kind, sent in rows]


def _chat(one: ProviderChat, since: datetime) -> Chat:
    return Chat(
        one.id, one.is_group or phone.from_provider(one.id).kind == "group", one.name, since
    )


def _key(id: str) -> str:
    return phone.from_provider(id).value
