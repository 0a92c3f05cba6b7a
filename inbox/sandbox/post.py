"""One POST to a receiver, and what came of it."""

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

BIGGEST = 64 * 1024


@dataclass(frozen=True)
class Outcome:
    """`status` is None when no answer came; then `error` says why in the name of the exception."""

    duration_ms: int
    status: int | None = None
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    error: str | None = None

    @property
    def good(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def post(url: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Outcome:
    """Redirects are not followed. Raises nothing."""
    started = time.monotonic()
    try:
        status, answer, found = _exchange(url, body, headers, timeout)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Outcome(_since(started), error=type(error).__name__)
    return Outcome(_since(started), status, answer, found)


def _exchange(
    url: str, body: bytes, headers: Mapping[str, str], timeout: float
) -> tuple[int, bytes, Mapping[str, str]]:
    split = urlsplit(url)
    secure = split.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connect(split.hostname or "", split.port, timeout=timeout)
    try:
        target = split.path or "/"
        target += f"?{split.query}" if split.query else ""
        connection.request("POST", target, body, {**headers, "Connection": "close"})
        with connection.getresponse() as response:
            return response.status, response.read(BIGGEST), dict(response.getheaders())
    finally:
        connection.close()


def _since(started: float) -> int:
    return int((time.monotonic() - started) * 1000)
