"""Hanging up on a client in the middle of a request: closed politely, or reset."""

import contextlib
import socket
import struct
from collections.abc import Iterable
from typing import Any

from flask import Flask, Response, request

GATEWAY = "<html><body><h1>502 Bad Gateway</h1></body></html>"
CUT = "sandbox.cut"
AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing sends a reset and throws away what is left


def drop() -> Response:
    """Close the connection without an answer. Where the server does not let us, the answer is the
    page of a proxy, the next worst thing."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        request.environ[CUT] = True
    return Response(GATEWAY, 502, mimetype="text/html")


def reset() -> Response:
    """As `drop`, but the client sees ECONNRESET."""
    connection = request.environ.get("werkzeug.socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            # Only our own side of it: the server reads no further, and nothing polite is sent.
            connection.shutdown(socket.SHUT_RD)
            connection.close()
        request.environ[CUT] = True
    return Response(GATEWAY, 502, mimetype="text/html")


def register(app: Flask) -> None:
    inner = app.wsgi_app

    def cutting(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        answer = inner(environ, start_response)
        if environ.get(CUT):
            # What werkzeug takes for a client that went away: it writes nothing more.
            raise ConnectionResetError
        return answer

    app.wsgi_app = cutting  # type: ignore[method-assign]
