"""The two ways things go wrong that are not bugs."""

from collections.abc import Mapping
from typing import Any

# Seconds that a line rests at most when its provider asks it to slow down.
LONGEST_PAUSE = 900.0


class Refused(Exception):
    """A rule said no. The message is a sentence to show to the person who asked."""


class Overtaken(Refused):
    """Somebody wrote while this was being written: 409, and what was typed stays."""


class ProviderError(Exception):
    """The provider did not take it, or we cannot know whether it did.

    `kind` says what to do next, in our words:

    - ``unreachable``: no connection was made; nothing was sent.
    - ``unknown``: the request left, no usable answer came (timeout, reset, 502, 504, a 2xx that
      cannot be read). It may have been taken.
    - ``refused``: a definite no (400, 402, 403, 404, 410, 501).
    - ``unauthorized``: 401; the key is wrong, every request will fail.
    - ``duplicate``: 409; on a send, the key is already known.
    - ``limited``: 429 with a code: a quota or a conversation limit that does not pass in seconds.
    - ``throttled``: 429 without a code: slow down.
    - ``unavailable``: 500, 503 and other 5xx: definitely worth another try with the same key.
    - ``redirected``: 3xx, never followed.

    `code` is the provider's machine code when it gave one, `status` the HTTP status when there was
    an answer, `retry_after` seconds to wait (LONGEST_PAUSE at most) or None, `details` the fields
    beside the code (cap, current, plan_id, ...). The text never contains a key.
    """

    def __init__(
        self,
        kind: str,
        message: str = "",
        *,
        code: str | None = None,
        status: int | None = None,
        retry_after: float | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message or code or kind)
        self.kind = kind
        self.message = message
        self.code = code
        self.status = status
        self.retry_after = retry_after
        self.details = dict(details or {})
