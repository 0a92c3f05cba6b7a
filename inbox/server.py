"""The HTTP server: gevent's, on our own listener, with limits on what a stranger can hold.

It hands the live pages their connection as `inbox.connection` in the environment.
"""

import socket
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO
from time import monotonic
from typing import Any

import gevent  # type: ignore[import-untyped]
import structlog
from flask import Flask
from gevent import pywsgi
from gevent import socket as green
from gevent.event import Event  # type: ignore[import-untyped]
from gevent.hub import Hub  # type: ignore[import-untyped]
from gevent.pool import Pool  # type: ignore[import-untyped]

from inbox import live

BACKLOG = 1024
CONNECTIONS = 10_000
IDLE = 75
"""Seconds a connection may wait for its (next) request line."""
HEAD_TIME, HEAD_SIZE = 15, 32 * 1024
BODY_TIME, BODY_RATE = 30, 8 * 1024
"""A body may take this many seconds, and one more for each so many bytes."""
REST_SIZE, LINGER = 64 * 1024, 2
"""What of an unread body is still taken to keep the connection, and how long to get an answer
through to somebody who goes on sending."""
STOP = 10


def serve(app: Flask, host: str, port: int, *, log: Any = None) -> "Server":
    """Start serving `app`; port 0 takes a free one (see `Server.port`)."""
    server = Server(_listen(host, port), app, log=log or structlog.get_logger(__name__))
    server.start()
    return server


def tell_uncaught(told: Callable[..., None]) -> None:
    """Have what no greenlet catches told, as (type, error, traceback), instead of printed."""
    Hub.print_exception = lambda hub, context, *error: told(*error)


class Server(pywsgi.WSGIServer):  # type: ignore[misc]
    """Started by `serve`; ends with `stop`, which may be called from a signal handler."""

    def __init__(self, listener: Any, app: Flask, *, log: Any) -> None:
        environ = {"SERVER_NAME": listener.getsockname()[0]}  # else it is looked up in the DNS
        super().__init__(
            listener,
            app,
            spawn=Pool(CONNECTIONS),
            log=None,
            handler_class=Handler,
            environ=environ,
        )
        self.events = log
        self.idle: set[Handler] = set()
        self.stopping = False
        self.stopped = Event()

    @property
    def port(self) -> int:
        """Where it really listens."""
        return int(self.address[1])

    def serve_forever(self, stop_timeout: float | None = None) -> None:
        """Until somebody called `stop` and that is done."""
        self.stopped.wait()

    def stop(self, timeout: float | None = STOP) -> None:
        """Take no more requests, let those under way finish, close the rest after `timeout`."""
        self.stopping = True
        self.close()
        live.hang_up()
        for handler in list(self.idle):
            handler.hang_up()
        super().stop(timeout)
        self.stopped.set()


class Body(pywsgi.Input):  # type: ignore[misc]
    """What was posted: it has to come at a fair pace, and is not read on after the answer."""

    __slots__ = ("broken", "close", "deadline")

    def __init__(self, body: pywsgi.Input, close: Callable[[], None]) -> None:
        super().__init__(body.rfile, body.content_length, body.socket, body.chunked_input)
        self.close = close
        self.deadline = 0.0
        self.broken = False

    def read(self, length: int | None = None) -> bytes:
        return self._read_in_time(super().read, length)

    def readline(self, size: int | None = None) -> bytes:
        return self._read_in_time(super().readline, size)

    def _read_in_time(self, read: Callable[[int | None], bytes], length: int | None) -> bytes:
        try:
            with self._patience(length):
                return read(length)
        except OSError:
            self.broken = True
            raise

    def _patience(self, length: int | None) -> gevent.Timeout:
        now = monotonic()
        self.deadline = self.deadline or now + BODY_TIME
        wanted = length if length and length > 0 else self.content_length or 0
        self.deadline += wanted / BODY_RATE
        return gevent.Timeout(max(self.deadline - now, 0.001), TimeoutError("The body is slow."))

    def _discard(self) -> None:
        """After the answer. Reading an endless rest, as the parent would, never ends."""
        with suppress(OSError):
            if not self.broken and self._skip():
                return
        self.close()

    def _skip(self) -> bool:
        """Whether the rest was short enough to keep the connection in step."""
        if self.chunked_input:
            return self.chunk_length == 0 or (not self._waits() and not self._more(REST_SIZE))
        left = (self.content_length or 0) - self.position
        return left == 0 or (not self._waits() and left <= REST_SIZE and not self._more(left))

    def _more(self, size: int) -> bool:
        """Whether something is left after `size` more bytes."""
        self.read(size)
        return self.chunk_length != 0 if self.chunked_input else False

    def _waits(self) -> bool:
        """Whether the client still waits to be told to send its body at all."""
        return self.socket is not None and self.send_100_continue_enabled


