"""Serving the sandbox from threads of its own. A process with another loop brings its own."""

import contextlib
import socket
import threading
from typing import Any, Protocol

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server


class Server(Protocol):
    """What `Sandbox.start` needs of a server: where it listens, and how to stop it."""

    @property
    def port(self) -> int: ...

    def close(self) -> None: ...


def serve(app: Flask, host: str, port: int) -> Server:
    return ThreadServer(app, host, port)


class ThreadServer:
    """`patience` is how long closing may take to be noticed, in seconds. Raises OSError when the
    port cannot be had."""

    def __init__(self, app: Flask, host: str, port: int, patience: float = 0.1) -> None:
        connections: set[socket.socket] = set()

        class Quiet(WSGIRequestHandler):
            disable_nagle_algorithm = True

            def setup(self) -> None:
                connections.add(self.request)
                super().setup()

            def finish(self) -> None:
                connections.discard(self.request)
                super().finish()

            def log(self, *_: Any) -> None:
                """Paths hold phone numbers."""

        self._connections = connections
        # Ours, because the one of werkzeug ends the process when the port is taken.
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.create_server((host, port), family=family) as listener:
            self._server = make_server(
                host, port, app, threaded=True, request_handler=Quiet, fd=listener.fileno()
            )
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": patience}, daemon=True
        )
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.port)

    def close(self) -> None:
        """Stop listening and hang up on those who keep their connections open."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
