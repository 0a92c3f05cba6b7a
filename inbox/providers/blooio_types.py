"""What Blooio says, as values. A word that we do not know is "unknown"; times are aware UTC."""

from dataclasses import dataclass
from datetime import datetime

SENT = {"pending", "queued", "sent", "delivered", "read", "failed"}
STATUSES = SENT | {"received", "cancellation_requested", "cancelled", "superseded"}
PROTOCOLS = {"imessage", "sms", "rcs", "pending", "unknown"}
PLANS = {"shared", "dedicated", "inbound", "trial", "2fa"}


@dataclass(frozen=True)
class Attachment:
    """A file to send: a public address that Blooio fetches, and the name to show."""

    url: str
    name: str | None = None


@dataclass(frozen=True)
class LinkPreview:
    """A card in place of the one address that the text is. A title has at most 200 characters."""

    title: str | None = None
    image_url: str | None = None


@dataclass(frozen=True)
class Part:
    """A piece of one bubble: text (perhaps mentioning somebody) or a file, in order."""

    text: str | None = None
    url: str | None = None
    name: str | None = None
    mention: str | None = None
    link_preview: LinkPreview | None = None


@dataclass(frozen=True)
class Accepted:
    """A send that was answered. `status` is "queued", "failed" (with `error`) or their word;
    `repeated` when the idempotency key was known and nothing was sent again."""

    message_ids: tuple[str, ...]
    status: str
    repeated: bool
    group_id: str | None = None
    error: str | None = None


@dataclass(frozen=True)
class Capability:
    """What an address can receive; None is "not known", never "no"."""

    imessage: bool | None = None
    sms: bool | None = None
    facetime: bool | None = None
    checked_at: datetime | None = None


@dataclass(frozen=True)
class Number:
    """One of our numbers. `plan_kind` None is to be taken as dedicated."""

    phone_number: str
    active: bool
    plan_kind: str | None
    last_active: datetime | None


@dataclass(frozen=True)
class Account:
    """Whose key it is. The key itself, which Blooio sends along, is left behind."""

    valid: bool
    kind: str
    organization_id: str | None
    organization_name: str | None
    numbers: tuple[Number, ...]
    inbound_messages: int | None
    outbound_messages: int | None


@dataclass(frozen=True)
class Media:
    """A file that somebody sent. The address is as untrusted as the name and the type."""

    url: str
    name: str | None = None
    content_type: str | None = None
    size: int | None = None


@dataclass(frozen=True)
class ReplyTo:
    """What a message answers; at least one of the two ids is there."""

    message_id: str | None
    guid: str | None
    part_index: int | None


@dataclass(frozen=True)
class GivenReaction:
    """One entry of a message's history of reactions."""

    reaction: str
    added: bool
    sender: str | None
    at: datetime | None


@dataclass(frozen=True)
class ProviderMessage:
    """A message as Blooio has it. `chat` is the person's address or the group id; `sender` only
    in groups; `number` is ours. `status` never says "read": only a webhook does."""

    id: str
    chat: str
    direction: str
    text: str | None
    sender: str | None
    number: str | None
    media: tuple[Media, ...]
    reactions: tuple[GivenReaction, ...]
    reply_to: ReplyTo | None
    sent_at: datetime | None
    delivered_at: datetime | None
    status: str
    protocol: str
    error: str | None


@dataclass(frozen=True)
class MessageState:
    """How far a message has come."""

    id: str
    direction: str
    status: str
    protocol: str
    sent_at: datetime | None
    delivered_at: datetime | None
    error: str | None


@dataclass(frozen=True)
class ProviderChat:
    """A conversation as Blooio has it; `id` is the address or the group id."""

    id: str
    is_group: bool
    name: str | None
    messages: int | None
    last_message_at: datetime | None
    last_inbound_at: datetime | None
    last_outbound_at: datetime | None


@dataclass(frozen=True)
class ProviderContact:
    """A person as Blooio has them."""

    identifier: str
    kind: str
    name: str | None
    tags: tuple[str, ...]
    created_at: datetime | None


@dataclass(frozen=True)
class Webhook:
    """A subscription. Its secret is never shown again."""

    id: str
    url: str | None
    kind: str
    scope: str
    active: bool | None
    failures: int | None
    last_triggered: datetime | None
    created_at: datetime | None


@dataclass(frozen=True)
class CreatedWebhook:
    """`secret` is shown this once, and only when the subscription was `created` now."""

    id: str
    url: str
    secret: str | None
    created: bool

    def __repr__(self) -> str:
        return f"CreatedWebhook(id={self.id!r}, created={self.created})"


@dataclass(frozen=True)
class Delivery:
    """One attempt to deliver an event to us. `body` is the event again, as JSON, but not byte for
    byte what was signed."""

    event_id: str
    event: str | None
    message_id: str | None
    at: datetime | None
    status: int | None
    duration_ms: int | None
    is_replay: bool
    body: bytes


@dataclass(frozen=True)
class Replayed:
    """A delivery made once more; `success` when we answered it with a 2xx."""

    success: bool
    event_id: str | None
    status: int | None
    duration_ms: int | None
