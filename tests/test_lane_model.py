"""A line with two workers against the rules of lanes: who may send what, when, and how many.

- whoever holds the lease claims; a lease that is not renewed for a minute is anybody's;
- people before broadcasts, each conversation in its order, one of it under way at a time;
- no more at once than the line may, one when it is down, none while it is stopped or rests;
- no faster than the pace: three at once after a quiet while, then evenly;
- what comes back of a try counts once, and only as long as nobody took the message back.

What the provider answers takes the place of `parcels.hand_over`.
"""

import itertools
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
import time_machine
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant
from sqlalchemy import select

from inbox import contacts, conversations, deliveries, lines, messages, outbox, parcels
from inbox import phone as phones
from inbox.conversations import Conversation
from inbox.db import db, now
from inbox.errors import ProviderError
from inbox.lanes import Lane
from inbox.lines import Line
from inbox.messages import BROADCASTS, PEOPLE, Message
from inbox.parcels import Outcome, Parcel
from inbox.providers.blooio_types import Accepted
from tests.steps import Steps, held, step

START = datetime(2026, 11, 24, 12, tzinfo=UTC)
LEASE, PROBE = timedelta(seconds=60), timedelta(seconds=30)
AT_ONCE, BURST, FAULTS = 3, 3, 5
CHATS, MOST = 3, 6
PACES = (None, 60, 12)

# What the provider says: what becomes of the message, and whether the line counts a fault.
ANSWERS = {
    "taken": ("accepted", False),
    "silence": ("unknown", True),
    "unavailable": ("queued", True),
    "unreachable": ("queued", True),
    "refused": ("failed", False),
    "unauthorized": ("queued", False),
    "throttled": ("queued", False),
    "chat is limited": ("held", False),
    "new people are limited": ("held", False),
}
ERRORS = {
    "silence": {"kind": "unknown"},
    "unavailable": {"kind": "unavailable", "status": 503},
    "unreachable": {"kind": "unreachable"},
    "refused": {"kind": "refused", "status": 400},
    "unauthorized": {"kind": "unauthorized", "status": 401},
    "throttled": {"kind": "throttled", "status": 429, "retry_after": 7},
    "chat is limited": {"kind": "limited", "status": 429, "code": "conversation_awaiting_reply"},
    "new people are limited": {
        "kind": "limited",
        "status": 429,
        "code": "new_conversation_limit_reached",
    },
}
_numbers = itertools.count()


def answered(parcel: Parcel, answer: str) -> Outcome:
    if answer == "taken":
        return Outcome(parcel, Accepted((f"msg_{next(_numbers)}",), "queued", False), False, 0.1)
    return Outcome(parcel, ProviderError(**ERRORS[answer]), False, 0.1)


@dataclass
class Bubble:
    id: int
    chat: int
    priority: int
    status: str = "queued"
    due: datetime | None = None
    doubted: bool = False
    taken: bool = False
    parcel: Parcel | None = None
    claimed_at: datetime = START

    @property
    def to_go(self) -> bool:
        return self.status in ("queued", "held") or (self.status == "unknown" and bool(self.due))

    def is_due(self, at: datetime) -> bool:
        at_once = self.status == "queued" and self.due is None
        return self.to_go and (at_once or (self.due is not None and self.due <= at))


class Worker:
    """One that may hold the lane, and the tries that it has under way."""

    def __init__(self, line_id: int) -> None:
        self.line_id = line_id
        self.begin()

    def begin(self) -> None:
        self.lane = Lane(self.line_id)
        self.tired = False
        self.tries: list[Parcel] = []

    def keeps(self, tries: list[Parcel]) -> None:
        self.tries = tries
        self.lane.under_way = set(tries)  # type: ignore[assignment]


