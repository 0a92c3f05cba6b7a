"""The weather: switches that strike by chance or a number of times, the same ones for one seed.

Each switch has a stream of its own out of the seed, and draws for every request that it could
strike, whatever else strikes it: its n-th draw is always about the n-th such request, and setting
one switch changes nothing about the others.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from random import Random
from typing import Any

from inbox.sandbox.switches import Kind, Switch


@dataclass(frozen=True)
class Stroke:
    """What struck, in which form, and with what chance from 0 to 1 to make more of."""

    name: str
    kind: Kind
    form: str
    chance: float

    @property
    def seconds(self) -> float:
        return float(self.form)


@dataclass
class Set:
    """A switch at work."""

    switch: Switch
    stream: Random
    left: int | None = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.switch.count

    def draw(self) -> Stroke | None:
        luck, chance = self.stream.random(), self.stream.random()
        if self.left == 0 or luck >= self.switch.rate:
            return None
        kind = self.switch.kind
        drawn = kind.forms[int(chance * len(kind.forms))] if kind.forms else str(kind.seconds or "")
        return Stroke(self.switch.name, kind, self.switch.form or drawn, chance)


class Weather:
    """Of several switches that would strike one request, the one that was set first does."""

    def __init__(self, switches: Iterable[Any] = (), seed: int = 0) -> None:
        self._turn = threading.Lock()
        self._release = threading.Event()
        self._set: dict[str, Set] = {}
        self.struck: Counter[str] = Counter()
        self.seed = seed
        self.change(switches, seed)

    def change(self, switches: Iterable[Any], seed: int) -> None:
        """Replace all switches (see `Switch.read`) and begin the draws of `seed` anew. Raises
        ValueError in a sentence."""
        read = [Switch.read(given) for given in switches]
        names = [switch.name for switch in read]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice} is set twice.")
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise ValueError("The seed must be a whole number.")
        with self._turn:
            self.seed = seed
            self._set = {switch.name: self._fresh(switch) for switch in read}

    def put(self, given: Any) -> None:
        """Set one switch and leave the others as they are. Raises ValueError in a sentence."""
        switch = Switch.read(given)
        with self._turn:
            self._set[switch.name] = self._fresh(switch)

    def take(self, name: str) -> None:
        with self._turn:
            self._set.pop(name, None)

    def calm(self) -> None:
        """No switch is set, nothing has been counted, nobody is kept waiting."""
        with self._turn:
            self._set = {}
            self.struck = Counter()
        self.release()

    def meet(self, *, send: bool) -> Stroke | None:
        """What strikes the request that has come."""
        with self._turn:
            drawn = [
                (one, one.draw())
                for one in self._set.values()
                if one.switch.kind.strikes == "request" and (send or one.switch.everywhere)
            ]
            return next((self._count(one, stroke) for one, stroke in drawn if stroke), None)

    def strike(self, name: str) -> Stroke | None:
        """Whether this switch strikes the event, delivery or acceptance that is at hand."""
        with self._turn:
            one = self._set.get(name)
            stroke = one.draw() if one else None
            return self._count(one, stroke) if one and stroke else None

    def hold(self, seconds: float) -> None:
        """Wait, until the weather changes to calm at most."""
        self._release.wait(seconds)

    def release(self) -> None:
        held, self._release = self._release, threading.Event()
        held.set()

    def shown(self) -> dict[str, Any]:
        """The seed, the switches with what is `left` of their counts, and what has `struck`."""
        with self._turn:
            switches = [{**asdict(one.switch), "left": one.left} for one in self._set.values()]
            return {"seed": self.seed, "switches": switches, "struck": dict(self.struck)}

    def _fresh(self, switch: Switch) -> Set:
        return Set(switch, Random(f"{self.seed}/{switch.name}"))  # noqa: S311

    def _count(self, one: Set, stroke: Stroke) -> Stroke:
        if one.left is not None:
            one.left -= 1
        self.struck[stroke.name] += 1
        return stroke
