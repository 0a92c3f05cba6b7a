"""What a try means for a message that may have left before: the send table, seen from the doubt.

Each row says where the message stood, who answered, the list or the sending, and what follows. As
in the send table, a product that would judge any row otherwise is caught.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from inbox import settling
from inbox.errors import ProviderError
from inbox.parcels import Outcome, Parcel
from inbox.providers.blooio_types import Accepted
from inbox.verdicts import Verdict

AT = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOON, NEVER = (0.5, 30.0), None
AT_ONCE, HOUR = (0, 0), (3600, 3600)

# Where a message stands: (unknown before, in doubt since, the person wants no more).
STANDS = {
    "first": (False, None, False),
    "unknown": (True, timedelta(minutes=2), False),
    "doubted": (False, timedelta(minutes=2), False),
    "old": (True, timedelta(hours=24), False),
    "opted out": (True, timedelta(minutes=2), True),
}
KINDS = {
    "silence": ProviderError("unknown", status=504),
    "trouble": ProviderError("unavailable", status=503),
    "no connection": ProviderError("unreachable"),
    "refusal": ProviderError("refused", "No.", status=403),
    "redirect": ProviderError("redirected", status=302),
    "wrong key": ProviderError("unauthorized", status=401),
    "slow down": ProviderError("throttled", status=429, retry_after=9),
    "chat limit": ProviderError("limited", code="conversation_awaiting_reply", status=429),
    "quota": ProviderError("limited", code="outbound_limit_reached", status=429),
    "known key": ProviderError("duplicate", status=409),
    "not listed": None,
    "taken": Accepted(("msg_1",), "queued", False),
    "taken and failed": Accepted(("msg_1",), "failed", False, error="No device"),
}


@dataclass(frozen=True)
class Row:
    stands: str
    asked: bool
    answer: str
    outcome: str
    again: tuple[float, float] | None = NEVER
    words: str = ""

    def __str__(self) -> str:
        return f"{self.stands}, {'list' if self.asked else 'sending'}: {self.answer}"


CHECKED = "Whether it left is being checked"
DOWN = "Blooio is in trouble"
GONE = "Blooio cannot be reached"
SLOW = "slow down"
KEY = "API key"
CHAT = "after the person has answered"
QUOTA = "writing to new people"

TABLE = [
    # A try of something that had not left.
    Row("first", False, "silence", "unknown", SOON, CHECKED),
    Row("first", False, "trouble", "queued", SOON, DOWN),
    Row("first", False, "no connection", "queued", SOON, GONE),
    Row("first", False, "refusal", "failed", NEVER, "No."),
    Row("first", False, "redirect", "failed", NEVER, "refused this message"),
    Row("first", False, "wrong key", "queued", AT_ONCE, KEY),
    Row("first", False, "slow down", "queued", (9, 9), SLOW),
    Row("first", False, "chat limit", "held", NEVER, CHAT),
    Row("first", False, "quota", "held", HOUR, QUOTA),
    Row("first", False, "taken", "accepted"),
    Row("first", False, "taken and failed", "failed", NEVER, "No device"),
    # What nobody could tell stays untold, whatever keeps the next try from leaving.
    Row("unknown", False, "silence", "unknown", SOON, CHECKED),
    Row("unknown", False, "trouble", "unknown", SOON, DOWN),
    Row("unknown", False, "no connection", "unknown", SOON, GONE),
    Row("unknown", False, "wrong key", "unknown", AT_ONCE, KEY),
    Row("unknown", False, "slow down", "unknown", (9, 9), SLOW),
    Row("unknown", False, "chat limit", "unknown", SOON, CHAT),
    Row("unknown", False, "quota", "unknown", HOUR, QUOTA),
    # Refused, and the list was asked and does not know it: a definite no.
    Row("unknown", False, "refusal", "failed", NEVER, "No."),
    Row("unknown", False, "taken", "accepted"),
    Row("unknown", False, "taken and failed", "failed", NEVER, "No device"),
    # The list: what it knows counts, and its own troubles say nothing of the message.
    Row("unknown", True, "taken", "accepted"),
    Row("unknown", True, "taken and failed", "failed", NEVER, "No device"),
    Row("unknown", True, "silence", "unknown", SOON, CHECKED),
    Row("unknown", True, "trouble", "unknown", SOON, DOWN),
    Row("unknown", True, "no connection", "unknown", SOON, GONE),
    Row("unknown", True, "refusal", "unknown", SOON),
    Row("unknown", True, "redirect", "unknown", SOON),
    Row("unknown", True, "known key", "unknown", SOON),
    Row("unknown", True, "wrong key", "unknown", AT_ONCE, KEY),
    Row("unknown", True, "slow down", "unknown", (9, 9), SLOW),
    Row("unknown", True, "chat limit", "unknown", SOON, CHAT),
    # Queued after a 503 or by a person's hand, and perhaps gone all the same.
    Row("doubted", True, "taken", "accepted"),
    Row("doubted", True, "silence", "unknown", SOON, CHECKED),
    Row("doubted", True, "trouble", "queued", SOON, DOWN),
    Row("doubted", True, "refusal", "unknown", SOON),
    Row("doubted", True, "known key", "unknown", SOON),
    Row("doubted", True, "chat limit", "unknown", SOON, CHAT),
    Row("doubted", True, "quota", "unknown", SOON, QUOTA),
    Row("doubted", False, "silence", "unknown", SOON, CHECKED),
    Row("doubted", False, "trouble", "queued", SOON, DOWN),
    Row("doubted", False, "chat limit", "held", NEVER, CHAT),
    Row("doubted", False, "refusal", "failed", NEVER, "No."),
    Row("doubted", False, "taken", "accepted"),
    # The key may be forgotten, or the person wants no more: only the list can tell, or a person.
    Row("old", True, "not listed", "unknown", NEVER, "does not list it"),
    Row("old", True, "taken", "accepted"),
    Row("old", True, "refusal", "unknown", NEVER, "does not say whether it left"),
    Row("old", True, "redirect", "unknown", NEVER, "does not say whether it left"),
    Row("old", True, "trouble", "unknown", SOON, DOWN),
    Row("old", True, "no connection", "unknown", SOON, GONE),
    Row("old", True, "silence", "unknown", SOON, CHECKED),
    Row("old", True, "wrong key", "unknown", AT_ONCE, KEY),
    Row("old", True, "slow down", "unknown", (9, 9), SLOW),
    Row("opted out", True, "not listed", "unknown", NEVER, "does not list it"),
    Row("opted out", True, "taken", "accepted"),
    Row("opted out", True, "refusal", "unknown", NEVER, "does not say whether it left"),
    Row("opted out", True, "trouble", "unknown", SOON, DOWN),
]
FAULTS = ("silence", "trouble", "no connection")


def outcome_of(row: Row) -> Outcome:
    unknown, since, opted_out = STANDS[row.stands]
    parcel = Parcel(
        message_id=1,
        lease="lease",
        base_url="http://127.0.0.1:9",
        api_key="bl_test_key",
        number=None,
        chat_key="+14155550132",
        text="Hello",
        key="key",
        attempts=1 if row.stands == "first" else 3,
        unknown=unknown,
        doubted_at=AT - since if since else None,
        only_ask=opted_out,
        known=frozenset(),
        first_tried_at=AT - (since or timedelta()),
        tried_at=AT,
    )
    return Outcome(parcel, KINDS[row.answer], row.asked, 0.1)


def check(row: Row) -> None:
    """Every cell of the row."""
    verdict = settling.judge(outcome_of(row), AT)
    assert verdict.outcome == row.outcome
    assert row.words in (verdict.problem or "")
    assert bool(verdict.problem) == (row.outcome != "accepted")
    assert verdict.provider_ids == (("msg_1",) if row.answer.startswith("taken") else ())
    assert verdict.fault == (row.answer in FAULTS)
    assert verdict.left == (row.answer in ("silence", "trouble"))
    assert bool(verdict.stop) == (row.answer == "wrong key")
    assert verdict.pause == (9 if row.answer == "slow down" else 0)
    assert bool(verdict.new_people_until) == (row.answer == "quota")
    assert (verdict.again_at is None) == (row.again is None)
    if row.again and verdict.again_at:
        assert row.again[0] <= (verdict.again_at - AT).total_seconds() <= row.again[1]


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_each_row_is_judged_so(row):
    check(row)


def others(verdict: Verdict) -> Iterator[dict[str, Any]]:
    """Cells that the verdict does not have."""
    for outcome in ("accepted", "failed", "queued", "unknown", "held"):
        if outcome != verdict.outcome:
            yield {"outcome": outcome}
    yield {"problem": None if verdict.problem else "Something."}
    yield {"again_at": None if verdict.again_at else AT}
    yield {"again_at": AT + timedelta(days=2)}
    yield {"again_at": AT - timedelta(seconds=1)}
    yield {"fault": not verdict.fault}
    yield {"left": not verdict.left}
    yield {"stop": None if verdict.stop else "The API key."}
    yield {"pause": verdict.pause + 60}
    yield {"new_people_until": None if verdict.new_people_until else AT}
    yield {"provider_ids": () if verdict.provider_ids else ("msg_2",)}


@pytest.mark.parametrize("row", TABLE, ids=str)
def test_a_product_that_judged_this_row_otherwise_would_be_caught(row, monkeypatch):
    real = settling.judge
    for cells in others(real(outcome_of(row), AT)):
        with monkeypatch.context() as patch:
            patch.setattr(settling, "judge", lambda *given, put=cells: replace(real(*given), **put))
            with pytest.raises(AssertionError):
                check(row)


def test_no_row_stands_twice():
    assert len({str(row) for row in TABLE}) == len(TABLE)
