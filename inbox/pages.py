"""The fragments of what changed, rendered once for everybody: for announcements and catching up.

A payload takes a page from the cursor `before` to `after`. A page that stands elsewhere asks.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from flask import Flask, render_template
from sqlalchemy import func, select

from inbox import activity, conversations, live, threads
from inbox.activity import Activity
from inbox.conversations import Conversation
from inbox.db import db, reading
from inbox.live.announcer import Change

MOST_ROWS = 200
Payload = dict[str, Any]


def thread_changes(conversation: Conversation, after: int) -> Payload:
    """What a page of this conversation lacks that has read up to `after`."""
    cursor = activity.latest_id(conversation_id=conversation.id)
    changed = threads.changed(conversation, after, cursor)
    topic = {"topic": f"conversation-{conversation.id}", "before": after, "after": cursor}
    if changed is None:
        return topic | {"reset": True}
    context = {
        "conversation": conversation,
        "members": conversations.members(conversation),
        "rev": cursor,
    }
    parts = [render_template("messages/_message.html", message=m, **context) for m in changed]
    parts.append(render_template("conversations/_header.html", **context))
    return topic | {"html": "".join(parts)}


def row_changes(line_id: int, after: int) -> Payload:
    """What a list that shows this line lacks that has read up to `after`."""
    cursor = activity.latest_id(line_id=line_id)
    ids = (
        select(Activity.conversation_id)
        .where(Activity.line_id == line_id, Activity.id > after, Activity.id <= cursor)
        .distinct()
    )
    query = select(Conversation).where(Conversation.id.in_(ids)).limit(MOST_ROWS + 1)
    rows = list(db.session.scalars(query))
    topic = {"topic": f"line-{line_id}", "before": after, "after": cursor}
    if len(rows) > MOST_ROWS:
        return topic | {"reset": True}
    parts = [render_template("conversations/_row.html", conversation=r, rev=cursor) for r in rows]
    return topic | {"html": "".join(parts)}


def announce(app: Flask, changes: list[Change]) -> Iterable[tuple[str, Payload]]:
    """What the open pages are told, by room. Nothing is rendered for a line nobody has open."""
    # Fragments name addresses, which takes a request to build them for.
    with app.test_request_context(app.config["SETTINGS"].public), reading():
        by_line = sorted(changes, key=lambda change: change.line_id)
        for line_id, of_line in groupby(by_line, key=lambda change: change.line_id):
            room = f"line-{line_id}"
            if live.anyone_in(room):
                yield from ((room, payload) for payload in _payloads(line_id, list(of_line)))


def _payloads(line_id: int, changes: list[Change]) -> Iterator[Payload]:
    for change in changes:
        conversation = (
            db.session.get(Conversation, change.conversation_id) if change.conversation_id else None
        )
        if conversation:
            before = _previous(change.first_id, conversation_id=conversation.id)
            yield thread_changes(conversation, before)
    first = min(change.first_id for change in changes)
    rows = row_changes(line_id, _previous(first, line_id=line_id))
    yield rows | {"flood": True} if any(change.flood for change in changes) else rows


def _previous(id: int, **where: int) -> int:
    query = select(func.max(Activity.id)).filter_by(**where).where(Activity.id < id)
    return db.session.scalar(query) or 0
