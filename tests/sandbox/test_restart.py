"""What a sandbox with a file remembers when it is started again."""

import socket
from urllib.parse import urlsplit

import pytest
import requests

from inbox.sandbox import create_sandbox
from tests.sandbox.client import CAROL, DAVE


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "sandbox.db")


def test_keys_and_people_are_remembered(start, connect, path):
    first = start(path=path)
    first.person(DAVE, imessage=False)
    message_id = connect(first).send(CAROL, {"text": "hi"}, key="k")["message_id"]
    first.close()

    client = connect(start(path=path))

    again = client.send(CAROL, {"text": "hi"}, key="k")
    assert (again.status, again["message_id"]) == (200, message_id)
    capabilities = client.ask("GET", "/contacts/%2B15555550102/capabilities")["capabilities"]
    assert capabilities["imessage"] is False


def test_what_was_under_way_goes_on(start, connect, receiver, path):
    slow = start(path=path, webhook=receiver.url, speed=0.01)
    connect(slow).text(CAROL)
    slow.close()
    assert receiver.events == []

    sandbox = start(path=path, clock=lambda: slow.options.clock() + 3600)

    receiver.wait_for("message.delivered")
    assert sandbox.options.webhook is None


def test_a_delivery_that_waits_for_its_next_attempt_is_not_forgotten(start, receiver, path):
    receiver.statuses = [500]
    first = start(path=path, webhook=receiver.url, speed=1)
    first.say(CAROL, "hi")
    receiver.wait_for("message.received")
    first.close()

    start(path=path, clock=lambda: first.options.clock() + 31)

    one, again = receiver.wait_for("message.received", 2)
    assert one.body == again.body


def test_a_webhook_keeps_the_secret_that_was_made_for_it(start, path):
    url = "https://inbox.example/in"
    first = start(path=path)
    secret = first.register(url)
    first.close()

    assert start(path=path, webhook=url).register(url) == secret


def test_after_closing_nobody_is_served_on_an_old_connection(start, connect):
    sandbox = start()
    client = connect(sandbox)
    client.ask("GET", "/me")

    sandbox.close()

    with pytest.raises(requests.ConnectionError):
        client.ask("GET", "/me")


def test_it_comes_back_on_the_same_port(start, connect, path):
    first = start(path=path)
    client = connect(first)
    client.text(CAROL)
    first.close()

    start(path=path, port=urlsplit(first.url).port)

    assert client.messages(CAROL)[0]["text"] == "Hello"


def test_its_file_remembers_the_port(start, path):
    first = start(path=path)
    first.close()

    assert start(path=path).url == first.url


def test_another_port_is_taken_when_the_remembered_one_is_not_free(start, path):
    first = start(path=path)
    first.close()
    port = urlsplit(first.url).port

    with socket.create_server(("127.0.0.1", port)):
        second = start(path=path)

    assert requests.get(second.panel, timeout=5).status_code == 200
    assert urlsplit(second.url).port != port


def test_a_port_that_is_asked_for_and_taken_is_an_error(start):
    taken = urlsplit(start().url).port

    with pytest.raises(OSError):
        start(port=taken)


def test_it_is_also_a_plain_application():
    app = create_sandbox()
    key = {"Authorization": "Bearer bl_sandbox_key"}

    answer = app.test_client().get("/v2/api/me", headers=key)

    assert answer.status_code == 200
    app.extensions["sandbox"].close()
