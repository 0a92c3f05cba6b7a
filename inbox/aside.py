"""Work that waits outside Python, done beside the loop: else every request of the process waits."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar

import gevent  # type: ignore[import-untyped]
from gevent import monkey

Given = ParamSpec("Given")
Result = TypeVar("Result")


def aside(function: Callable[Given, Result], *args: Given.args, **kwargs: Given.kwargs) -> Result:
    """What `function` returns or raises, while the others of this process go on."""
    if not monkey.is_module_patched("threading"):
        return function(*args, **kwargs)
    result: Result = gevent.get_hub().threadpool.apply(function, args, kwargs)
    return result
