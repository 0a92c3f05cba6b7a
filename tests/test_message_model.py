"""A conversation's messages against the rules: everything that can happen to them, in any order.

The rules are written down here once more, small, without a database, as what a person may rely on:

- a state goes forward by rank, and only on what the provider said;
- "failed" ends with a receipt of the phone, or with another try that a person asked for;
- "unknown" ends with what the provider says; no error of a list and no limit ends it;
- what may have left is asked about first once it is minutes old or was tried often, and is only
  asked about when its key may be forgotten or the person wants no more;
- a new key is made for another try of what failed, and for nothing else;
- one message of a conversation is under way at a time, in their order;
- what has arrived is never sent again.

`Network` knows what really went out, and complains about a second message.
"""

import json
import secrets
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant
from sqlalchemy import select

from inbox import contacts, conversations, deliveries, intake, lines, messages, outbox, parcels
from inbox import phone as phones
from inbox.conversations import Conversation
from inbox.db import db, now
from inbox.deliveries import DeliveryEvent
from inbox.errors import Refused
from inbox.lanes import Lane
from inbox.lines import Line
from inbox.messages import Message
from inbox.parcels import Outcome
from tests.network import ANSWERS, LISTS, Network, Taken
from tests.steps import Steps, held, step

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY, KEY_LIVES, LEASE = timedelta(hours=24), timedelta(hours=23), timedelta(seconds=60)
PROMPT = timedelta(minutes=5)
ROAD = ("accepted", "sent", "delivered", "read")
RECEIPTS = ("delivered", "read")
REPORTS = ("queued", "sent", "delivered", "read", "failed")
MOST, WRITES = 2, 4
COLUMNS = (
    Message.status,
    Message.troubled,
    Message.idempotency_key,
    Message.provider_id,
    Message.send_after,
    Message.problem,
)


@dataclass
class Bubble:
    """What the rules say of one message. `due`: None is "at once" for what is queued, and "when
    somebody does something about it" for what is held or unknown."""

    id: int
    text: str
    key: str
    status: str = "queued"
    due: datetime | None = None
    tries: int = 0
    first: datetime | None = None
    doubted: datetime | None = None
    provider_id: str | None = None
    known_ids: list[str] = field(default_factory=list)
    troubled: bool = False

    @property
    def to_go(self) -> bool:
        """Whether what follows in the conversation has to wait for it."""
        return self.status in ("queued", "held") or (self.status == "unknown" and bool(self.due))

    def is_due(self, at: datetime) -> bool:
        at_once = self.status == "queued" and self.due is None
        return self.to_go and (at_once or (self.due is not None and self.due <= at))

    @property
    def may_be_retried(self) -> bool:
        return self.status == "failed" or (self.status == "unknown" and not self.due)

    @property
    def may_be_set_aside(self) -> bool:
        return self.troubled and not (self.status == "unknown" and self.due)

    def becomes(self, status: str, due: datetime | None = None) -> None:
        self.status, self.due = status, due
        self.troubled = status in ("failed", "unknown")

    def hears(self, provider_id: str, status: str) -> None:
        current = provider_id == self.provider_id
        if status == "failed":
            if current and self.status not in (*RECEIPTS, "failed"):
                self.becomes("failed")
        elif (current or status in RECEIPTS) and self._is_further(status):
            self.becomes(status)

    def _is_further(self, status: str) -> bool:
        if status not in ROAD:
            return False
        if self.status in ROAD:
            return ROAD.index(status) > ROAD.index(self.status)
        return status in RECEIPTS or self.status != "failed"


@dataclass
class Try:
    """A parcel on its way, and what was true when it was made up."""

    parcel: parcels.Parcel
    bubble: Bubble
    at: datetime
    was_unknown: bool
    doubted: datetime | None
    opted_out: bool

    @property
    def may_send(self) -> bool:
        if self.doubted is None:
            return True
        return not self.opted_out and self.at - self.doubted <= KEY_LIVES

    @property
    def asks_first(self) -> bool:
        if self.doubted is None:
            return False
        old = self.at - self.doubted > timedelta(minutes=5)
        return not self.may_send or old or self.bubble.tries > 3


@dataclass(frozen=True)
class End:
    """What must become of a try. `soon`: it is planned again by the ladder."""

    status: str
    soon: bool = False
    id: str | None = None
    kind: str | None = None

    @property
    def fault(self) -> bool:
        return self.kind in ("unknown", "unavailable", "unreachable")

    @property
    def left(self) -> bool:
        return self.kind in ("unknown", "unavailable")