class Handler(pywsgi.WSGIHandler):  # type: ignore[misc]
    """One connection."""

    def hang_up(self) -> None:
        """End it as if the client had left."""
        with suppress(OSError, AttributeError):
            self.socket.shutdown(socket.SHUT_RDWR)

    def read_requestline(self) -> str:
        if self.server.stopping:
            return ""
        self.server.idle.add(self)
        try:
            with gevent.Timeout(IDLE, TimeoutError("No request came.")):
                return str(super().read_requestline())
        finally:
            self.server.idle.discard(self)

    def read_request(self, raw_requestline: str) -> bool:
        with gevent.Timeout(HEAD_TIME, TimeoutError("The request head is slow.")):
            return bool(super().read_request(raw_requestline))

    def MessageClass(self, rfile: Any, *args: Any) -> Any:
        if self.request_version == "HTTP/0.9":
            raise ValueError("That was HTTP/0.9.")
        headers = pywsgi.headers_factory(BytesIO(_read_head(rfile)))
        if not _unambiguous(headers):
            raise ValueError("The request cannot be understood in one way only.")
        return headers

    def get_environ(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environ()
        body = Body(self.wsgi_input, self._linger)
        self.wsgi_input: Any = body
        environ.update({"wsgi.input": body, "wsgi.input_terminated": True})
        environ["inbox.connection"] = (self.socket, self.rfile)
        if "HTTP_UPGRADE" in environ:
            self.close_connection = True
        return environ

    def log_error(self, msg: str, *args: Any) -> None:
        self.server.events.info("server.bad_request")

    def _log_error(self, t: Any, v: Any, tb: Any) -> None:
        if not issubclass(t, gevent.GreenletExit):
            self.server.events.error("server.request_failed", exc_info=(t, v, tb))

    def _handle_client_error(self, ex: Exception) -> tuple[str, bytes]:
        """The parent would write what the client sent to the log."""
        self.server.events.info("server.bad_request", error=type(ex).__name__)
        status = _STATUS.get(type(ex), "400 Bad Request")
        answer = f"HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
        return status[:3], answer.encode()

    def _linger(self) -> None:
        """Close so that the answer arrives: a reset for what was not read would overtake it."""
        self.close_connection = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
            with gevent.Timeout(LINGER, False):
                while self.socket.recv(REST_SIZE):
                    gevent.sleep(0)


class TooLarge(ValueError):
    """More head than anybody needs."""


_STATUS = {TimeoutError: "408 Request Timeout", TooLarge: "431 Request Header Fields Too Large"}


def _listen(host: str, port: int) -> Any:
    """Accepted connections inherit the options; without TCP_NODELAY an answer waits 40 ms."""
    family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    listener = green.socket(family, kind)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    listener.bind(address)
    listener.listen(BACKLOG)
    return listener


def _read_head(rfile: Any) -> bytes:
    head = b""
    while True:
        line: bytes = rfile.readline(HEAD_SIZE)
        head += line
        if len(head) >= HEAD_SIZE:
            raise TooLarge("The request head is too large.")
        if not line:
            raise ValueError("The request head breaks off.")
        if line in (b"\r\n", b"\n"):
            return head


def _unambiguous(headers: Any) -> bool:
    """Whether a proxy before us must have seen the same end of this request as we do."""
    lengths = headers.get_all("content-length", [])
    codings = headers.get_all("transfer-encoding", [])
    if headers.defects or len(lengths) + len(codings) > 1:
        return False
    plain = all(one.isascii() and one.isdigit() for one in lengths)
    return plain and all(one.lower() == "chunked" for one in codings)
