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
    options: Options
    store: Store
    scheduler: Scheduler
    weather: Weather

    def now(self) -> int:
        """Milliseconds since 1970."""
        return int(self.options.clock() * 1000)

    def later(self, seconds: float, step: str, **what: Any) -> None:
        self.scheduler.later(seconds / self.options.speed, step, what)


def here() -> Box:
    """The box of the request that is being answered."""
    return cast(Box, current_app.extensions["sandbox_box"])