def foretell(one: Try, network: Network) -> End:
    """What the rules make of a try, before it is made."""
    listed = [
        taken
        for taken in network.find(one.bubble.text, one.bubble.first or one.at)
        if taken.id not in one.bubble.known_ids
    ]
    found = (
        End("failed" if listed[0].status == "failed" else "accepted", id=listed[0].id)
        if (listed)
        else None
    )
    not_told = _by_kind(network.listing, one, asked=True)
    if one.asks_first:
        if network.listing != "answers":
            return not_told
        if found or not one.may_send:
            return found or End("unknown")
    error, takes = ANSWERS[network.answer]
    known = network.under(one.parcel.key)
    if error is None:
        rejected = known.status == "failed" if known else network.answer == "rejected"
        return End("failed" if rejected else "accepted", id=known.id if known else "new")
    end = _by_kind(error["kind"], one, asked=False, code=error.get("code"))
    if end.status == "failed" and one.doubted:
        return not_told if network.listing != "answers" else found or end
    return end


def _by_kind(kind: str, one: Try, *, asked: bool, code: str | None = None) -> End:
    waits = "unknown" if one.was_unknown else "queued"
    match kind:
        case "unknown":
            return End("unknown", soon=True, kind=kind)
        case "refused":
            return End("unknown", soon=one.may_send) if asked else End("failed")
        case "limited" if not one.was_unknown:
            return End("held", soon=code == "new_conversation_limit_reached", kind=kind)
    return End(waits, soon=True, kind=kind)


