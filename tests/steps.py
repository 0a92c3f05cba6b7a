"""What the stateful models share: one rule that picks among everything that can happen now."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from hypothesis.strategies import SearchStrategy


def step(
    may_happen: Callable[[Any], object], *, weight: int = 1, **given: SearchStrategy[Any]
) -> Any:
    """Marks something that can happen when `may_happen`, with values for its arguments; `weight`:
    how much more often than others."""

    def marked(verb: Callable[..., None]) -> Callable[..., None]:
        verb.may_happen, verb.weight, verb.given = may_happen, weight, given  # type: ignore
        return verb

    return marked


class Steps(RuleBasedStateMachine):
    """Its `step`s are not rules of their own: hypothesis leaves half of the rules out of each run,
    and without somebody who writes or something that is sent nothing else can happen."""

    def __init_subclass__(cls) -> None:
        named = [name for name in dir(cls) if hasattr(getattr(cls, name), "may_happen")]
        cls.steps = {name: getattr(cls, name) for name in named}

    @rule(data=st.data())
    def something_happens(self, data: st.DataObject) -> None:
        able = [(name, verb.weight) for name, verb in self.steps.items() if verb.may_happen(self)]
        possible = [name for name, weight in able for _ in range(weight)]
        name = data.draw(st.sampled_from(possible), "what")
        given = {word: data.draw(one, word) for word, one in self.steps[name].given.items()}
        self.steps[name](self, **given)


def held(model: type[Steps], *, runs: int, steps: int) -> None:
    """Whether the model and the product agree, in so many runs of so many steps."""
    how = settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(model, settings=how)
