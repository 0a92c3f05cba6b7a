"""A host that answers each connection with the bytes it is told, as badly as it is told."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

Answer = Callable[[socket.socket], None]


class Host:
    """`asked` are the requests it got, `connections` how often somebody came."""

    def __init__(self, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[bytes] = []
        self.connections = 0
        self._answer = answer
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v2/api"

    def url(self, name: str = "lamp.jpg") -> str:
        return f"http://127.0.0.1:{self.port}/sandbox/files/{name}"

    def close(self) -> None:
        for one in (self._listener, *self._open):
            one.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections += 1
                self._open.append(connection)
                threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if self._tls:
                connection = self._tls.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            self.asked.append(connection.recv(65536))
            self._answer(connection)


@contextmanager
def hosting(answer: Answer, tls: ssl.SSLContext | None = None) -> Iterator[Host]:
    host = Host(answer, tls)
    try:
        yield host
    finally:
        host.close()


def saying(*pieces: bytes, every: float = 0.0) -> Answer:
    def answer(connection: socket.socket) -> None:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(every)

    return answer


def ok(body: bytes, *headers: str) -> Answer:
    lines = ["HTTP/1.1 200 OK", f"Content-Length: {len(body)}", *headers, "", ""]
    return saying("\r\n".join(lines).encode() + body)


def for_ever(start: bytes, piece: bytes, every: float = 0.0) -> Answer:
    def answer(connection: socket.socket) -> None:
        connection.sendall(start)
        while True:
            connection.sendall(piece)
            if every:
                time.sleep(every)

    return answer
