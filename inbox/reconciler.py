"""Completeness: what the provider lists is compared with what we have, and what is missing comes in
through the same door as a webhook.

Nothing of the database is held while the provider is asked. A verification is worked at in turns,
so that lanes get the workers in between.
"""

import secrets
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from typing import Any

import structlog
from sqlalchemy import CursorResult, update
from sqlalchemy.exc import SQLAlchemyError

from inbox import chat_lists, gaps, jobs, lines, verifications, webhook_logs
from inbox.db import db, now, reading
from inbox.errors import ProviderError
from inbox.gaps import GRACE, Found, Place
from inbox.lanes import stopping
from inbox.lines import Line
from inbox.plans import Chat, Plan
from inbox.providers.blooio import Blooio
from inbox.providers.blooio_types import ProviderMessage
from inbox.providers.transport import new_session
from inbox.verifications import KEPT, LEASE, REST, Verification

log = structlog.get_logger(__name__)

PAGE = 200
# Seconds: a turn, a turn of the one that has all day, before a lease is renewed, before the
# second try of a question.
TURN, SLOW_TURN, RENEW, AGAIN = 3.0, 1.0, 20.0, 0.5
PASSING = ("unavailable", "unknown", "unreachable")
WORDS = {
    "unreachable": "Blooio cannot be reached.",
    "unknown": "Blooio did not answer.",
    "unauthorized": "Blooio does not accept the API key of this line.",
    "throttled": "Blooio asks us to slow down.",
    "unavailable": "Blooio is out of order.",
}
OWN_FAULT = "Something went wrong inside Tapback. Its log says what."
NOT_STORED = "What was found could not be stored."
COUNTED = ("chats", "done", "messages", "missing_messages", "missing_reports", "still_missing")


class Lost(Exception):
    """The lease was lost: somebody else goes on."""


class Run:
    """One turn of the verification `row`, whose lease is ours."""

    def __init__(self, row: Verification, place: Place, lease: str) -> None:
        self.id, self.kind, self.since, self.lease = row.id, row.kind, row.since, lease
        self.place = place
        self.session = new_session()
        self.client = Blooio(place.base_url, place.api_key, session=self.session)
        self.counts: dict[str, int] = {name: getattr(row, name) for name in COUNTED}
        self.plan = Plan.read(row.todo) if row.todo else None
        if self.plan:
            self.counts["done"] = row.chats - len(self.plan.left)
        self.note = row.note
        self.renewed = time.monotonic()

    def work(self) -> None:
        """Raises ProviderError, Lost, and what the database raises."""
        ends = time.monotonic() + (SLOW_TURN if self.kind == "all" else TURN)
        plan = self.plan = self.plan or self.planned()
        while not plan.finished and time.monotonic() < ends and not stopping.is_set():
            self.step(plan)
        if plan.finished:
            self.end(_refused(plan.refused))
        else:
            self.save(todo=plan.text(), lease=None)

    def planned(self) -> Plan:
        """From when on to compare, and which chats."""
        at = now()
        with reading():
            begin = verifications.begin(db.session.get_one(Line, self.place.line_id), at)
        if self.kind == "all":
            self.since = max(self.place.created_at, at - KEPT)
            chats = _twice(lambda: chat_lists.everything(self.client, self.since, self.beat))
        else:
            self.since = min(self.since, begin)
            chats = _twice(lambda: chat_lists.moved(self.client, self.place, self.since, self.beat))
        plan = Plan(chats, log=self.kind != "all")
        self.counts["chats"] = len(chats)
        self.save(started_at=at, since=self.since, todo=plan.text())
        return plan

    def step(self, plan: Plan) -> None:
        if plan.left:
            self.look_at(plan.left[0], plan)
            del plan.left[0]
            self.counts["done"] += 1
        elif plan.log:
            self.read_log()
            plan.log = False
        else:
            self.look_again(*plan.again[0])
            del plan.again[0]
        self.save()

    def look_at(self, chat: Chat, plan: Plan) -> None:
        """Compare a chat and fill its gaps; one that the provider does not list keeps no other."""
        lacked: list[str] = []
        try:
            self.counts["messages"] += _twice(lambda: self.fill(chat, lacked))
        except ProviderError as error:
            if error.kind != "refused":
                raise
            log.warning("verification.refused", status=error.status, code=error.code)
            plan.refused += 1
        if lacked:
            plan.again.append((chat, lacked))

    def fill(self, chat: Chat, lacked: list[str]) -> int:
        """Notes the keys of what was lacking; the answer is how many messages were compared."""
        compared = 0
        for page, found in self.compared(chat):
            compared += len(page)
            gaps.fill(found.gaps, self.place)
            counted = [gap for gap in found.gaps if gap.lack]
            lacked += [gap.key for gap in counted]
            self.counts["missing_messages"] += sum(gap.lack == "message" for gap in counted)
            self.counts["missing_reports"] += sum(gap.lack == "report" for gap in counted)
            if found.too_new:
                ask_about_chat(chat, found, self.place)
        return compared

    def look_again(self, chat: Chat, keys: list[str]) -> None:
        def lacking() -> set[str]:
            return {gap.key for _, found in self.compared(chat) for gap in found.gaps}

        self.counts["still_missing"] += len(_twice(lacking).intersection(keys))

    def compared(self, chat: Chat) -> Iterator[tuple[list[ProviderMessage], Found]]:
        for page in pages(self.client.messages(chat.id, since=chat.since, sort="asc")):
            self.beat()
            yield page, gaps.among(page, chat, self.place)

    def read_log(self) -> None:
        read = _twice(lambda: webhook_logs.read(self.client, self.place, self.since, self.beat))
        self.note = read.note
        webhook_logs.fill(read.untold)
        for one in read.untold:
            self.counts["missing_messages"] += one.lack == "message"
            self.counts["missing_reports"] += one.lack == "report"
        keys = [one.key for one in read.untold if one.lack]
        self.counts["still_missing"] += webhook_logs.still_lacking(keys, self.place)

    def beat(self) -> None:
        """While a long answer is read: the lease must not run out under it."""
        if time.monotonic() - self.renewed > RENEW:
            self.save()

    def end(self, error: str | None) -> None:
        self.save(ended_at=now(), error=error, todo=None, lease=None)
        told = {name: self.counts[name] for name in COUNTED}
        log.info("line.verified", line=self.place.key, kind=self.kind, error=error, **told)

    def save(self, **more: Any) -> None:
        """Write down how far it is. Raises Lost when another has taken it over."""
        mine = (Verification.id == self.id, Verification.lease == self.lease)
        values = {"lease_until": now() + LEASE, "note": self.note, **self.counts, **more}
        done = db.session.execute(update(Verification).where(*mine).values(values))
        db.session.commit()
        self.renewed = time.monotonic()
        if isinstance(done, CursorResult) and done.rowcount == 0:
            raise Lost


