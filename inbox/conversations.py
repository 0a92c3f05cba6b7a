"""Everything said with one person or group on one line, and whose turn it is."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Select, UniqueConstraint, select
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inbox import activity, lines, phone
from inbox.contacts import Address, Contact
from inbox.db import Model, db, lock, now
from inbox.errors import Refused
from inbox.lines import Line
from inbox.users import User


class Conversation(Model):
    """`chat_key` is what the provider calls the other side: an address, or a group's id."""

    __tablename__ = "conversation"
    __table_args__ = (
        UniqueConstraint("line_id", "chat_key"),
        Index("ix_conversation_status_last_at_id", "status", "last_at", "id"),
        Index("ix_conversation_line_id_status_last_at_id", "line_id", "status", "last_at", "id"),
        Index("ix_conversation_assignee_id_status", "assignee_id", "status"),
        Index("ix_conversation_status_waiting_since", "status", "waiting_since"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    chat_key: Mapped[str]
    kind: Mapped[str] = mapped_column(default="person")
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"), index=True)
    group_name: Mapped[str | None]
    status: Mapped[str] = mapped_column(default="open")
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    waiting_since: Mapped[datetime | None]
    protocol: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=now)

    # What a row of the list shows, written with the message that changes it.
    last_at: Mapped[datetime] = mapped_column(default=now)
    last_message_id: Mapped[int | None] = mapped_column()
    snippet: Mapped[str] = mapped_column(default="")
    snippet_author_id: Mapped[int | None] = mapped_column()
    snippet_author: Mapped[str | None]
    inbound_count: Mapped[int] = mapped_column(default=0)
    message_count: Mapped[int] = mapped_column(default=0)
    trouble_count: Mapped[int] = mapped_column(default=0)
    trouble: Mapped[str | None]
    trouble_reason: Mapped[str | None]
    trouble_snippet: Mapped[str | None]

    line: Mapped[Line] = relationship(lazy="joined", innerjoin=True)
    address: Mapped[Address | None] = relationship(lazy="joined")
    assignee: Mapped[User | None] = relationship(lazy="joined")

    @property
    def closed(self) -> bool:
        return self.status == "closed"

    @property
    def contact(self) -> Contact | None:
        return self.address.contact if self.address else None

    @property
    def name(self) -> str:
        """The group's or person's name, else the number as people write it."""
        if self.kind == "group":
            return self.group_name or "Group"
        return (self.contact and self.contact.name) or self.number

    @property
    def number(self) -> str:
        return phone.shown(self.chat_key, self.line.region)

    @property
    def opted_out_at(self) -> datetime | None:
        return self.address.opted_out_at if self.address else None


class ConversationMember(Model):
    """Who writes in a group."""

    __tablename__ = "conversation_member"

    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"), primary_key=True)
    address_id: Mapped[int] = mapped_column(ForeignKey("address.id"), primary_key=True)
    address: Mapped[Address] = relationship(lazy="joined", innerjoin=True)


class Seen(Model):
    """How far one of us has read: unread is what came in since."""

    __tablename__ = "seen"

    user_id: Mapped[int] = mapped_column(ForeignKey("user.id"), primary_key=True)
    conversation_id: Mapped[int] = mapped_column(
        ForeignKey("conversation.id"), primary_key=True, index=True
    )
    inbound_count: Mapped[int] = mapped_column(default=0)


def visible_to(user: User) -> Select[Conversation]:
    """The only way to a conversation on somebody's behalf."""
    allowed = lines.visible_to(user).with_only_columns(Line.id)
    return select(Conversation).where(Conversation.line_id.in_(allowed))


def with_person(line: Line, address: Address) -> Conversation:
    return _found(line, address.value) or _new(line, address.value, address_id=address.id)


def with_group(line: Line, group_id: str, *, name: str | None = None) -> Conversation:
    """The group's one conversation. Its newest name is its name."""
    found = _found(line, group_id) or _new(line, group_id, kind="group", group_name=name)
    if name and name != found.group_name:
        found.group_name = name
        record("conversation.renamed", found)
    return found


def join(conversation: Conversation, address: Address) -> None:
    """`address` writes in this group."""
    if not db.session.get(ConversationMember, (conversation.id, address.id)):
        db.session.add(ConversationMember(conversation_id=conversation.id, address_id=address.id))
        db.session.flush()


def members(conversation: Conversation) -> list[Address]:
    """The people of a group; nobody for a conversation with one person."""
    if conversation.kind != "group":
        return []
    query = select(ConversationMember).filter_by(conversation_id=conversation.id)
    return [member.address for member in db.session.scalars(query)]


def close(conversation: Conversation, by: User) -> None:
    if conversation.closed:
        raise Refused("This conversation is already closed.")
    conversation.status = "closed"
    conversation.waiting_since = None
    record("conversation.closed", conversation, by=by)


def reopen(conversation: Conversation, by: User | None = None) -> None:
    """Back to the open ones: by one of us, or because the customer wrote."""
    if not conversation.closed:
        raise Refused("This conversation is already open.")
    conversation.status = "open"
    record("conversation.reopened", conversation, by=by)


def claim(conversation: Conversation, by: User) -> None:
    """The first to answer takes it, unless somebody has it."""
    if conversation.assignee_id is None:
        conversation.assignee = by
        record("conversation.claimed", conversation, by=by)


def mark_seen(conversation: Conversation, by: User) -> None:
    lock(conversation)
    seen = db.session.get(Seen, (by.id, conversation.id))
    if seen is None:
        seen = Seen(user_id=by.id, conversation_id=conversation.id)
        db.session.add(seen)
    seen.inbound_count = max(seen.inbound_count or 0, conversation.inbound_count)


def record(kind: str, conversation: Conversation, by: User | None = None) -> None:
    activity.record(
        kind,
        line_id=conversation.line_id,
        conversation_id=conversation.id,
        user_id=by.id if by else None,
    )


def _found(line: Line, chat_key: str) -> Conversation | None:
    return db.session.scalar(select(Conversation).filter_by(line_id=line.id, chat_key=chat_key))


def _new(
    line: Line,
    chat_key: str,
    *,
    kind: str = "person",
    address_id: int | None = None,
    group_name: str | None = None,
) -> Conversation:
    conversation = Conversation(
        line_id=line.id,
        chat_key=chat_key,
        kind=kind,
        address_id=address_id,
        group_name=group_name,
    )
    db.session.add(conversation)
    db.session.flush()
    return conversation
