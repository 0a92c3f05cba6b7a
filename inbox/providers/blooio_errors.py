"""Blooio's refusals in our words: every status, every shape of body, nothing that leaks."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from inbox.errors import LONGEST_PAUSE, ProviderError
from inbox.providers import wire
from inbox.providers.transport import Reply

LONGEST_TEXT = 200
NO_TEXT = {"ApiError", "string", ""}  # what stands in `error` when nothing was said
COMMON = {"error", "message", "status", "code"}

Said = tuple[str | None, str, dict[str, Any]]  # code, message, details


def failure(reply: Reply, key: str) -> ProviderError:
    """What an answer other than 2xx means. `key` is cut out of whatever they wrote."""
    answer = wire.an_object(reply.body)
    code, message, details = _said(answer) if answer is not None else (None, _plain(reply.body), {})
    return ProviderError(
        kind(reply.status, code),
        safe(message, key),
        code=code and safe(code, key),
        status=reply.status,
        retry_after=retry_after(reply.headers.get("Retry-After")),
        details=_scrubbed(details, key),
    )


def kind(status: int, code: str | None) -> str:
    """Our word for a status; see ProviderError."""
    if 300 <= status < 400:
        return "redirected"
    if status == 429:
        return "limited" if code else "throttled"
    if status in (408, 502, 504) or status < 300:
        return "unknown"
    if status >= 500 and status != 501 or status == 425:
        return "unavailable"
    return {401: "unauthorized", 409: "duplicate"}.get(status, "refused")


def retry_after(header: str | None) -> float | None:
    """Seconds to wait, from whole seconds or an HTTP date, LONGEST_PAUSE at most; None from
    anything else."""
    header = (header or "").strip()
    if re.fullmatch(r"[0-9]{1,12}", header):
        return min(float(header), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(header)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        seconds = (moment - datetime.now(UTC)).total_seconds()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return min(seconds, LONGEST_PAUSE) if seconds >= 0 else None


def safe(message: str | None, key: str) -> str:
    """Their words as logs may carry them: short, without our key, addresses masked."""
    message = " ".join((message or "").split())
    message = message.replace(key, "***") if key else message
    message = re.sub(r"\S+@\S+", "…", message)
    message = re.sub(r"\+?\d[\d ().-]{5,}\d\d", lambda found: f"…{found[0][-2:]}", message)
    return message[:LONGEST_TEXT]


def _said(answer: Mapping[str, Any]) -> Said:
    error = answer.get("error")
    if isinstance(error, dict):  # the shape of v4
        code, message = wire.name(error.get("code")), wire.name(error.get("message"))
        details = {**_rest(answer), **wire.mapping(error.get("details"))}
        return code, message or "", details
    said = wire.name(answer.get("message")) or wire.name(error) or ""
    return wire.name(answer.get("code")), "" if said in NO_TEXT else said, _rest(answer)


def _rest(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in answer.items() if name not in COMMON}


def _scrubbed(details: Mapping[str, Any], key: str) -> dict[str, Any]:
    """The plain values only, without our key."""
    kept = {n: v for n, v in details.items() if isinstance(v, str | int | float | bool | None)}
    if not key:
        return kept
    return {n: v.replace(key, "***") if isinstance(v, str) else v for n, v in kept.items()}


def _plain(body: bytes) -> str:
    """The words of an HTML page or of plain text."""
    page = body[:16_384].decode("utf-8", "replace")
    page = re.sub(r"(?is)<(script|style)\b.*?(</\1>|$)", " ", page)
    return re.sub(r"<[^>]*>", " ", page)
