"""In a process without gevent's patches, as in tests of the rest, live pages work the stock way."""

import pytest
from flask import Flask, request

from inbox import live


@pytest.fixture
def app():
    app = Flask("unpatched")
    live.init_app(app)

    @live.who
    def who() -> live.Viewer | None:
        user = request.cookies.get("user")
        return live.Viewer(int(user), "s", ["red"]) if user else None

    return app


def browser(app, user=""):
    client = app.test_client()
    if user:
        client.set_cookie("user", user)
    return live.socketio.test_client(app, flask_test_client=client)


def test_it_runs_on_threads(app):
    assert live.socketio.async_mode == "threading"


def test_a_person_is_let_in_and_hears(app):
    alice = browser(app, "1")
    assert alice.is_connected()
    assert live.anyone_in("user-1")

    live.emit("red", {"topic": "line-1"})

    assert alice.get_received() == [
        {"name": "changed", "args": [{"topic": "line-1"}], "namespace": "/"}
    ]


def test_nobody_is_not_let_in(app):
    mallory = browser(app)

    assert not mallory.is_connected()


def test_a_failing_question_lets_nobody_in(app):
    live.who(lambda: 1 / 0)

    assert not browser(app, "1").is_connected()
