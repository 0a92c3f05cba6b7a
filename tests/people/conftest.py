import threading
from collections.abc import Callable, Iterator

import pytest
import websocket
from flask import Flask
from werkzeug.serving import make_server

from inbox.users import User
from tests.conftest import PASSWORD
from tests.people.visitor import Visitor


@pytest.fixture
def visitor(app: Flask) -> Visitor:
    return Visitor(app)


@pytest.fixture
def another_visitor(app: Flask) -> Callable[[], Visitor]:
    return lambda: Visitor(app)


@pytest.fixture
def as_person(app: Flask) -> Callable[[User], Visitor]:
    """A browser in which this person signed in."""

    def sign_in(user: User) -> Visitor:
        visitor = Visitor(app)
        answer = visitor.sign_in(user.email, PASSWORD)
        assert answer.status_code == 303, answer.text
        return visitor

    return sign_in


class Listener:
    """An open page, as the live pages see it: a WebSocket with a visitor's cookie."""

    def __init__(self, port: int, visitor: Visitor) -> None:
        cookie = visitor.client.get_cookie("inbox")
        self.socket = websocket.create_connection(
            f"ws://127.0.0.1:{port}/socket.io/?EIO=4&transport=websocket",
            cookie=f"inbox={cookie.value}" if cookie else None,
            origin=f"http://127.0.0.1:{port}",
            timeout=5,
        )
        self.socket.recv()
        self.socket.send("40")
        self.let_in = self.socket.recv().startswith("40")

    def hears_nothing(self, seconds: float = 0.2) -> bool:
        """Whether the connection is open and quiet."""
        self.socket.settimeout(seconds)
        try:
            self.socket.recv()
        except websocket.WebSocketTimeoutException:
            return True
        except websocket.WebSocketException:
            return False
        return False


@pytest.fixture
def listen(app: Flask) -> Iterator[Callable[[Visitor], Listener]]:
    """Open the live connection of a visitor."""
    server = make_server("127.0.0.1", 0, app, threaded=True)
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    opened: list[Listener] = []

    def listen(visitor: Visitor) -> Listener:
        opened.append(Listener(server.server_port, visitor))
        return opened[-1]

    yield listen
    for one in opened:
        one.socket.close()
    server.shutdown()
    serving.join()
    server.server_close()