class Lanes(Steps):
    """`world` has the people, and is the same for every run."""

    world: Any = None

    @initialize(pace=st.sampled_from(PACES), failures=st.sampled_from([0, FAULTS - 1]))
    def begin(self, pace: int | None, failures: int) -> None:
        self.clock = time_machine.travel(START, tick=False)
        self.travel = self.clock.start()
        number = secrets.token_hex(6)
        line = _line(number, pace)
        line.failures = failures
        self.line_id, self.pace = line.id, pace
        self.chats = [_chat(line, f"person{chat}.{number}@example.com") for chat in range(CHATS)]
        db.session.commit()
        self.bubbles: list[Bubble] = []
        self.workers = [Worker(self.line_id), Worker(self.line_id)]
        self.holder: Worker | None = None
        self.lease_until = self.paused_until = self.nobody_new_until = self.filled_at = START
        self.stopped, self.failures, self.tokens = False, failures, Fraction(BURST)
        self.known: set[int] = set()

    def teardown(self) -> None:
        db.session.rollback()
        if hasattr(self, "clock"):
            self.clock.stop()

    # What people do

    @step(
        lambda self: sum(one.to_go for one in self.bubbles) < MOST,
        weight=2,
        wanted=st.lists(
            st.tuples(st.integers(0, CHATS - 1), st.sampled_from([PEOPLE, PEOPLE, BROADCASTS])),
            min_size=1,
            max_size=4,
        ),
    )
    def people_are_written_to(self, wanted: list[tuple[int, int]]) -> None:
        for chat, priority in wanted:
            conversation = db.session.get_one(Conversation, self.chats[chat])
            words = f"Message {len(self.bubbles)}"
            message = messages.compose(conversation, self.world.alice, words)
            message.priority = priority
            db.session.commit()
            self.bubbles.append(Bubble(message.id, chat, priority))

    @step(
        lambda self: any(one.status == "held" for one in self.bubbles),
        chat=st.integers(0, CHATS - 1),
    )
    def somebody_writes(self, chat: int) -> None:
        conversation = db.session.get_one(Conversation, self.chats[chat])
        conversation.inbound_count += 1
        deliveries.release(conversation)
        db.session.commit()
        self.known.add(chat)
        for bubble in self.bubbles:
            if bubble.chat == chat and bubble.status == "held":
                bubble.status, bubble.due = "queued", now()

    @step(lambda self: self.stopped)
    def the_key_is_mended(self) -> None:
        lines.resume(lines.hold(self.line_id), by=self.world.alice)
        db.session.commit()
        self.stopped, self.failures, self.paused_until = False, 0, START

    # What workers do

    @step(lambda self: True, which=st.integers(0, 1))
    def a_worker_asks_for_the_lane(self, which: int) -> None:
        worker, at = self.workers[which], now()
        if self.holder is not worker and (worker.tired or not worker.tries):
            worker.begin()
        free = self.holder in (None, worker) or self.lease_until < at
        expected = free and not self.stopped and at >= self.paused_until
        assert worker.lane.take() == expected
        if expected:
            self.holder, self.lease_until = worker, at + LEASE

    @step(lambda self: True, weight=3, which=st.integers(0, 1))
    def a_worker_works(self, which: int) -> None:
        """All of it in one step, so that runs get far."""
        worker = self.workers[which]
        if worker.tired:
            if self.holder is worker:
                self.the_lane_is_given_back()
            worker.begin()
        self.a_worker_asks_for_the_lane(which)
        self.a_worker_claims(which)

    @step(lambda self: self.bubbles, which=st.integers(0, 1))
    def a_worker_claims(self, which: int) -> None:
        worker = self.workers[which]
        expected = self._claimable(worker) if self.holder is worker else []
        claimed = worker.lane.claim()
        assert [parcel.message_id for parcel in claimed] == [bubble.id for bubble in expected]
        for parcel, bubble in zip(claimed, expected, strict=True):
            bubble.status, bubble.parcel, bubble.claimed_at = "sending", parcel, now()
        worker.keeps(worker.tries + claimed)
        assert len(worker.tries) <= AT_ONCE
        if self.holder is worker:
            self.lease_until = now() + LEASE

    @step(lambda self: self.holder and (self.holder.tired or not self.holder.tries))
    def the_lane_is_given_back(self) -> None:
        assert self.holder
        self.holder.lane.give_back()
        self.holder = None

    @step(
        lambda self: any(worker.tries for worker in self.workers),
        weight=3,
        which=st.integers(0, 1),
        answers=st.lists(st.sampled_from(list(ANSWERS)), min_size=1, max_size=AT_ONCE),
    )
    def tries_end(self, which: int, answers: list[str]) -> None:
        worker = next(one for one in (*self.workers[which:], *self.workers) if one.tries)
        ended = list(zip(worker.tries, answers, strict=False))
        worker.keeps(worker.tries[len(ended) :])
        outcomes = [answered(parcel, answer) for parcel, answer in reversed(ended)]
        worker.lane.settle(outcomes)
        for parcel, answer in sorted(ended, key=lambda one: one[0].message_id):
            bubble = next(one for one in self.bubbles if one.id == parcel.message_id)
            if bubble.parcel is parcel:
                self._settled(bubble, answer)
        self._look_at_the_line()

    @step(lambda self: self.holder and not self.holder.tired)
    def a_turn_ends(self) -> None:
        assert self.holder
        self.holder.tired, self.holder.lane.turn_ends = True, 0.0

    @step(lambda self: any(worker.tries for worker in self.workers), which=st.integers(0, 1))
    def a_worker_dies(self, which: int) -> None:
        self.workers[which].keeps([])

    @step(lambda self: any(bubble.status == "sending" for bubble in self.bubbles))
    def the_sweep_looks(self) -> None:
        outbox.recover(now())
        for bubble in self.bubbles:
            if bubble.status == "sending" and bubble.claimed_at + LEASE < now():
                bubble.status, bubble.due = "unknown", now()
                bubble.doubted, bubble.parcel = True, None

    @step(lambda self: any(bubble.to_go for bubble in self.bubbles) and not self.pace)
    def the_lane_is_drained(self) -> None:
        """For real, with threads; the provider takes everything."""
        at = now()
        taken: list[int] = []

        def hand_over(parcel: Parcel) -> Outcome:
            taken.append(parcel.message_id)
            return answered(parcel, "taken")

        self.world.hand_over = hand_over
        free = self.holder is None or self.lease_until < at
        outbox.drain(self.line_id)
        db.session.rollback()
        if not free or self.stopped or at < self.paused_until:
            assert taken == []
            return
        self.holder = None
        expected = self._drained(at)
        assert sorted(taken) == sorted(bubble.id for bubble in expected)
        for chat in range(CHATS):
            ids = [bubble.id for bubble in self.bubbles if bubble.chat == chat]
            assert [id for id in taken if id in ids] == [
                bubble.id for bubble in expected if bubble.chat == chat
            ]

    @step(lambda self: True, seconds=st.sampled_from([0.5, 1, 5, 11, 31, 61, 1200]))
    def time_passes(self, seconds: float) -> None:
        self.travel.shift(timedelta(seconds=seconds))

    # The rules

    def _drained(self, at: datetime) -> list[Bubble]:
        """What leaves when everything is taken, and one after the other may go."""
        left: list[Bubble] = []
        while found := [one for one in self._due(at) if self._passes(one, at)]:
            for bubble in found:
                bubble.status, bubble.taken = "accepted", True
                self.failures = 0
            left += found
        return left

    def _claimable(self, worker: Worker) -> list[Bubble]:
        at = now()
        self._fill(at)
        if self.stopped or at < self.paused_until or worker.tired:
            return []
        room = max((1 if self.failures >= FAULTS else AT_ONCE) - len(worker.tries), 0)
        if self.pace:
            room = min(room, int(self.tokens))
        leave = [bubble for bubble in self._due(at)[:room] if self._passes(bubble, at)]
        self.tokens -= len(leave)
        return leave

    def _due(self, at: datetime) -> list[Bubble]:
        free = [one for one in self.bubbles if one.is_due(at) and not self._is_behind(one)]
        return sorted(free, key=lambda bubble: (bubble.priority, bubble.id))

    def _is_behind(self, bubble: Bubble) -> bool:
        others = [one for one in self.bubbles if one.chat == bubble.chat]
        return any(one.status == "sending" or (one.id < bubble.id and one.to_go) for one in others)

    def _passes(self, bubble: Bubble, at: datetime) -> bool:
        new = bubble.chat not in self.known and not any(
            one.taken for one in self.bubbles if one.chat == bubble.chat
        )
        if bubble.doubted or not new or at >= self.nobody_new_until:
            return True
        bubble.status, bubble.due = "held", self.nobody_new_until
        return False

    def _fill(self, at: datetime) -> None:
        passed = Fraction((at - self.filled_at) // timedelta(milliseconds=1), 1000)
        self.tokens = min(self.tokens + passed * (self.pace or 0) / 60, Fraction(BURST))
        self.filled_at = at

    def _settled(self, bubble: Bubble, answer: str) -> None:
        status, fault = ANSWERS[answer]
        message = db.session.get_one(Message, bubble.id)
        unknown = bubble.parcel and bubble.parcel.unknown and status in ("queued", "held")
        bubble.parcel = None
        bubble.status, bubble.due = "unknown" if unknown else status, message.send_after
        bubble.taken = bubble.taken or answer == "taken"
        bubble.doubted = bubble.doubted or answer in ("silence", "unavailable")
        waits_for_the_person = answer == "chat is limited" and not unknown
        assert bool(bubble.due) == (bubble.to_go and not waits_for_the_person)
        self.failures = self.failures + 1 if fault else 0
        self.stopped = self.stopped or answer == "unauthorized"
        if answer == "throttled":
            self._rest(timedelta(seconds=7))
        if self.failures >= FAULTS:
            self._rest(PROBE)
        if answer == "new people are limited":
            self.nobody_new_until = now() + timedelta(hours=1)

    def _rest(self, time: timedelta) -> None:
        self.paused_until = max(self.paused_until, now() + time)

    def _look_at_the_line(self) -> None:
        line = db.session.get_one(Line, self.line_id)
        rests = self.paused_until > now()
        assert (line.failures, bool(line.stopped_reason)) == (self.failures, self.stopped)
        assert line.rests_until == (self.paused_until if rests else None)
        down = "down" if self.failures >= FAULTS else "slowed" if rests else "ready"
        assert lines.state(line) == ("stopped" if self.stopped else down)
        db.session.rollback()

    @invariant()
    def everything_is_as_the_rules_say(self) -> None:
        if not hasattr(self, "bubbles"):
            return
        db.session.rollback()
        query = select(Message.status, Message.send_after).where(Message.line_id == self.line_id)
        seen = [tuple(row) for row in db.session.execute(query.order_by(Message.id))]
        db.session.rollback()
        assert [status for status, _ in seen] == [bubble.status for bubble in self.bubbles]
        for (_, due), bubble in zip(seen, self.bubbles, strict=True):
            assert not bubble.to_go or due == bubble.due
        for chat in range(CHATS):
            of_it = [bubble.status for bubble in self.bubbles if bubble.chat == chat]
            assert of_it.count("sending") <= 1


def _line(number: str, pace: int | None) -> Line:
    line = lines.put(
        f"model-{number}",
        name="Support",
        base_url="http://127.0.0.1:9/v2/api",
        api_key="bl_test_key",
        webhook_secrets=[],
        number="+14155550100",
        bare_signatures=True,
    )
    line.concurrency, line.pace = AT_ONCE, pace
    return line


def _chat(line: Line, address: str) -> int:
    return conversations.with_person(line, contacts.with_address(phones.read(address))).id


@pytest.fixture
def model(app, alice, monkeypatch):
    class Model(Lanes):
        world = type("World", (), {"alice": alice, "hand_over": None})

    monkeypatch.setattr(parcels, "hand_over", lambda parcel: Model.world.hand_over(parcel))
    return Model


def test_two_workers_keep_the_rules_of_a_lane(model, engine, request):
    long = request.config.getoption("--long")
    held(model, runs=2000 if long else 30 if engine == "sqlite" else 8, steps=40)
