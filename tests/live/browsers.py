"""A strict little browser: raw sockets, so that every byte on the wire is looked at."""

import base64
import json
import os
import socket
import struct
from typing import Any

HELLO = (
    "GET /socket.io/?EIO=4&transport=websocket{sid} HTTP/1.1\r\n"
    "Host: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{more}\r\n"
)


class Gone(Exception):
    """The connection ended."""


class Browser:
    """A WebSocket that has shaken hands; `connect` says hello in Socket.IO."""

    def __init__(
        self,
        port: int,
        viewer: str = "",
        *,
        origin: str = "",
        more: str = "",
        room: int = 0,
        sid: str = "",
    ) -> None:
        self.socket = socket.socket()
        if room:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, room)
        self.socket.settimeout(5)
        self.socket.connect(("127.0.0.1", port))
        self.buffer = b""
        more += f"Cookie: viewer={viewer}\r\n" if viewer else ""
        more += f"Origin: {origin}\r\n" if origin else ""
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(
            HELLO.format(host=f"127.0.0.1:{port}", key=key, more=more, sid=sid).encode()
        )
        self.head = self._take_until(b"\r\n\r\n").decode()

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    def connect(self) -> "Browser":
        assert self.text().startswith("0{")
        self.say("40")
        assert (answer := self.text()).startswith("40"), answer
        return self

    def say(self, text: str) -> None:
        self.frame(0x81, text.encode())

    def frame(self, first: int, body: bytes) -> None:
        mask = os.urandom(4)
        size = (
            struct.pack("!B", 0x80 | len(body))
            if len(body) < 126
            else struct.pack("!BH", 0x80 | 126, len(body))
            if len(body) < 65536
            else struct.pack("!BQ", 0x80 | 127, len(body))
        )
        masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))
        self.socket.sendall(bytes([first]) + size + mask + masked)

    def receive(self) -> tuple[int, bytes]:
        """One whole frame: its opcode and body. Raises Gone at the end of the connection."""
        first, second = self._take(2)
        assert first & 0xF0 == 0x80 and first & 0x0F in (1, 8, 9, 10), hex(first)
        assert second < 128
        size = second
        if second == 126:
            (size,) = struct.unpack("!H", self._take(2))
        elif second == 127:
            (size,) = struct.unpack("!Q", self._take(8))
        assert size < 10_000_000
        return first & 0x0F, self._take(size)

    def text(self) -> str:
        opcode, body = self.receive()
        assert opcode == 1, (opcode, body)
        return body.decode()

    def changed(self) -> Any:
        """What the next announcement carries; answers pings on the way."""
        text = self.text()
        if text == "2":
            self.say("3")
            return self.changed()
        assert text.startswith("42"), text[:40]
        name, payload = json.loads(text[2:])
        assert name == "changed"
        return payload

    def until_gone(self) -> list[Any]:
        """Every announcement until the connection ends, in whichever way."""
        heard = []
        try:
            while True:
                opcode, body = self.receive()
                if opcode == 1 and body.startswith(b"42"):
                    heard.append(json.loads(body[2:])[1])
                elif opcode == 8:
                    self.frame(0x88, body)
        except Gone:
            return heard

    def silent(self, seconds: float = 0.3) -> bool:
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
            return False
        except TimeoutError:
            return not self.buffer
        finally:
            self.socket.settimeout(5)

    def close(self) -> None:
        self.socket.close()

    def _take(self, size: int) -> bytes:
        while len(self.buffer) < size:
            self._more()
        taken, self.buffer = self.buffer[:size], self.buffer[size:]
        return taken

    def _take_until(self, end: bytes) -> bytes:
        while end not in self.buffer:
            self._more()
        taken, _, self.buffer = self.buffer.partition(end)
        return taken

    def _more(self) -> None:
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        if not data:
            raise Gone
        self.buffer += data
