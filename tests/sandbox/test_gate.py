"""Who is let in, and how a path has to be written (contract cases 3 and 13)."""

import http.client
from urllib.parse import urlsplit

import pytest
import requests

from tests.sandbox.client import CAROL, chat_path


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-API-Key": "bl_sandbox_key"},
        {"Authorization": "bl_sandbox_key"},
        {"Authorization": "Bearer something-else"},
        {"Authorization": "Basic bl_sandbox_key"},
        {"Authorization": "Bearer ключ".encode().decode("latin-1")},
    ],
)
def test_only_the_key_as_a_bearer_is_let_in(untouched, headers):
    api = untouched.sandbox.url
    for url in (f"{api}/me", api.replace("/v2/api", "/sandbox/sent")):
        answer = requests.get(url, headers=headers, timeout=5)

        assert answer.status_code == 401
        assert answer.json() == {
            "error": "ApiError",
            "message": "Invalid or missing API key.",
            "status": 401,
        }


def raw(sandbox, target):
    address = urlsplit(sandbox.url)
    connection = http.client.HTTPConnection(address.hostname, address.port, timeout=5)
    connection.request("GET", target, headers={"Authorization": f"Bearer {sandbox.options.key}"})
    with connection.getresponse() as response:
        response.read()
    connection.close()
    return response.status


def test_a_raw_plus_in_the_path_is_no_address(sandbox, client):
    client.text(CAROL)

    assert raw(sandbox, f"/v2/api/chats/{CAROL.replace('+', '%2B')}") == 200
    assert raw(sandbox, f"/v2/api/chats/{CAROL}") == 400


def test_a_blank_or_unknown_path_is_not_redirected(untouched):
    sandbox = untouched.sandbox

    assert raw(sandbox, "/v2/api/chats//messages") == 404
    assert raw(sandbox, "/v2/api/nothing") == 404


@pytest.mark.parametrize("chat", ["15551234567", "+1555", "carol", "a@b", "+15555550101,"])
def test_what_is_no_address_is_a_400(untouched, chat):
    assert untouched.send(chat, {"text": "hi"}).status == 400


def test_an_emergency_number_is_refused(untouched):
    assert untouched.send("911", {"text": "hi"}).status == 403


def test_a_body_that_is_not_an_object_is_a_400(untouched):
    for body in (None, [], "hi", 3):
        assert untouched.send(CAROL, body, odd=True).status == 400


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{chat_path(CAROL)}/background"),
        ("GET", "/location/contacts"),
        ("GET", "/me/numbers/%2B14155550100/contact-card"),
    ],
)
def test_what_the_sandbox_does_not_have_says_so(untouched, method, path):
    answer = untouched.ask(method, path)

    assert answer.status == 501
    assert answer["message"] == "The sandbox does not have this."
