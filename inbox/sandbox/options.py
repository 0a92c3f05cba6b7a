"""Every switch of the sandbox. Where the provider documents nothing, the default is our guess."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from inbox.sandbox.people import DEMO_GROUPS, DEMO_PEOPLE, Gathering, Person
from inbox.sandbox.switches import Switch

Plan = Literal["dedicated", "shared", "inbound", "trial"]


@dataclass(frozen=True)
class Options:
    """`speed` divides every delay but the webhook timeout; `clock` is seconds since 1970.
    Events named in `deliver_late` come two seconds after their time, out of order.
    `weather` are switches as in switches.py, and `seed` what their chance is drawn from."""

    key: str = "bl_sandbox_key"
    more_keys: tuple[str, ...] = ()
    path: str = ":memory:"
    numbers: tuple[str, ...] = ("+14155550100",)
    inactive: tuple[str, ...] = ()
    plan: Plan = "dedicated"

    demo: bool = False
    people: tuple[Person, ...] = field(default=DEMO_PEOPLE)
    groups: tuple[Gathering, ...] = field(default=DEMO_GROUPS)
    stranger_imessage: bool = True
    stranger_receipts: bool = False

    speed: float = 1.0
    clock: Callable[[], float] = time.time

    webhook: str | None = None
    webhook_type: str = "all"
    secret: str | None = None
    webhooks: Literal["open", "closed"] = "open"
    payload: Literal["flat", "strings", "v4", "no_sender"] = "flat"
    signature: Literal["fresh", "stale", "bare", "two"] = "fresh"
    webhook_timeout: float = 15.0
    retry_scale: float = 1.0
    deliver_twice: bool = False
    deliver_late: tuple[str, ...] = ()
    concurrency: int = 8

    weather: tuple[str | Switch, ...] = ()
    seed: int = 0

    idempotency: Literal["original", "strict"] = "original"
    idempotency_hours: float = 24.0
    from_number: Literal["sticky", "round_robin"] = "sticky"
    new_conversation_cap: int = 5
    new_conversation_day: Literal["rolling", "calendar"] = "rolling"
    outbound_limit: int | None = None
    outbound_mode: Literal["organization", "per_number"] = "organization"
    trial_messages: int = 20
    safety: bool = False
    attachments: Literal["unfetched", "head"] = "unfetched"
    typing_seconds: float = 60.0
    max_text: int | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Every API key that is let in. They share one organisation but no idempotency keys."""
        return (self.key, *self.more_keys)

    @property
    def active(self) -> tuple[str, ...]:
        """Our numbers that have a phone behind them."""
        return tuple(number for number in self.numbers if number not in self.inactive)
