"""The queues of the rail: which conversations each holds, in which order, and how many."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, or_, select

from inbox import conversations, marks
from inbox.conversations import Conversation, Seen
from inbox.db import db
from inbox.users import User

PAGE = 50


@dataclass(frozen=True)
class Queue:
    """`key` is its name in addresses, `name` on the screen, `icon` in icons.svg."""

    key: str
    name: str
    icon: str
    empty: str


WAITING = Queue("waiting", "Waiting", "clock", "Nobody is waiting for an answer.")
MINE = Queue("mine", "Mine", "user", "Nothing is yours. Your first reply makes one yours.")
UNASSIGNED = Queue("unassigned", "Unassigned", "user-none", "Every open conversation has somebody.")
OPEN = Queue("open", "All open", "inbox", "No open conversations. New messages appear here.")
CLOSED = Queue("closed", "Closed", "closed", "Nothing has been closed yet.")
ATTENTION = Queue("attention", "Needs attention", "alert", "Every message went where it should.")
QUEUES = (WAITING, MINE, UNASSIGNED, OPEN, CLOSED, ATTENTION)


def named(key: str | None) -> Queue:
    return next((queue for queue in QUEUES if queue.key == key), OPEN)


def holding(conversation: Conversation) -> list[str]:
    """The queues a conversation is in, for everybody: "mine" is said by its assignee."""
    held = ["closed" if conversation.closed else "open", f"line-{conversation.line_id}"]
    if not conversation.closed:
        held.append(
            f"user-{conversation.assignee_id}" if conversation.assignee_id else "unassigned"
        )
        if conversation.waiting_since:
            held.append("waiting")
    if conversation.trouble_count:
        held.append("attention")
    return held


def page(
    queue: Queue, user: User, *, line_id: int | None = None, before: str | None = None
) -> tuple[list[Conversation], str | None]:
    """The next rows of a queue, from the mark `before` on, and the mark of the page after them."""
    query = conversations.visible_to(user).where(_condition(queue, user))
    if line_id is not None:
        query = query.where(Conversation.line_id == line_id)
    query = _ordered(queue, query, before).limit(PAGE + 1)
    rows = list(db.session.scalars(query))
    more = len(rows) > PAGE
    rows = rows[:PAGE]
    return rows, _mark(queue, rows[-1]) if more else None


def counts(user: User) -> dict[str, int]:
    """How many conversations each queue but "closed" holds for this person; lines as "line-7"."""
    base = conversations.visible_to(user)
    numbers = [
        func.coalesce(func.sum(case((_condition(queue, user), 1), else_=0)), 0).label(queue.key)
        for queue in QUEUES
        if queue is not CLOSED
    ]
    relevant = or_(Conversation.status == "open", Conversation.trouble_count > 0)
    open_ones = base.where(relevant).with_only_columns(*numbers)
    row = db.session.execute(open_ones).one()
    per_line = (
        base.where(Conversation.status == "open")
        .with_only_columns(Conversation.line_id, func.count())
        .group_by(Conversation.line_id)
    )
    found = {key: int(value) for key, value in row._mapping.items()}
    return found | {f"line-{id}": int(n) for id, n in db.session.execute(per_line)}


def seen_by(user: User, rows: list[Conversation]) -> dict[int, int]:
    """How many incoming messages of each conversation this person has read."""
    query = select(Seen.conversation_id, Seen.inbound_count).where(
        Seen.user_id == user.id, Seen.conversation_id.in_([row.id for row in rows])
    )
    return {id: count for id, count in db.session.execute(query)}  # noqa: C416


def _condition(queue: Queue, user: User) -> ColumnElement[bool]:
    open_ = Conversation.status == "open"
    match queue.key:
        case "waiting":
            return and_(open_, Conversation.waiting_since.is_not(None))
        case "mine":
            return and_(open_, Conversation.assignee_id == user.id)
        case "unassigned":
            return and_(open_, Conversation.assignee_id.is_(None))
        case "closed":
            return Conversation.status == "closed"
        case "attention":
            return Conversation.trouble_count > 0
    return open_


def _ordered(queue: Queue, query: Select[Conversation], before: str | None) -> Select[Conversation]:
    """Longest waiting first where people wait, latest first elsewhere."""
    at: Any = Conversation.waiting_since if queue is WAITING else Conversation.last_at
    rising = queue is WAITING
    if mark := marks.read(before):
        query = query.where(marks.beyond(at, Conversation.id, mark, rising=rising))
    if rising:
        return query.order_by(at, Conversation.id)
    return query.order_by(at.desc(), Conversation.id.desc())


def _mark(queue: Queue, row: Conversation) -> str:
    at = row.waiting_since if queue is WAITING else row.last_at
    return marks.write(at or row.last_at, row.id)
