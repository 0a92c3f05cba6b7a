"""A receiver of webhooks on loopback that keeps what it gets and answers what it is told."""

import json
import threading
import time
from collections.abc import Callable, Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class Delivery:
    def __init__(self, path: str, headers: Any, body: bytes) -> None:
        self.path = path
        self.headers = headers
        self.body = body
        self.json = json.loads(body)
        self.event = headers["X-Blooio-Event"]
        self.at = time.monotonic()


class Receiver:
    def __init__(self) -> None:
        self.deliveries: list[Delivery] = []
        self.statuses: list[int] = []
        self.delay = 0.0
        self._arrived = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.take(Delivery(self.path, self.headers, body))
                self.send_response(status)
                if status == 302:
                    self.send_header("Location", receiver.url)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/webhooks/blooio"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.005}
        )
        self._thread.start()

    def take(self, delivery: Delivery) -> int:
        with self._arrived:
            self.deliveries.append(delivery)
            delay = self.delay
            status = self.statuses.pop(0) if self.statuses else 200
            self._arrived.notify_all()
        time.sleep(delay)
        return status

    def wait(self, done: Callable[["Receiver"], Any], seconds: float = 3.0) -> None:
        with self._arrived:
            assert self._arrived.wait_for(lambda: done(self), seconds), self.events

    def wait_for(self, event: str, count: int = 1) -> list[Delivery]:
        self.wait(lambda r: r.events.count(event) >= count)
        return [d for d in self.deliveries if d.event == event]

    @property
    def events(self) -> list[str]:
        return [delivery.event for delivery in self.deliveries]

    def about(self, message_ids: Iterable[str]) -> list[str]:
        wanted = set(message_ids)
        return [d.event for d in self.deliveries if d.json["message_id"] in wanted]

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
