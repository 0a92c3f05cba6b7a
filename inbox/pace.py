"""How fast a line may send: so many a minute, evenly, with a few at once after a quiet while.

`next_at` is where an even pace has got to; it runs ahead of the clock by what was sent at once.
"""

import math
from datetime import datetime, timedelta

BURST = 3


def slots(next_at: datetime | None, at: datetime, per_minute: float) -> int:
    """How many messages may leave at `at`."""
    return BURST - math.ceil(_ahead(next_at, at, per_minute) / _step(per_minute))


def spent(next_at: datetime | None, at: datetime, per_minute: float, count: int) -> datetime:
    """`next_at` after `count` messages left at `at`."""
    return at + _ahead(next_at, at, per_minute) + count * _step(per_minute)


def free_at(next_at: datetime | None, at: datetime, per_minute: float) -> datetime:
    """When the next message may leave, not before `at`."""
    return at + max(_ahead(next_at, at, per_minute) - (BURST - 1) * _step(per_minute), timedelta())


def _step(per_minute: float) -> timedelta:
    return timedelta(minutes=1 / per_minute)


def _ahead(next_at: datetime | None, at: datetime, per_minute: float) -> timedelta:
    """No further than a full burst: a clock that was set back must not stop the line."""
    ahead = max(next_at - at, timedelta()) if next_at else timedelta()
    return min(ahead, BURST * _step(per_minute))
