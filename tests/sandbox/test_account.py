"""The key's organisation and its numbers."""

from tests.sandbox.client import CAROL


def test_me_says_whose_key_it_is(client):
    client.text(CAROL)

    me = client.ask("GET", "/me")

    assert me["api_key"] == client.sandbox.options.key
    assert me["devices"][0]["phone_number"] == "+14155550100"
    assert me["usage"]["outbound_messages"] == 1


def test_numbers_say_when_they_were_last_used(start, connect):
    client = connect(start(numbers=("+14155550100", "+14155550101"), plan="shared"))
    client.text(CAROL)

    used, unused = client.ask("GET", "/me/numbers")["numbers"]

    assert used["last_active"].endswith("Z")
    assert unused["last_active"] is None
    assert unused["plan_kind"] == "shared"