def run(line_id: int) -> None:
    """Until nothing is under way, or somebody else is at it."""
    while turn(line_id, rest=timedelta(0)):
        pass


def turn(line_id: int, *, rest: timedelta = REST) -> bool:
    """Work at what is under way on this line, unless somebody is at it; whether more is."""
    mine = _take(line_id, rest)
    if mine is None:
        return False
    try:
        mine.work()
    except Lost:
        return False
    except ProviderError as error:
        log.warning("verification.not_answered", kind=error.kind, status=error.status)
        mine.end(WORDS.get(error.kind, f"Blooio refused to tell: {error.message or error.kind}"))
    except (SQLAlchemyError, TimeoutError):
        log.exception("verification.not_stored")
        db.session.rollback()
        mine.end(NOT_STORED)
    except Exception:
        log.exception("verification.failed")
        db.session.rollback()
        mine.end(OWN_FAULT)
    finally:
        mine.session.close()
    with reading():
        return bool(verifications.under_way(line_id))


def pages(messages: Iterator[ProviderMessage]) -> Iterator[list[ProviderMessage]]:
    while page := list(islice(messages, PAGE)):
        yield page


def ask_about_chat(chat: Chat, found: Found, place: Place) -> None:
    """Once the webhook of what is too new has had its time, the chat is looked at again."""
    since = (found.too_new or now()) - timedelta(seconds=1)
    delay = GRACE.total_seconds()
    jobs.ask("check_chat", place.line_id, chat.id, chat.group, since, delay=delay)


def _take(line_id: int, rest: timedelta) -> Run | None:
    """What is to be worked at, with the lease of it."""
    at = now()
    line = lines.hold(line_id)
    row = verifications.to_go_on(line_id, at, rest)
    mine = None
    if row:
        row.lease, row.lease_until = secrets.token_hex(8), at + LEASE
        mine = Run(row, gaps.place(line), row.lease)
    db.session.commit()
    return mine


def _twice(ask: Callable[[], Any]) -> Any:
    """A question changes nothing at the provider: one that it did not answer is asked again."""
    try:
        return ask()
    except ProviderError as error:
        if error.kind not in PASSING:
            raise
    time.sleep(AGAIN)
    return ask()


def _refused(count: int) -> str | None:
    if not count:
        return None
    return "Blooio does not list the messages of " + (
        "one conversation." if count == 1 else f"{count} conversations."
    )
