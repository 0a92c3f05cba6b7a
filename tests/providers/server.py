"""A scripted HTTP server on loopback, down to the socket: it records what comes and plays what it
was told, also what no server should do."""

import contextlib
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

BASE = "/v2/api"

Script = Callable[[socket.socket], bool]  # True keeps the connection open


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path.removeprefix(BASE)

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def answer(status: int, body: Any = b"", **headers: str) -> Script:
    """An ordinary answer; anything but bytes is sent as JSON."""

    def play(connection: socket.socket) -> bool:
        payload = body if isinstance(body, bytes) else json.dumps(body).encode()
        lines = [f"HTTP/1.1 {status} Something", f"Content-Length: {len(payload)}"]
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
        connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + payload)
        return True

    return play


def raw(text: bytes) -> Script:
    """These bytes, then the connection is closed."""

    def play(connection: socket.socket) -> bool:
        connection.sendall(text)
        return False

    return play


def close(connection: socket.socket) -> bool:
    return False


def reset(connection: socket.socket) -> bool:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def drip(text: bytes, every: float) -> Script:
    """These bytes one at a time."""

    def play(connection: socket.socket) -> bool:
        for byte in text:
            connection.sendall(bytes([byte]))
            threading.Event().wait(every)
        return False

    return play


class Server:
    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.requests: list[Request] = []
        self.script: list[Script] = []
        self._over = threading.Event()
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"{'https' if context else 'http'}://{self.address}{BASE}"
        threading.Thread(target=self._accept, daemon=True).start()

    def plays(self, *script: Script) -> None:
        self.script += script

    def hang(self, connection: socket.socket) -> bool:
        self._over.wait(10)
        return False

    def stop(self) -> None:
        self._over.set()
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError, ValueError), connection:  # ValueError: not HTTP
            if self._context:
                connection = self._context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as stream:
                while self._one(connection, stream):
                    pass

    def _one(self, connection: socket.socket, stream: Any) -> bool:
        line = stream.readline().decode()
        if not line:
            return False
        headers = {}
        while (header := stream.readline().decode().strip()) != "":
            name, _, value = header.partition(":")
            headers[name.lower()] = value.strip()
        body = stream.read(int(headers.get("content-length", 0)))
        method, target, _ = line.split(" ")
        self.requests.append(Request(method, target, headers, body))
        play = self.script.pop(0) if self.script else answer(418)
        return play(connection)
