"""One browser's WebSocket: whole frames in order, or the connection is gone. Never a broken stream.

Runs in the greenlet that serves the request: no reader, no writer of its own while all is well.
"""

from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from socket import SHUT_RDWR, SHUT_WR, SO_LINGER, SO_SNDBUF, SOL_SOCKET
from struct import pack
from typing import Any

import gevent  # type: ignore[import-untyped]
from wsproto.connection import Connection, ConnectionType
from wsproto.events import BytesMessage, CloseConnection, Event, Message, Ping, TextMessage
from wsproto.frame_protocol import CloseReason
from wsproto.utilities import LocalProtocolError, generate_accept_token

BACKLOG = 1024 * 1024
"""Bytes that may wait for one browser before it is cut off; it catches up when it is back."""
STALLED = 60
"""Seconds a browser may take nothing at all while something waits for it."""
FAREWELL = 5
"""Seconds between our wish to close and the other side's answer."""
KERNEL = 128 * 1024
READ = 4096

Environ = dict[str, Any]
Answer = Callable[[str, list[tuple[str, str]]], object]


class Wire:
    """What Engine.IO calls a WebSocket class: made with its handler, then called as WSGI.

    `wires` holds every open wire under its Engine.IO session id.
    """

    def __init__(self, handler: Any, server: Any, *, wires: "dict[str, Wire]") -> None:
        self.handler = handler
        self.limit = server.max_http_buffer_size
        self.session_id: str = handler.__self__.sid
        self.wires = wires
        self.protocol = Connection(ConnectionType.SERVER)
        self.open = False
        self.heard: deque[str | bytes] = deque()
        self.pieces: list[str | bytes] = []
        self.backlog: deque[memoryview] = deque()
        self.waiting = 0
        self.drainer: Any = None
        self.farewell: Any = None

    def __call__(self, environ: Environ, start_response: Answer) -> Iterable[bytes]:
        token = _token(environ)
        if token is None:
            headers = [("Sec-WebSocket-Version", "13"), ("Content-Length", "0")]
            start_response("400 Bad Request", headers)
            return iter(())
        self.stream, self.reader = environ["inbox.connection"]
        self.stream.settimeout(None)
        self.stream.setsockopt(SOL_SOCKET, SO_SNDBUF, KERNEL)
        self.open = True
        self.write(_switch(token))
        self.wires[self.session_id] = self
        try:
            self.handler(self)
        finally:
            self._end()
        return iter(())

    def send(self, message: str | bytes) -> None:
        """Write one message. Raises OSError when the connection is gone."""
        if not self.open:
            raise OSError("The connection is closed.")
        self.write(frame(message))

    def wait(self) -> str | bytes | None:
        """The next message, or None when there will be no more."""
        while not self.heard:
            data = self._read()
            if not data:
                self.open = False
                return None
            self.protocol.receive_data(data)
            if not self._listen():
                return None
        return self.heard.popleft()

    def close(self) -> None:
        """Say goodbye after what is still waiting; the other side has a few seconds to answer."""
        self._close(CloseReason.NORMAL_CLOSURE)

    def write(self, data: bytes) -> None:
        """Send what the kernel takes, keep the rest in order, cut off who lets too much wait."""
        if not self.open:
            return
        if self.backlog:
            if self.waiting + len(data) > BACKLOG:
                self.abort()
                return
            self._keep(memoryview(data))
            return
        try:
            sent = self.stream.send(data, 0, 0.0)
        except BlockingIOError:
            sent = 0
        except OSError:
            self.abort()
            return
        if sent < len(data):
            self._keep(memoryview(data)[sent:])
            self.drainer = gevent.spawn(self._drain)

    def abort(self) -> None:
        """Cut the connection: nothing more is written, not even what the kernel still holds."""
        self.open = False
        self._forget()
        with suppress(OSError):
            self.stream.setsockopt(SOL_SOCKET, SO_LINGER, pack("ii", 1, 0))
        with suppress(OSError):
            self.stream.shutdown(SHUT_RDWR)

    def _keep(self, data: memoryview) -> None:
        self.backlog.append(data)
        self.waiting += len(data)

    def _forget(self) -> None:
        self.backlog.clear()
        self.waiting = 0

    def _drain(self) -> None:
        while self.backlog:
            data = self.backlog[0]
            sent = self._push(data)
            if sent is None:
                self.abort()
            elif self.backlog:
                self._took(data, sent)

    def _push(self, data: memoryview) -> int | None:
        """How much went out once the kernel took something again; None when it is no use."""
        try:
            with gevent.Timeout(STALLED, TimeoutError("The browser takes nothing.")):
                return int(self.stream.send(data))
        except OSError:
            return None

    def _took(self, data: memoryview, sent: int) -> None:
        self.waiting -= sent
        if sent < len(data):
            self.backlog[0] = data[sent:]
        else:
            self.backlog.popleft()

    def _read(self) -> bytes:
        try:
            return bytes(self.reader.read1(READ))
        except (OSError, ValueError):
            return b""

    def _listen(self) -> bool:
        """Whether the conversation goes on after what was just received."""
        return all(self._hear(event) for event in self.protocol.events())

    def _hear(self, event: Event) -> bool:
        if isinstance(event, CloseConnection):
            self._reply(event.response())
            self.open = False
            return False
        if isinstance(event, Ping):
            self._reply(event.response())
        elif isinstance(event, TextMessage | BytesMessage) and self.farewell is None:
            return self._gather(event)
        return True

    def _gather(self, event: Message[Any]) -> bool:
        self.pieces.append(event.data)
        if sum(map(len, self.pieces)) > self.limit:
            self._close(CloseReason.MESSAGE_TOO_BIG)
            return False
        if event.message_finished:
            self.heard.append(type(event.data)().join(self.pieces))
            self.pieces.clear()
        return True

    def _reply(self, event: Event) -> None:
        with suppress(LocalProtocolError):
            self.write(bytes(self.protocol.send(event)))

    def _close(self, reason: CloseReason) -> None:
        if self.open and self.farewell is None:
            self._reply(CloseConnection(reason))
            self.farewell = gevent.spawn_later(FAREWELL, self.abort)

    def _end(self) -> None:
        """Leave nothing behind that could write: the HTTP server would add its own bytes."""
        self.wires.pop(self.session_id, None)
        if self.backlog:
            self.abort()
        self.open = False
        gevent.killall([one for one in (self.drainer, self.farewell) if one], block=False)
        with suppress(OSError):
            self.stream.shutdown(SHUT_WR)


def frame(message: str | bytes) -> bytes:
    """One message as one unmasked frame, as a server sends it."""
    kind, body = (0x81, message.encode()) if isinstance(message, str) else (0x82, message)
    if len(body) < 126:
        return pack("!BB", kind, len(body)) + body
    if len(body) < 65536:
        return pack("!BBH", kind, 126, len(body)) + body
    return pack("!BBQ", kind, 127, len(body)) + body


def _token(environ: Environ) -> bytes | None:
    """The answer to the browser's key, or None when this is no handshake we can answer."""
    key = environ.get("HTTP_SEC_WEBSOCKET_KEY", "").encode("latin-1")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != "13" or len(key) != 24:
        return None
    return generate_accept_token(key)


def _switch(token: bytes) -> bytes:
    """The 101. No extension is ever accepted: compression costs more than it saves here."""
    return (
        b"HTTP/1.1 101 Switching Protocols\r\n"
        b"Upgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + token + b"\r\n\r\n"
    )
