"""People writing to us and reacting: what makes ``message.received`` and ``message.reaction``."""

from collections.abc import Sequence

from inbox.sandbox import addresses, groups, messages, numbers, payloads, phones, replies, webhooks
from inbox.sandbox.box import Box
from inbox.sandbox.content import Bubble
from inbox.sandbox.errors import invalid


def say(
    box: Box,
    sender: str,
    text: str | None = None,
    *,
    group: str | None = None,
    to: str | None = None,
    attachments: Sequence[str] = (),
    reply_to: str | None = None,
    at: int | None = None,
) -> str:
    """A person writes to one of our numbers; gives the message id."""
    sender = addresses.read(sender)
    if not text and not attachments:
        raise invalid("Somebody who writes says something.")
    files = tuple({"url": url, "name": url.rsplit("/", 1)[-1] or None} for url in attachments)
    with box.store.transaction():
        chat = _chat(box, sender, group)
        message = messages.add(
            box,
            chat,
            Bubble(text, files),
            number=_number(box, chat, to),
            sender=sender,
            status="delivered",
            protocol=_protocol(box, chat),
            reply_to=_quoted(box, reply_to),
            at=at,
        )
        webhooks.emit(box, payloads.received(box, message))
    return str(message["message_id"])


def react(box: Box, sender: str, message_id: str, reaction: str, action: str = "add") -> None:
    """A person puts a reaction on a message, or takes it back."""
    with box.store.transaction():
        message = messages.get(box, message_id)
        mark(box, message_id, sender, reaction, action)
        payload = payloads.reaction(box, message, sender, reaction, action, "inbound")
        webhooks.emit(box, payload)


def mark(box: Box, message_id: str, sender: str, reaction: str, action: str) -> None:
    """Keep a reaction; the empty sender is us."""
    box.store.run(
        "INSERT OR REPLACE INTO reaction (message_id, sender, reaction, is_added, time_sent)"
        " VALUES (?, ?, ?, ?, ?)",
        message_id,
        sender,
        reaction,
        action == "add",
        box.now(),
    )


def _chat(box: Box, sender: str, group: str | None) -> str:
    if group is None:
        return sender
    groups.find(box, group)
    if sender not in groups.members(box, group):
        raise invalid("The sender is not in this group.")
    return group


def _number(box: Box, chat: str, to: str | None) -> str:
    if to is not None:
        if to not in box.options.numbers:
            raise invalid("That is not one of our numbers.")
        return to
    return numbers.choose(box, chat) if box.options.active else box.options.numbers[0]


def _protocol(box: Box, chat: str) -> str:
    return phones.road(box, groups.people_in(box, chat))


def _quoted(box: Box, message_id: str | None) -> replies.Reply | None:
    if message_id is None:
        return None
    parent = messages.get(box, message_id)
    return {"message_id": message_id, "guid": parent["guid"], "part_index": 0}
