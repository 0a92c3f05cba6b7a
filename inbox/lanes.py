"""A line's lane: its messages claimed, sent and settled by whoever holds the line's lease.

`sending` is committed before a request leaves, and the lease outlives the longest request, so a
message is never in two hands; what comes back after its lease was lost is thrown away.
"""

import secrets
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute

from inbox import deliveries, due, gate, lines, pace, parcels, settling
from inbox.db import db, now, reading
from inbox.deliveries import SendAttempt
from inbox.lines import Line
from inbox.messages import Message
from inbox.parcels import Outcome, Parcel

LEASE = timedelta(seconds=60)
# Seconds: between two looks for more to send, before a lease is renewed, for results to gather,
# and before another line gets this worker.
LOOK, RENEW, TIDY, TURN = 0.1, 20.0, 0.02, 10.0
stopping = threading.Event()
Moment = InstrumentedAttribute[datetime | None]


class Lane:
    """One holder's hand on a line. `tired`: its turn was over before the line was empty."""

    def __init__(self, line_id: int) -> None:
        self.line_id = line_id
        self.holder = secrets.token_hex(8)
        self.under_way: set[Future[Outcome]] = set()
        self.room = 0
        self.free_at: datetime | None = None
        self.turn_ends = time.monotonic() + TURN

    @property
    def tired(self) -> bool:
        return time.monotonic() > self.turn_ends or stopping.is_set()

    @property
    def paced(self) -> bool:
        """Whether only the pace keeps the line from sending more."""
        return self.free_at is not None and self.free_at > now()

    def take(self) -> bool:
        """Whether the lease is ours now."""
        at = now()
        mine = Line.lease_holder == self.holder
        free = or_(Line.lease_until.is_(None), lost(Line.lease_until, at), mine)
        allowed = Line.id.in_(lines.busy(at).with_only_columns(Line.id))
        taken = db.session.scalar(
            update(Line)
            .where(Line.id == self.line_id, free, allowed)
            .values(lease_holder=self.holder, lease_until=at + LEASE)
            .returning(Line.id)
        )
        db.session.commit()
        return taken is not None

    def give_back(self) -> None:
        db.session.rollback()
        mine = (Line.id == self.line_id, Line.lease_holder == self.holder)
        db.session.execute(update(Line).where(*mine).values(lease_holder=None, lease_until=None))
        db.session.commit()

    def any_due(self) -> bool:
        with reading():
            query = due.now_at(self.line_id, now()).with_only_columns(Message.id).limit(1)
            return db.session.scalar(query) is not None

    def run(self) -> None:
        """Until nothing is due and nothing under way, the line must rest, or the turn is over."""
        concurrency = db.session.get_one(Line, self.line_id).concurrency
        with ThreadPoolExecutor(concurrency, thread_name_prefix="sender") as senders:
            while True:
                for parcel in self.claim():
                    self.under_way.add(senders.submit(parcels.hand_over, parcel))
                if not self.under_way:
                    return
                self.settle(self.next_results())

    def claim(self) -> list[Parcel]:
        """The next due messages, marked as sending and committed before they leave."""
        at = now()
        line = lines.hold(self.line_id)
        if line.lease_holder != self.holder:
            db.session.rollback()
            return []
        line.lease_until = at + LEASE
        self.room = self._room(line, at)
        found = db.session.scalars(due.now_at(self.line_id, at).limit(self.room)).all()
        claimed = [_parcel(message, line, at) for message in found if gate.passes(message, line)]
        self.room -= len(claimed)
        if line.pace and claimed:
            line.next_send_at = pace.spent(line.next_send_at, at, line.pace, len(claimed))
        db.session.commit()
        return claimed

    def _room(self, line: Line, at: datetime) -> int:
        if self.tired or line.stopped_reason or line.rests_until:
            return 0
        most = 1 if line.failures >= lines.BREAKER else line.concurrency
        room = max(most - len(self.under_way), 0)
        if line.pace:
            self.free_at = pace.free_at(line.next_send_at, at, line.pace)
            room = min(room, pace.slots(line.next_send_at, at, line.pace))
        return room

    def next_results(self) -> list[Outcome]:
        """What came back next; nothing when there is more to send meanwhile, or the lease ages."""
        looked = time.monotonic()
        while time.monotonic() - looked < RENEW:
            done, _ = wait(self.under_way, timeout=LOOK, return_when=FIRST_COMPLETED)
            if done:
                done |= wait(self.under_way, timeout=TIDY).done
                self.under_way -= done
                return [future.result() for future in done]
            room = self.room or (self.free_at and self.free_at <= now())
            if room and not self.tired and self.any_due():
                return []
        return []

    def settle(self, outcomes: list[Outcome]) -> None:
        """Write down what came back, all of it in one transaction."""
        if not outcomes:
            return
        line = lines.hold(self.line_id)
        for outcome in sorted(outcomes, key=lambda outcome: outcome.parcel.message_id):
            settling.settle(line, outcome)
        db.session.commit()


def lost(lease_until: Moment, at: datetime) -> ColumnElement[bool]:
    """Whether a lease is over. One that lasts longer than a lease can is of a clock set back."""
    return or_(lease_until < at, lease_until > at + 2 * LEASE)


def _parcel(message: Message, line: Line, at: datetime) -> Parcel:
    message.lease, message.lease_until = secrets.token_hex(8), at + LEASE
    message.attempts += 1
    unknown = message.status == "unknown"
    message.first_tried_at = message.first_tried_at or at
    deliveries.start(message)
    return Parcel(
        message_id=message.id,
        lease=message.lease,
        base_url=line.base_url,
        api_key=line.api_key,
        number=line.number,
        chat_key=message.conversation.chat_key,
        text=message.text,
        key=message.idempotency_key or "",
        attempts=message.attempts,
        unknown=unknown,
        doubted_at=message.doubted_at,
        only_ask=bool(message.doubted_at and message.conversation.opted_out_at),
        known=_known(message),
        first_tried_at=message.first_tried_at,
        tried_at=at,
    )


def _known(message: Message) -> frozenset[str]:
    """The provider's ids of the other bubbles that say the same, and of given up attempts."""
    same = (
        Message.conversation_id == message.conversation_id,
        Message.text == message.text,
    )
    bubbles = select(Message.provider_id).where(*same)
    attempts = select(SendAttempt.provider_id).join(Message).where(*same)
    return frozenset(id for id in db.session.scalars(bubbles.union(attempts)) if id)