class Messages(Steps):
    """`world` has the app's line, and is the same for every run."""

    world: Any = None

    @initialize(
        answers=st.lists(st.sampled_from(list(ANSWERS)), min_size=2, max_size=4, unique=True),
        reports=st.lists(st.sampled_from(REPORTS), min_size=1, max_size=3, unique=True),
    )
    def begin(self, answers: list[str], reports: list[str]) -> None:
        """Each run with a few answers and reports of its own, which come often."""
        self.answers, self.reports = answers, reports
        self.clock = time_machine.travel(START, tick=False)
        self.travel = self.clock.start()
        self.network = Network()
        self.world.network = self.network
        number = secrets.token_hex(6)
        line = _line(number)
        self.person = f"carol{number}@example.com"
        address = contacts.with_address(phones.read(self.person))
        self.conversation_id = conversations.with_person(line, address).id
        db.session.commit()
        self.line_id = line.id
        db.session.rollback()
        self.bubbles: list[Bubble] = []
        self.under_way: list[Try] = []
        self.late: list[Outcome] = []
        self.waiting: list[tuple[str, str]] = []
        self.told: Counter[tuple[str, str, bool]] = Counter()
        self.opted_out = self.wrote = self.stopped = False
        self.failures = 0
        self.paused_until = self.nobody_new_until = START
        self.received = self.wasted = 0

    def teardown(self) -> None:
        db.session.rollback()
        if hasattr(self, "clock"):
            self.clock.stop()

    # What people do

    @step(lambda self: len(self.bubbles) < MOST and not self.opted_out)
    def compose(self) -> None:
        words = f"Message {len(self.bubbles)}"
        conversation = db.session.get_one(Conversation, self.conversation_id)
        message = messages.compose(conversation, self.world.alice, words)
        db.session.commit()
        assert message.idempotency_key not in {bubble.key for bubble in self.bubbles}
        self.bubbles.append(Bubble(message.id, words, message.idempotency_key or ""))

    @step(
        lambda self: any(bubble.may_be_retried for bubble in self.bubbles),
        weight=3,
        which=st.integers(0, MOST - 1),
    )
    def retry(self, which: int) -> None:
        bubble = _one_of([bubble for bubble in self.bubbles if bubble.may_be_retried], which)
        message = db.session.get_one(Message, bubble.id)
        if self.opted_out:
            self._refuses(deliveries.retry, message, self.world.bob)
            return
        deliveries.retry(message, by=self.world.bob)
        db.session.commit()
        if bubble.status == "failed":
            assert message.idempotency_key != bubble.key
            bubble.key, bubble.tries = message.idempotency_key or "", 0
            bubble.first = bubble.doubted = bubble.provider_id = None
        else:
            bubble.doubted, bubble.tries = now(), max(bubble.tries, 3)
        bubble.becomes("queued")

    @step(
        lambda self: any(bubble.may_be_set_aside for bubble in self.bubbles),
        which=st.integers(0, MOST - 1),
    )
    def set_aside(self, which: int) -> None:
        bubble = _one_of([bubble for bubble in self.bubbles if bubble.may_be_set_aside], which)
        deliveries.dismiss(db.session.get_one(Message, bubble.id), by=self.world.bob)
        db.session.commit()
        bubble.troubled = False

    @step(
        lambda self: self.bubbles and self.wasted < 3,
        which=st.integers(0, MOST - 1),
    )
    def somebody_asks_for_what_is_not_offered(self, which: int) -> None:
        self.wasted += 1
        bubble = _one_of(self.bubbles, which)
        message = db.session.get_one(Message, bubble.id)
        if self.opted_out:
            self._refuses(messages.compose, message.conversation, self.world.alice, "Hello")
        if not bubble.may_be_retried:
            self._refuses(deliveries.retry, message, self.world.bob)
        if not bubble.may_be_set_aside:
            self._refuses(deliveries.dismiss, message, self.world.bob)

    def _refuses(self, verb: Any, *given: Any) -> None:
        with pytest.raises(Refused):
            verb(*given)
        db.session.rollback()

    @step(lambda self: self.received < WRITES, answers=st.booleans())
    def the_person_writes(self, answers: bool) -> None:
        """An answer, or a wish not to be written to, or the end of that."""
        words = "Hi" if answers else "START" if self.opted_out else "STOP"
        self.received += 1
        self._webhook(
            "message.received",
            message_id=f"in_{self.person}_{self.received}",
            sender=self.person,
            text=words,
            status="received",
        )
        self.wrote = True
        self.opted_out = self.opted_out if answers else not self.opted_out
        for bubble in self.bubbles:
            if bubble.status == "held":
                bubble.becomes("queued", now())

    @step(lambda self: self.stopped)
    def the_key_is_mended(self) -> None:
        lines.resume(lines.hold(self.line_id), by=self.world.bob)
        db.session.commit()
        self.stopped, self.failures, self.paused_until = False, 0, START

    # What the lane does

    @step(lambda self: self._next_due() == now())
    def claim(self) -> None:
        expected = self._claimable()
        lane = Lane(self.line_id)
        claimed = lane.claim() if lane.take() else []
        lane.give_back()
        assert [parcel.message_id for parcel in claimed] == [bubble.id for bubble in expected]
        for parcel, bubble in zip(claimed, expected, strict=True):
            unknown, doubted = bubble.status == "unknown", bubble.doubted
            bubble.tries += 1
            bubble.first = bubble.first or now()
            bubble.becomes("sending")
            assert (parcel.key, parcel.text) == (bubble.key, bubble.text)
            out = self.opted_out
            self.under_way.append(Try(parcel, bubble, now(), unknown, doubted, out))

    def _claimable(self) -> list[Bubble]:
        """Those that leave now; what the last gate keeps has its new state afterwards."""
        at = now()
        if self.stopped or at < self.paused_until:
            return []
        leave = []
        due = [
            bubble
            for number, bubble in enumerate(self.bubbles)
            if bubble.is_due(at) and not self._is_behind(number)
        ]
        for bubble in due[: 1 if self.failures >= 5 else 10]:
            if self._passes(bubble, at):
                leave.append(bubble)
        return leave

    def _is_behind(self, number: int) -> bool:
        sending = any(bubble.status == "sending" for bubble in self.bubbles)
        return sending or any(bubble.to_go for bubble in self.bubbles[:number])

    def _passes(self, bubble: Bubble, at: datetime) -> bool:
        if bubble.doubted:
            return True
        if self.opted_out or (bubble.first and at - bubble.first > DAY):
            bubble.becomes("failed")
        elif at < self.nobody_new_until and self._is_new():
            bubble.becomes("held", self.nobody_new_until)
        return bubble.status not in ("failed", "held") or bubble.is_due(at)

    def _is_new(self) -> bool:
        return not self.wrote and not any(bubble.provider_id for bubble in self.bubbles)

    @step(
        lambda self: self.under_way,
        weight=3,
        which=st.integers(0, MOST - 1),
        answer=st.integers(0, 11),
        listing=st.sampled_from(LISTS),
    )
    def a_try_ends(self, which: int, answer: int, listing: str) -> None:
        one = self.under_way.pop(which % len(self.under_way))
        self.network.answer = self.answers[answer % len(self.answers)]
        self.network.listing = listing
        end = foretell(one, self.network)
        asked_before = len(self.network.requests)
        outcome = parcels.hand_over(one.parcel)
        assert one.may_send or len(self.network.requests) == asked_before
        if one.bubble.status == "sending":  # else what is over arrived after this had left
            assert self.network.complaints == []
        self.network.complaints.clear()
        Lane(self.line_id).settle([outcome])
        self._apply(end, one)
        self._tell_line(end)
        self._hear_what_waited()

    def _apply(self, end: End, one: Try) -> None:
        bubble = one.bubble
        message = db.session.get_one(Message, bubble.id)
        if end.left:
            bubble.doubted = bubble.doubted or one.at
        elif not bubble.doubted and not end.fault and end.status in ("queued", "held"):
            bubble.first = None
        if end.id:
            bubble.provider_id = self.network.taken[-1].id if end.id == "new" else end.id
            bubble.known_ids.append(bubble.provider_id)
        if bubble.status != "sending":  # a receipt came meanwhile
            return
        bubble.becomes(end.status)
        if end.soon:
            assert message.send_after, "It is not planned again."
            assert timedelta() <= message.send_after - now() <= timedelta(hours=1)
            bubble.due = message.send_after

    def _tell_line(self, end: End) -> None:
        line = db.session.get_one(Line, self.line_id)
        self.failures = self.failures + 1 if end.fault else 0
        if end.kind == "unauthorized":
            self.stopped = True
        if end.kind == "throttled" or self.failures >= 5:
            assert line.paused_until
            assert timedelta(seconds=0.5) <= line.paused_until - now() <= timedelta(minutes=15)
            self.paused_until = line.paused_until
        if end.kind == "limited" and end.status != "held" or end.soon and end.status == "held":
            self.nobody_new_until = line.new_people_held_until or self.nobody_new_until
        assert bool(line.stopped_reason) == self.stopped

    @step(
        lambda self: not self.under_way and self._next_due(),
        weight=3,
        answer=st.integers(0, 11),
        listing=st.sampled_from(LISTS),
    )
    def the_next_try_is_made(self, answer: int, listing: str) -> None:
        """All of it in one step, so that runs get far."""
        self.the_next_try_is_due()
        self.claim()
        if self.under_way:
            self.a_try_ends(0, answer, listing)

    @step(
        lambda self: any(one.bubble.status == "sending" for one in self.under_way),
        answer=st.integers(0, 11),
        listing=st.sampled_from(LISTS),
    )
    def a_sender_dies(self, answer: int, listing: str) -> None:
        """After its request has left; what came of it comes to nobody, or much too late."""
        self.network.answer = self.answers[answer % len(self.answers)]
        self.network.listing = listing
        for one in self.under_way:
            self.late.append(parcels.hand_over(one.parcel))
        self.travel.shift(LEASE + timedelta(seconds=1))
        outbox.recover(now())
        for one in self.under_way:
            if one.bubble.status == "sending":
                one.bubble.doubted = one.bubble.doubted or one.bubble.first
                one.bubble.becomes("unknown", now())
            else:  # nobody takes back what has arrived: its answer still counts for its id
                self.late.pop(
                    self.late.index(next(late for late in self.late if late.parcel is one.parcel))
                )
        self.under_way = []

    @step(lambda self: self.late)
    def a_dead_sender_speaks(self) -> None:
        Lane(self.line_id).settle([self.late.pop()])

    @step(
        lambda self: not self.under_way,
        seconds=st.sampled_from([1, 10, 45, 1200, 4200, 5 * 3600, 25 * 3600]),
    )
    def time_passes(self, seconds: int) -> None:
        self.travel.shift(timedelta(seconds=seconds))

    def _next_due(self) -> datetime | None:
        """When the line may send something, if it does without a person."""
        at = now()
        planned = [
            at if one.is_due(at) else one.due
            for number, one in enumerate(self.bubbles)
            if (one.is_due(at) or one.due) and one.to_go and not self._is_behind(number)
        ]
        if self.stopped or not planned:
            return None
        return max(min(planned), self.paused_until, at)

    @step(lambda self: not self.under_way and self._next_due())
    def the_next_try_is_due(self) -> None:
        self.travel.move_to(self._next_due() or now())

    # What the provider reports

    @step(lambda self: self._news(), weight=3, which=st.integers(0, 11))
    def a_report_comes(self, which: int) -> None:
        news = self._news()
        taken, status, asked = news[which % len(news)]
        self.told[taken.id, status, asked] += 1
        if status in RECEIPTS or taken.status not in (*RECEIPTS, "failed"):
            taken.status = status
        if asked:
            self._asked(taken.id, status)
        else:
            self._webhook(f"message.{status}", message_id=taken.id, status=status)
            self.waiting += [(taken.id, status)] if self.told[taken.id, status, False] == 1 else []
            self._hear_what_waited()

    def _news(self) -> list[tuple[Taken, str, bool]]:
        """What the provider may say next, by itself or because we ask about what we know; some of
        it twice."""
        return [
            (taken, status, asked)
            for taken in self.network.taken
            for status in self.reports
            for asked in ((False, True) if self._known(taken.id) else (False,))
            if self.told[taken.id, status, asked] < 2 and self._may_be_said(taken, status)
        ]

    def _may_be_said(self, taken: Taken, status: str) -> bool:
        """Not that it failed after it has arrived and nobody knows: then nobody could be right."""
        bubble = self._known(taken.id)
        arrived = bubble is not None and bubble.status in RECEIPTS
        return status != "failed" or taken.status not in RECEIPTS or arrived

    def _asked(self, provider_id: str, status: str) -> None:
        lines.hold(self.line_id)
        message = deliveries.about(self.line_id, provider_id)
        bubble = self._known(provider_id)
        assert message and bubble and message.id == bubble.id
        deliveries.hear(message, DeliveryEvent(provider_id=provider_id, status=status))
        bubble.hears(provider_id, status)
        db.session.commit()

    def _webhook(self, event: str, **fields: Any) -> None:
        payload = {
            "event": event,
            "external_id": self.person,
            "protocol": "imessage",
            "timestamp": int(time.time() * 1000),
            "is_group": False,
            **fields,
        }
        db.session.rollback()
        body = json.dumps(payload).encode()
        intake.take(intake.Delivery(self.line_id, body, payload, {}))
        db.session.expire_all()

    def _known(self, provider_id: str) -> Bubble | None:
        return next((one for one in self.bubbles if provider_id in one.known_ids), None)

    def _hear_what_waited(self) -> None:
        for provider_id, status in list(self.waiting):
            if bubble := self._known(provider_id):
                self.waiting.remove((provider_id, status))
                bubble.hears(provider_id, status)

    # What always holds

    @invariant()
    def everything_is_as_the_rules_say(self) -> None:
        if not hasattr(self, "bubbles"):
            return
        db.session.rollback()
        of_it = {"conversation_id": self.conversation_id, "direction": "out"}
        rows = db.session.execute(select(*COLUMNS).filter_by(**of_it).order_by(Message.id)).all()
        assert [row.status for row in rows].count("sending") <= 1
        for row, bubble in zip(rows, self.bubbles, strict=True):
            assert (row.status, row.troubled) == (bubble.status, bubble.troubled)
            assert (row.idempotency_key, row.provider_id) == (bubble.key, bubble.provider_id)
            assert not bubble.to_go or row.send_after == bubble.due
            assert row.problem or row.status not in ("failed", "unknown", "held")
        self._the_conversation_counts_its_troubles()

    def _the_conversation_counts_its_troubles(self) -> None:
        columns = (Conversation.trouble_count, Conversation.trouble, Conversation.trouble_reason)
        query = select(*columns).filter_by(id=self.conversation_id)
        count, trouble, reason = db.session.execute(query).one()
        troubled = [bubble.status for bubble in self.bubbles if bubble.troubled]
        assert (count, trouble) == (len(troubled), troubled[-1] if troubled else None)
        assert bool(reason) == bool(troubled)
        db.session.rollback()


def _one_of(bubbles: list[Bubble], which: int) -> Bubble:
    return bubbles[which % len(bubbles)]


def _line(number: str) -> Line:
    return lines.put(
        f"model-{number}",
        name="Support",
        base_url="http://127.0.0.1:9/v2/api",
        api_key="bl_test_key",
        webhook_secrets=[],
        number="+14155550100",
        bare_signatures=True,
    )


@pytest.fixture
def model(app, alice, bob, monkeypatch):
    class Model(Messages):
        world = type("World", (), {"alice": alice, "bob": bob, "network": None})

    monkeypatch.setattr(parcels, "_client", lambda parcel: Model.world.network)
    return Model


def test_a_message_never_leaves_the_rules(model, engine, request):
    long = request.config.getoption("--long")
    held(model, runs=2000 if long else 40 if engine == "sqlite" else 8, steps=40)
