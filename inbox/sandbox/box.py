"""What every part of the sandbox is handed: the switches, the memory and the clock."""

from dataclasses import dataclass
from typing import Any, cast

from flask import current_app

from inbox.sandbox.options import Options
from inbox.sandbox.scheduler import Scheduler
from inbox.sandbox.store import Store
from inbox.sandbox.weather import Weather


@dataclass
class Box:
    """`files`: where its own files lie, once it is served."""

    options: Options
    store: Store
    scheduler: Scheduler
    weather: Weather
    files: str | None = None

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self.options.clock() * 1000)

    def later(self, seconds: float, step: str, **what: Any) -> None:
        self.scheduler.later(seconds / self.options.speed, step, what)

    def addresses(self, names: tuple[str, ...]) -> list[str]:
        """Of these files of its own; none when nobody could fetch them."""
        return [f"{self.files}/{name}" for name in names] if self.files else []


def here() -> Box:
    """The box of the request that is being answered."""
    return cast(Box, current_app.extensions["sandbox_box"])
