"""Bubbles: one row is one bubble on the phone and one message of the provider."""

import secrets
from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint, false, select, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from inbox import activity, conversations, jobs, snippets
from inbox.attachments import Attachment, want
from inbox.contacts import Address
from inbox.conversations import Conversation
from inbox.db import Model, db, lock, locked, now
from inbox.errors import Refused
from inbox.reactions import Reaction
from inbox.users import User

LONGEST = 10_000
PEOPLE, BROADCASTS = 0, 10


class Message(Model):
    """`at` is its place in the thread; `client_id` the browser's own id for it.

    `troubled`: somebody has to look at it. `outside`: it was sent from our number, but not by
    Tapback. `found_at`: no webhook told us of it, we found it in the provider's list then.
    `doubted_at`: when the first request left that may have reached the phone. `check_after`: when
    to ask the provider how far it is, if no report says so first.
    """

    __tablename__ = "message"
    __table_args__ = (
        UniqueConstraint("line_id", "provider_id"),
        UniqueConstraint("author_id", "client_id"),
        Index("ix_message_conversation_id_at_id", "conversation_id", "at", "id"),
        Index(
            "ix_message_due",
            "line_id",
            "priority",
            "id",
            sqlite_where=text("status in ('queued', 'unknown', 'held')"),
            postgresql_where=text("status in ('queued', 'unknown', 'held')"),
        ),
        Index(
            "ix_message_sending",
            "line_id",
            "lease_until",
            sqlite_where=text("status = 'sending'"),
            postgresql_where=text("status = 'sending'"),
        ),
        Index(
            "ix_message_check_after",
            "check_after",
            sqlite_where=text("check_after is not null"),
            postgresql_where=text("check_after is not null"),
        ),
        Index(
            "ix_message_troubled",
            "conversation_id",
            "id",
            sqlite_where=text("troubled"),
            postgresql_where=text("troubled"),
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id"))
    line_id: Mapped[int] = mapped_column(ForeignKey("line.id"))
    direction: Mapped[str]
    author_id: Mapped[int | None] = mapped_column(ForeignKey("user.id"))
    address_id: Mapped[int | None] = mapped_column(ForeignKey("address.id"))
    text: Mapped[str]
    status: Mapped[str]
    protocol: Mapped[str | None]
    problem: Mapped[str | None]
    problem_code: Mapped[str | None]
    provider_id: Mapped[str | None]
    client_id: Mapped[str | None]
    reply: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(default=now)
    created_at: Mapped[datetime] = mapped_column(default=now)
    troubled: Mapped[bool] = mapped_column(default=False, server_default=false())
    outside: Mapped[bool] = mapped_column(default=False, server_default=false())
    found_at: Mapped[datetime | None]

    # What the lane needs. The key is made once, with the message, for every try of its life.
    idempotency_key: Mapped[str | None]
    priority: Mapped[int] = mapped_column(default=PEOPLE)
    send_after: Mapped[datetime | None]
    attempts: Mapped[int] = mapped_column(default=0)
    first_tried_at: Mapped[datetime | None]
    doubted_at: Mapped[datetime | None]
    check_after: Mapped[datetime | None]
    lease: Mapped[str | None]
    lease_until: Mapped[datetime | None]

    conversation: Mapped[Conversation] = relationship(lazy="joined", innerjoin=True)
    author: Mapped[User | None] = relationship(lazy="joined")
    sender: Mapped[Address | None] = relationship(lazy="joined")
    attachments: Mapped[list[Attachment]] = relationship(lazy="selectin", order_by="Attachment.id")
    reactions: Mapped[list[Reaction]] = relationship(lazy="selectin", order_by="Reaction.id")

    @property
    def outgoing(self) -> bool:
        return self.direction == "out"


def compose(
    conversation: Conversation, author: User, text: str, *, client_id: str | None = None
) -> Message:
    """Queue `text` exactly as typed. The same `client_id` again gives the same message."""
    lock(conversation)
    if client_id and (known := composed(author, client_id)):
        return known
    if not text.strip():
        raise Refused("Write something first.")
    if len(text) > LONGEST:
        raise Refused(f"That is {len(text):,} characters; the most is {LONGEST:,}.")
    if conversation.opted_out_at:
        raise Refused("This person asked not to be messaged, so nothing was sent.")
    message = Message(
        conversation=conversation,
        line_id=conversation.line_id,
        direction="out",
        author=author,
        text=text,
        status="queued",
        client_id=client_id,
        idempotency_key=secrets.token_hex(16),
        at=_after_the_last(conversation),
    )
    _place(message)
    conversation.waiting_since = None
    conversations.claim(conversation, author)
    if conversation.closed:
        conversations.reopen(conversation, by=author)
    record("message.queued", message)
    jobs.ask_after_commit("drain", message.line_id)
    return message


def receive(
    conversation: Conversation,
    text: str,
    *,
    sender: Address,
    provider_id: str | None,
    protocol: str | None,
    at: datetime,
    attachments: list[Attachment],
    found_at: datetime | None = None,
) -> Message | None:
    """Store what a customer wrote; None when it is there already."""
    if provider_id and with_provider_id(conversation.line_id, provider_id):
        return None
    message = Message(
        conversation=conversation,
        line_id=conversation.line_id,
        direction="in",
        sender=sender,
        text=text,
        status="received",
        protocol=protocol,
        provider_id=provider_id,
        at=min(at, now()),
        attachments=attachments,
        found_at=found_at,
    )
    _place(message)
    conversation.inbound_count += 1
    conversation.protocol = protocol or conversation.protocol
    if not _answered(message):
        conversation.waiting_since = conversation.waiting_since or message.at
    if conversation.closed:
        conversations.reopen(conversation)
    record("message.received", message)
    return message


def keep_outside(
    conversation: Conversation,
    text: str,
    *,
    provider_id: str,
    protocol: str | None,
    at: datetime,
    attachments: list[Attachment],
    found_at: datetime | None = None,
) -> Message | None:
    """Store what went out from our number past us, as from the phone itself; None when known.

    It is "accepted" until a report says more, and it answers whoever was waiting.
    """
    if with_provider_id(conversation.line_id, provider_id):
        return None
    message = Message(
        conversation=conversation,
        line_id=conversation.line_id,
        direction="out",
        text=text,
        status="accepted",
        protocol=protocol,
        provider_id=provider_id,
        outside=True,
        at=min(at, now()),
        attachments=attachments,
        found_at=found_at,
    )
    _place(message)
    if conversation.waiting_since and conversation.waiting_since <= message.at:
        conversation.waiting_since = None
    record("message.outside", message)
    return message


def react(message: Message, sender: str, reaction: str, *, added: bool, at: datetime) -> None:
    """A tapback never reopens, never counts as unread and never starts the waiting clock."""
    known = next(
        (r for r in message.reactions if (r.sender, r.reaction) == (sender, reaction)), None
    )
    if added == (known is not None):
        return
    if added:
        message.reactions.append(Reaction(sender=sender, reaction=reaction, at=at))
    elif known:
        message.reactions.remove(known)
        db.session.delete(known)
    db.session.flush()
    record("message.reaction", message)


def with_provider_id(line_id: int, provider_id: str) -> Message | None:
    """The message, held until the commit: whoever asks by this id is about to change it."""
    query = select(Message).filter_by(line_id=line_id, provider_id=provider_id)
    return db.session.scalar(locked(query, Message))


def record(kind: str, message: Message, by: User | None = None) -> None:
    """`by` is who did it, when it was not its author."""
    activity.record(
        kind,
        line_id=message.line_id,
        conversation_id=message.conversation_id,
        message_id=message.id,
        user_id=by.id if by else message.author_id,
    )


def composed(author: User, client_id: str) -> Message | None:
    """What this browser has already stored under its own id."""
    return db.session.scalar(select(Message).filter_by(author_id=author.id, client_id=client_id))


def _after_the_last(conversation: Conversation) -> datetime:
    """Now; or with the last bubble, when that one is of a clock that was set back since."""
    return max(now(), conversation.last_at) if conversation.message_count else now()


def _answered(message: Message) -> bool:
    """Whether we wrote after it: it came late."""
    if message.at >= message.conversation.last_at:
        return False
    later = select(Message.id).where(
        Message.conversation_id == message.conversation_id,
        Message.direction == "out",
        Message.at > message.at,
    )
    return db.session.scalar(later.limit(1)) is not None


def _place(message: Message) -> None:
    """Store a new bubble and let its row of the list say so."""
    db.session.add(message)
    db.session.flush()
    want(message.attachments)
    conversation = message.conversation
    lock(conversation)
    conversation.message_count += 1
    if conversation.last_message_id and message.at < conversation.last_at:
        return
    conversation.last_at = message.at
    conversation.last_message_id = message.id
    conversation.snippet = snippets.of(message.text, files=len(message.attachments))
    conversation.snippet_author_id = message.author_id
    conversation.snippet_author = _author_name(message)


def _author_name(message: Message) -> str | None:
    if message.author:
        return message.author.name
    if message.conversation.kind == "group" and message.sender:
        return message.sender.contact.name or message.sender.value
    return None
