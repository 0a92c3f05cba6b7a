"""Blooio's v2 API: send, ask and look after webhooks.

Every method raises ProviderError, and ValueError for an empty id: a bug of the caller. Nothing is
tried twice here. What the API means by its fields is in docs/blooio.md.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import requests

from inbox.errors import ProviderError
from inbox.providers import blooio_answers as answers
from inbox.providers import wire
from inbox.providers.blooio_errors import safe
from inbox.providers.blooio_road import List, Road, path, readable, rows, unreadable
from inbox.providers.blooio_types import (
    Accepted,
    Account,
    Attachment,
    Capability,
    CreatedWebhook,
    Delivery,
    LinkPreview,
    MessageState,
    Number,
    Part,
    ProviderChat,
    ProviderContact,
    ProviderMessage,
    Replayed,
    Webhook,
)
from inbox.providers.transport import Reply, new_session

VISIBLE = re.compile(r"[!-~]{1,255}")


class Blooio:
    """A client for one key, and with `number` for one line: sends leave from it.

    One thread at a time; `session` comes from `transport.new_session()`.
    """

    def __init__(
        self,
        base_url: str,
        key: str,
        *,
        number: str | None = None,
        session: requests.Session | None = None,
        connect_timeout: float = 3.05,
        read_timeout: float = 15,
    ) -> None:
        self.number = number
        self._road = Road(base_url, key, session or new_session(), (connect_timeout, read_timeout))

    # Sending

    def send(
        self,
        chat: str,
        *,
        idempotency_key: str,
        text: str | Sequence[str] | None = None,
        attachments: Sequence[str | Attachment] = (),
        parts: Sequence[Part] = (),
        link_preview: LinkPreview | None = None,
        effect: str | None = None,
        reply_to: str | None = None,
        from_number: str | None = None,
    ) -> Accepted:
        """Hand over one message. The same key again returns what the first try made.

        `reply_to` is a message id; `from_number` defaults to the client's. Raises ProviderError
        `unknown` also when a 2xx neither names a message nor says that it failed.
        """
        if not (text or attachments or parts):
            raise ValueError("There is nothing to send.")
        if not VISIBLE.fullmatch(idempotency_key):
            raise ValueError("An idempotency key is 1 to 255 visible ASCII characters.")
        reply = self._road.request(
            "POST",
            path("/chats/{}/messages", chat),
            body=_given(
                text=list(text) if text and not isinstance(text, str) else text,
                attachments=[_attachment(item) for item in attachments],
                parts=[_part(part) for part in parts],
                link_preview=link_preview and _preview(link_preview),
                effect=effect and "-".join(effect.lower().split()),
                reply_to=reply_to and {"message_id": reply_to},
                from_number=from_number or self.number,
            ),
            headers={"Idempotency-Key": idempotency_key},
        )
        return self._accepted(reply)

    def start_typing(self, chat: str) -> None:
        self._road.tell("POST", path("/chats/{}/typing", chat))

    def stop_typing(self, chat: str) -> None:
        self._road.tell("DELETE", path("/chats/{}/typing", chat))

    def mark_read(self, chat: str) -> None:
        self._road.tell("POST", path("/chats/{}/read", chat))

    def react(self, chat: str, message_id: str, reaction: str, *, add: bool = True) -> None:
        """`reaction` is love, like, dislike, laugh, emphasize, question or an emoji."""
        if not reaction.strip():
            raise ValueError("There is no reaction.")
        signed = ("+" if add else "-") + reaction.strip()
        where = path("/chats/{}/messages/{}/reactions", chat, message_id)
        self._road.tell("POST", where, {"reaction": signed})

    # Asking

    def me(self) -> Account:
        return answers.account(self._road.ask("GET", "/me"))

    def numbers(self) -> list[Number]:
        """Our numbers. Some plans show none: that does not keep them from sending."""
        answer = self._road.ask("GET", "/me/numbers")
        return list(answers.numbers(rows(answer, "numbers")))

    def capabilities(self, contact: str, *, read_timeout: float | None = None) -> Capability:
        """What the address can receive. A check that fails says "not known", never "no"; only
        `unauthorized` is raised."""
        where = path("/contacts/{}/capabilities", contact)
        try:
            return answers.capability(self._road.ask("GET", where, read_timeout=read_timeout))
        except ProviderError as error:
            if error.kind == "unauthorized":
                raise
            return Capability()

    def messages(
        self,
        chat: str,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        direction: str | None = None,
        sort: str = "desc",
    ) -> Iterator[ProviderMessage]:
        """The chat's messages, each once, newest first unless `sort` is "asc"; `since` and `until`
        are times of sending. A chat that never had one has none: Blooio answers it with 404."""
        query = {"sort": sort, "direction": direction, "since": _ms(since), "until": _ms(until)}
        where = path("/chats/{}/messages", chat)
        found = List(
            where,
            "messages",
            read=lambda row: answers.message(row, chat),
            key=lambda one: one.id,
            may_lack=True,
        )
        return self._road.pages(found, query)

    def message(self, chat: str, id: str) -> ProviderMessage | None:
        """One message; None when Blooio has none, which it may say for a moment of a new one."""
        answer = self._road.find(path("/chats/{}/messages/{}", chat, id))
        return None if answer is None else answers.message({"message_id": id, **answer}, chat)

    def status(self, chat: str, id: str) -> MessageState | None:
        """How far a message has come; None as in `message`."""
        answer = self._road.find(path("/chats/{}/messages/{}/status", chat, id))
        return None if answer is None else answers.message_state({"message_id": id, **answer})

    def chats(self, *, q: str | None = None, sort: str = "recent") -> Iterator[ProviderChat]:
        """Conversations, the most recent first unless `sort` is "oldest"."""
        found = List("/chats", "chats", answers.chat, lambda one: one.id)
        return self._road.pages(found, {"q": q, "sort": sort})

    def contact(self, id: str) -> ProviderContact | None:
        answer = self._road.find(path("/contacts/{}", id))
        return None if answer is None else answers.contact({"identifier": id, **answer})

    # Webhooks

    def webhooks(self) -> list[Webhook]:
        answer = self._road.ask("GET", "/webhooks")
        return [found for found in map(answers.webhook, rows(answer, "webhooks")) if found]

    def create_webhook(self, url: str, kind: str = "all") -> CreatedWebhook:
        """Subscribe `url` (https). A known one comes back without its secret, not `created`.

        Raises ProviderError `refused` with status 410 where Blooio has closed this road.
        """
        reply = self._road.request(
            "POST", "/webhooks", body={"webhook_url": url, "webhook_type": kind}
        )
        answer = readable(reply)
        made = answers.webhook(answer)
        if made is None:
            raise unreadable(reply)
        secret = wire.name(answer.get("signing_secret"))
        return CreatedWebhook(made.id, made.url or url, secret, reply.status == 201)

    def rotate_secret(self, id: str) -> str:
        """A new secret. The old one is dead at once, perhaps even when this raises `unknown`."""
        answer = self._road.ask("POST", path("/webhooks/{}/secret/rotate", id))
        secret = wire.name(answer.get("signing_secret"))
        if secret is None:
            raise ProviderError("unknown", "The answer has no secret.", status=200)
        return secret

    def webhook_logs(
        self,
        id: str,
        *,
        status: int | None = None,
        min_status: int | None = None,
        max_status: int | None = None,
        sort: str = "desc",
    ) -> Iterator[Delivery]:
        """Attempts to deliver, newest first; the numbers filter by what we answered."""
        query = {"status": status, "min_status": min_status, "max_status": max_status, "sort": sort}
        where = path("/webhooks/{}/logs", id)
        found = List(where, "logs", answers.delivery, lambda one: (one.event_id, one.at))
        return self._road.pages(found, query)

    def replay(self, id: str, event_id: str) -> Replayed:
        """Have an event delivered once more, now."""
        return answers.replayed(
            self._road.ask("POST", path("/webhooks/{}/logs/{}/replay", id, event_id))
        )

    def _accepted(self, reply: Reply) -> Accepted:
        answer = readable(reply)
        ids = answers.message_ids(answer)
        status = (wire.ident(answer.get("status")) or "queued").lower()
        if not ids and status != "failed":
            raise unreadable(reply)
        said = answers.error_text(answer.get("error")) or wire.name(answer.get("message"))
        return Accepted(
            message_ids=ids,
            status=status,
            repeated=reply.status == 200,
            group_id=wire.ident(answer.get("group_id")),
            error=safe(said, self._road.auth.key) if status == "failed" and said else None,
        )


def _given(**fields: Any) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value}


def _attachment(item: str | Attachment) -> str | dict[str, Any]:
    return item if isinstance(item, str) else _given(url=item.url, name=item.name)


def _part(part: Part) -> dict[str, Any]:
    preview = part.link_preview and _preview(part.link_preview)
    return _given(
        text=part.text, url=part.url, name=part.name, mention=part.mention, link_preview=preview
    )


def _preview(preview: LinkPreview) -> dict[str, Any]:
    return _given(title=preview.title, image_url=preview.image_url)


def _ms(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp() * 1000)
