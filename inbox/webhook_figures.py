"""How many events came, and what became of them: today and over the month that is kept, in UTC."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select

from inbox import refusals
from inbox.db import db, now
from inbox.lines import Line
from inbox.webhook_events import KEPT, STATES, WebhookEvent

PERIODS = ("today", "month")


@dataclass(frozen=True)
class Figure:
    """How many today, and in the whole month."""

    today: int
    month: int

    def __add__(self, other: "Figure") -> "Figure":
        return Figure(self.today + other.today, self.month + other.month)


NONE = Figure(0, 0)


@dataclass(frozen=True)
class Figures:
    """Of one line, or of all when `line` is None. `states` has every one of STATES."""

    line: Line | None
    states: dict[str, Figure]
    refused: Figure

    @property
    def received(self) -> Figure:
        return sum(self.states.values(), NONE)


def since(period: str | None) -> datetime | None:
    """The beginning of a period; of anything else, none."""
    midnight = now().replace(hour=0, minute=0, second=0, microsecond=0)
    begins = {"today": midnight, "month": midnight - KEPT + timedelta(days=1)}
    return begins.get(period or "")


def of(lines: Iterable[Line]) -> list[Figures]:
    """Of all together, then of each of these lines. What was refused on no line is in the first."""
    counted = _counted()
    each = [Figures(line, _states(counted, [line.id]), _refused(line.key)) for line in lines]
    everything = Figures(None, _states(counted, {id for id, _ in counted}), _refused(None))
    return [everything, *each]


def _counted() -> dict[tuple[int, str], Figure]:
    today, month = since("today"), since("month")
    at = WebhookEvent.received_at
    query = (
        select(
            WebhookEvent.line_id,
            WebhookEvent.state,
            func.sum(case((at >= today, 1), else_=0)),
            func.count(),
        )
        .where(at >= month)
        .group_by(WebhookEvent.line_id, WebhookEvent.state)
    )
    rows = db.session.execute(query)
    return {(line_id, state): Figure(int(day), int(all_)) for line_id, state, day, all_ in rows}


def _states(counted: dict[tuple[int, str], Figure], line_ids: Iterable[int]) -> dict[str, Figure]:
    ids = list(line_ids)
    return {state: sum((counted.get((id, state), NONE) for id in ids), NONE) for state in STATES}


def _refused(line_key: str | None) -> Figure:
    today, month = (refusals.count(begin, line_key) for begin in map(since, PERIODS) if begin)
    return Figure(today, month)
