"""Looking at one chat of the provider: something was said about a message of it that we do not
know, or a message was too new to say that its webhook is lost.
"""

import json
from collections import defaultdict
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta

import structlog
from sqlalchemy import Select, or_, select

from inbox import gaps, jobs, phone, reconciler
from inbox.db import db, reading
from inbox.errors import ProviderError
from inbox.gaps import Place
from inbox.lines import Line
from inbox.plans import Chat
from inbox.providers import blooio_events
from inbox.providers.blooio import Blooio
from inbox.providers.events import Reacted, Report
from inbox.providers.transport import new_session
from inbox.verifications import MARGIN
from inbox.webhook_events import WebhookEvent

log = structlog.get_logger(__name__)

MOST, MOST_IDS = 256, 20
PATIENCE = timedelta(minutes=1)
# After each look that did not help.
AGAIN = tuple(timedelta(minutes=m) for m in (5, 15, 60, 240, 720))


@jobs.job
def check_chat(
    line_id: int, chat_id: str, group: bool, since: datetime, ids: Sequence[str] = ()
) -> None:
    """Fill the gaps of the chat since then; and take these messages of it, however old."""
    with reading():
        place = gaps.place(db.session.get_one(Line, line_id))
    chat = Chat(chat_id, group, None, since)
    with closing(new_session()) as session:
        client = Blooio(place.base_url, place.api_key, session=session)
        try:
            _compare(chat, client, place)
            _take(ids, chat, client, place)
        except ProviderError as error:
            log.warning("chat.not_checked", kind=error.kind, status=error.status)


def ask_about_waiting(at: datetime) -> None:
    """Reports and reactions that have waited for their message: has nobody told us of it?"""
    by_chat: dict[tuple[int, str], list[WebhookEvent]] = defaultdict(list)
    for row in db.session.scalars(_waiting(at)).all():
        tries = row.attempts
        row.attempts += 1
        row.try_after = at + AGAIN[min(tries, len(AGAIN) - 1)]
        if chat := _chat_of(row):
            by_chat[row.line_id, chat].append(row)
    asked = [
        (line_id, chat, _is_group(chat), min(row.received_at for row in rows) - MARGIN, _ids(rows))
        for (line_id, chat), rows in by_chat.items()
    ]
    db.session.commit()
    for one in asked:
        jobs.ask("check_chat", *one)


def _waiting(at: datetime) -> Select[WebhookEvent]:
    ready = or_(WebhookEvent.try_after.is_(None), WebhookEvent.try_after <= at)
    query = select(WebhookEvent).where(
        WebhookEvent.state == "waiting",
        ready,
        WebhookEvent.attempts <= len(AGAIN),
        WebhookEvent.received_at <= at - PATIENCE,
    )
    return query.order_by(WebhookEvent.id).limit(MOST).with_for_update(skip_locked=True)


def _compare(chat: Chat, client: Blooio, place: Place) -> None:
    for page in reconciler.pages(client.messages(chat.id, since=chat.since, sort="asc")):
        found = gaps.among(page, chat, place)
        gaps.fill(found.gaps, place)
        if found.too_new:
            reconciler.ask_about_chat(chat, found, place)


def _take(ids: Sequence[str], chat: Chat, client: Blooio, place: Place) -> None:
    with reading():
        known = gaps.ours(ids, place.line_id)
    for id in ids:
        if id not in known and (message := client.message(chat.id, id)):
            gaps.fill(gaps.among([message], chat, place).gaps, place)


def _chat_of(row: WebhookEvent) -> str | None:
    event = blooio_events.read_event(json.loads(row.body), json.loads(row.headers))
    return event.body.chat if isinstance(event.body, Report | Reacted) else None


def _is_group(chat: str) -> bool:
    return phone.from_provider(chat).kind == "group"


def _ids(rows: Sequence[WebhookEvent]) -> tuple[str, ...]:
    ids = dict.fromkeys(row.provider_id for row in rows if row.provider_id)
    return tuple(ids)[:MOST_IDS]
