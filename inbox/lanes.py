"""A line's lane: its messages claimed, sent and settled by whoever holds the line's lease.

`sending` is committed before a request leaves, and the lease outlives the longest request, so a
message is never in two hands; what comes back after its lease was lost is thrown away.
"""

import secrets
import threading
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from inbox import deliveries, due, lines, parcels, settling, verdicts
from inbox.db import db, now, reading
from inbox.lines import Line
from inbox.messages import Message
from inbox.parcels import Outcome, Parcel

LEASE = timedelta(seconds=60)
# Seconds: between two looks for more to send, before a lease is renewed, for results to gather,
# and before another line gets this worker.
LOOK, RENEW, TIDY, TURN = 0.1, 20.0, 0.02, 10.0
stopping = threading.Event()


class Lane:
    """One holder's hand on a line. `tired`: its turn was over before the line was empty."""

    def __init__(self, line_id: int) -> None:
        self.line_id = line_id
        self.holder = secrets.token_hex(8)
        self.under_way: set[Future[Outcome]] = set()
        self.room = 0
        self.turn_ends = time.monotonic() + TURN

    @property
    def tired(self) -> bool:
        return time.monotonic() > self.turn_ends or stopping.is_set()

    def take(self) -> bool:
        """Whether the lease is ours now."""
        at = now()
        mine = Line.lease_holder == self.holder
        free = or_(Line.lease_until.is_(None), Line.lease_until < at, mine)
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
                    self.under_way.add(senders.submit(parcels.hand_over, parcel, now()))
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
        most = 1 if line.failures >= verdicts.BREAKER else line.concurrency
        rests = self.tired or line.stopped_reason or line.rests_until
        self.room = 0 if rests else max(most - len(self.under_way), 0)
        found = db.session.scalars(due.now_at(self.line_id, at).limit(self.room)).all()
        claimed = [_parcel(message, line, at) for message in found if _may_go(message)]
        self.room -= len(claimed)
        db.session.commit()
        return claimed

    def next_results(self) -> list[Outcome]:
        """What came back next; nothing when there is more to send meanwhile, or the lease ages."""
        looked = time.monotonic()
        while time.monotonic() - looked < RENEW:
            done, _ = wait(self.under_way, timeout=LOOK, return_when=FIRST_COMPLETED)
            if done:
                done |= wait(self.under_way, timeout=TIDY).done
                self.under_way -= done
                return [future.result() for future in done]
            if self.room and not self.tired and self.any_due():
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


def _may_go(message: Message) -> bool:
    """The last gate: who asked not to be written to is not, whatever was typed before."""
    if message.conversation.opted_out_at is None or message.status == "unknown":
        return True
    deliveries.fail(message, "This person asked not to be messaged, so it was not sent.")
    return False


def _parcel(message: Message, line: Line, at: datetime) -> Parcel:
    doubted = message.status == "unknown"
    message.lease, message.lease_until = secrets.token_hex(8), at + LEASE
    message.attempts += 1
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
        doubted=doubted,
        only_ask=doubted and message.conversation.opted_out_at is not None,
        known=_known(message),
        first_tried_at=message.first_tried_at,
    )


def _known(message: Message) -> frozenset[str]:
    """The provider's ids of the other bubbles that say the same."""
    same = select(Message.provider_id).where(
        Message.conversation_id == message.conversation_id,
        Message.text == message.text,
        Message.provider_id.is_not(None),
    )
    return frozenset(id for id in db.session.scalars(same) if id)
