"""A wire between a browser and a server that can be cut and mended."""

import contextlib
import socket
import struct
import threading

AT_ONCE = struct.pack("ii", 1, 0)
# What Chromium says of it, depending on how far an answer had come.
NOISE = (
    "ERR_CONNECTION",
    "WebSocket connection to",
    "ERR_EMPTY_RESPONSE",
    "ERR_CONTENT_LENGTH_MISMATCH",
    "ERR_INCOMPLETE_CHUNKED_ENCODING",
)


class Cable:
    """Listens on `port`. When cut, every connection breaks and nobody answers there."""

    def __init__(self, target: int) -> None:
        self.target = target
        self.ends: set[socket.socket] = set()
        self.whole = False
        self.port = 0
        self.mend()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def mend(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", self.port), backlog=100)
        self.port = self.listener.getsockname()[1]
        self.whole = True
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def cut(self) -> None:
        self.whole = False
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for end in list(self.ends):
            self._drop(end)

    def _accept(self, listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.create_connection(("127.0.0.1", self.target))
                self.ends |= {near, far}
                if not self.whole:
                    self._drop(near)
                    self._drop(far)
                for one, other in ((near, far), (far, near)):
                    threading.Thread(target=self._carry, args=(one, other), daemon=True).start()

    def _carry(self, one: socket.socket, other: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := one.recv(65536):
                other.sendall(data)
            other.shutdown(socket.SHUT_WR)
            return
        self._drop(one)
        self._drop(other)

    def _drop(self, end: socket.socket) -> None:
        """Without a goodbye: the other side gets a reset."""
        self.ends.discard(end)
        with contextlib.suppress(OSError):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            end.shutdown(socket.SHUT_RDWR)
        end.close()
