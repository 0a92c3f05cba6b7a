"""Reading what was posted, without ever holding more of it than is allowed."""

from flask import Request
from werkzeug.exceptions import ClientDisconnected, RequestTimeout

PIECE = 64 * 1024


def read_limited(request: Request, limit: int) -> bytes | None:
    """The whole body, or None when it is longer than `limit` bytes, declared or not.

    Raises RequestTimeout (408) for one that does not come, ClientDisconnected (400) for one that
    breaks off or is not chunked as it says.
    """
    if (request.content_length or 0) > limit:
        return None
    try:
        return _read(request, limit)
    except TimeoutError:
        raise RequestTimeout from None
    except OSError:
        raise ClientDisconnected from None


def _read(request: Request, limit: int) -> bytes | None:
    body = bytearray()
    while len(body) <= limit:
        piece = request.stream.read(min(PIECE, limit + 1 - len(body)))
        if not piece:
            return bytes(body)
        body += piece
    return None
