"""The provider's log of what it tried to tell us: events that never got through to us, among them
those that no list tells, like "read" and reactions.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from flask import current_app
from sqlalchemy import ColumnElement, select

from inbox import gaps, intake
from inbox.config import Settings
from inbox.db import db, reading
from inbox.gaps import Place
from inbox.providers import blooio_events, wire
from inbox.providers.blooio import Blooio
from inbox.providers.blooio_types import Delivery
from inbox.providers.events import Event, Ignored, Received, Report
from inbox.webhook_events import WebhookEvent

MOST = 20_000
# The lines whose webhooks may come to the address without a line's name.
UNNAMED = ("blooio", "sandbox")
NO_WEBHOOK = "Blooio has no webhook to this Tapback, so nothing could be looked up in its log."
TOO_LONG = f"Only the newest {MOST:,} entries of Blooio's log were read."


@dataclass(frozen=True)
class Untold:
    """An event that the provider could not tell us. `lack` is what it counts as: "message",
    "report" or None."""

    event: Event
    delivery: intake.Delivery
    lack: str | None = None

    @property
    def key(self) -> str:
        return self.event.key or ""


@dataclass(frozen=True)
class Log:
    """What was read of the log, oldest first, and what could not be."""

    untold: list[Untold]
    note: str | None


def read(client: Blooio, at: Place, since: datetime, beat: Callable[[], None]) -> Log:
    """Events that never got a yes since then, and that we have not heard otherwise."""
    hooks = [hook for hook in client.webhooks() if _same(hook.url, at)]
    if not hooks:
        return Log([], NO_WEBHOOK)
    refused: dict[str, Untold] = {}
    heard: set[str] = set()
    note = None
    for hook in hooks:
        for number, attempt in enumerate(client.webhook_logs(hook.id)):
            if attempt.at and attempt.at < since:
                break
            if number >= MOST:
                note = TOO_LONG
                break
            beat()
            _sort(attempt, at, heard, refused)
    untold = [one for key, one in refused.items() if key not in heard]
    return Log(list(_lacking(untold[::-1], at)), note)


def fill(untold: Sequence[Untold]) -> None:
    for some in gaps.pieces(untold, gaps.AT_ONCE):
        intake.take(*(one.delivery for one in some))


def still_lacking(keys: Sequence[str], at: Place) -> int:
    """How many of these events have not taken effect."""
    done = ("applied", "ignored", "waiting", "dismissed")
    with reading():
        return sum(
            len(some) - len(_known(some, at, WebhookEvent.state.in_(done)))
            for some in gaps.pieces(keys)
        )


def _same(url: str | None, at: Place) -> bool:
    settings: Settings = current_app.config["SETTINGS"]
    own = f"{settings.public}/webhooks/blooio"
    addresses = {f"{own}/{at.key}".lower()} | ({own.lower()} if at.key in UNNAMED else set())
    return (url or "").rstrip("/").lower() in addresses


def _sort(attempt: Delivery, at: Place, heard: set[str], refused: dict[str, Untold]) -> None:
    """What has no id of its own cannot be told from what we have: it is left alone."""
    payload = wire.an_object(attempt.body) or {}
    given = {"X-Blooio-Event": attempt.event, "X-Blooio-Message-Id": attempt.message_id}
    headers = {name: value for name, value in given.items() if value}
    event = blooio_events.read_event(payload, headers)
    if event.key is None or not gaps.same_number(blooio_events.number(payload), at.number):
        return
    if attempt.status is not None and 200 <= attempt.status < 300:
        heard.add(event.key)
    elif not isinstance(event.body, Ignored):
        told = intake.Delivery(at.line_id, attempt.body, payload, headers, source="log")
        refused.setdefault(event.key, Untold(event, told))


def _lacking(refused: Sequence[Untold], at: Place) -> Iterator[Untold]:
    for some in gaps.pieces(refused):
        with reading():
            known = _known([one.key for one in some], at)
            ours = gaps.ours([id for one in some if (id := _about(one.event))], at.line_id)
        for one in some:
            mine = ours.get(_about(one.event) or "")
            if one.key not in known and _is_news(one.event, mine):
                yield replace(one, lack=_lack(one.event, mine))


def _is_news(event: Event, mine: gaps.Ours | None) -> bool:
    if isinstance(event.body, Report):
        return mine is None or (mine.outgoing and gaps.further(event.body.status, mine))
    return mine is None or not isinstance(event.body, Received)


def _lack(event: Event, mine: gaps.Ours | None) -> str | None:
    if isinstance(event.body, Received):
        return "message"
    return None if isinstance(event.body, Report) and mine is None else "report"


def _about(event: Event) -> str | None:
    body = event.body
    return body.message_id if isinstance(body, Received | Report) else None


def _known(keys: Sequence[str], at: Place, *more: ColumnElement[bool]) -> set[str]:
    query = select(WebhookEvent.key).where(
        WebhookEvent.line_id == at.line_id, WebhookEvent.key.in_(keys)
    )
    return set(db.session.scalars(query.where(*more)))
