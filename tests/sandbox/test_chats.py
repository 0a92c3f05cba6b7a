"""Reading chats and messages back (contract cases 49 to 51, 57 to 61 and 109)."""

import time

import pytest

from tests.sandbox.client import CAROL, DAVE, chat_path


def test_a_chat_begins_with_its_first_message(client):
    assert client.ask("GET", chat_path(CAROL)).status == 404
    assert client.ask("GET", f"{chat_path(CAROL)}/messages").status == 404

    client.text(CAROL)

    assert client.ask("GET", chat_path(CAROL))["message_count"] == 1


def test_chats_are_counted_sorted_and_searched(sandbox, client):
    client.text(CAROL)
    sandbox.say(CAROL, "hi", at=int(time.time() * 1000) + 5)
    client.text(DAVE)
    sandbox.say("eve@example.com", "hi", at=1_700_000_000_000)

    chats = client.ask("GET", "/chats")["chats"]

    assert chats[-1]["id"] == "eve@example.com"
    assert [c["id"] for c in client.ask("GET", "/chats", q="eve")["chats"]] == ["eve@example.com"]
    assert client.ask("GET", "/chats", sort="oldest")["chats"][0]["id"] == "eve@example.com"
    carol = client.ask("GET", chat_path(CAROL))
    assert (carol["inbound_count"], carol["outbound_count"]) == (1, 1)
    assert carol["last_message"]["direction"] == "inbound"
    assert carol["first_message_time"] <= carol["last_message_time"]


@pytest.fixture
def five(sandbox):
    return [sandbox.say(CAROL, str(n), at=1_700_000_000_000 + n) for n in range(5)]


def test_messages_come_newest_first_and_in_pages(client, five):
    pages = [client.messages(CAROL, limit=2, offset=offset) for offset in (0, 2, 4)]

    texts = [m["text"] for page in pages for m in page]
    assert texts == ["4", "3", "2", "1", "0"]
    assert all("reply_to" not in m for page in pages for m in page)


def test_messages_are_narrowed_by_time_and_direction(client, five):
    client.text(CAROL, "mine")

    def texts(**query):
        return [m["text"] for m in client.messages(CAROL, sort="asc", **query)]

    assert texts(since=1_700_000_000_002, direction="inbound") == ["3", "4"]
    assert texts(until=1_700_000_000_002) == ["0", "1"]
    assert texts(direction="outbound") == ["mine"]


@pytest.mark.parametrize(
    "query", [{"limit": 0}, {"limit": 201}, {"sort": "up"}, {"direction": "x"}, {"since": "monday"}]
)
def test_a_list_that_makes_no_sense_is_a_400(client, five, query):
    assert client.ask("GET", f"{chat_path(CAROL)}/messages", odd=True, **query).status == 400


def test_a_message_is_only_in_its_own_chat(client, five):
    client.text(DAVE)

    assert client.message(CAROL, five[0]).status == 200
    assert client.message(DAVE, five[0]).status == 404
    status = client.ask("GET", f"{chat_path(CAROL)}/messages/{five[0]}/status")
    assert (status["direction"], status["protocol"]) == ("inbound", "imessage")


def react(client, message_id, reaction, **more):
    body = {"reaction": reaction, **more}
    return client.ask("POST", f"{chat_path(CAROL)}/messages/{message_id}/reactions", body)


def test_we_react_and_take_it_back(client, five):
    added = react(client, five[0], "+love")
    react(client, five[0], "+😂")
    removed = react(client, five[0], "-love")

    assert (added["reaction"], added["action"]) == ("love", "add")
    assert removed["action"] == "remove"
    found = client.message(CAROL, five[0])["reactions"]
    assert {r["reaction"]: r["is_added"] for r in found} == {"love": False, "😂": True}
    assert {r["sender"] for r in found} == {None}


def test_a_reaction_counts_messages_backwards(client, five):
    mine = client.text(CAROL)

    assert react(client, "-1", "+like")["message_id"] == mine
    assert react(client, "-2", "+like")["message_id"] == five[4]
    assert react(client, "-1", "+like", direction="inbound")["message_id"] == five[4]
    assert react(client, "-9", "+like").status == 404


@pytest.mark.parametrize("reaction", ["love", "+adore", "+", "", "+😂 😂"])
def test_a_reaction_without_a_sign_or_a_meaning_is_a_400(client, five, reaction):
    assert react(client, five[0], reaction).status == 400


def test_typing_shows_until_it_is_stopped(client):
    client.text(CAROL)
    started = client.ask("POST", f"{chat_path(CAROL)}/typing")
    (typing,) = client.control("GET", "/chats")["chats"]

    stopped = client.ask("DELETE", f"{chat_path(CAROL)}/typing")

    assert (started["typing"], typing["typing"], stopped["typing"]) == (True, True, False)
    assert client.control("GET", "/chats")["chats"][0]["typing"] is False


def test_typing_wears_off_and_says_what_rcs_cannot(sandbox, client, clock):
    sandbox.person(DAVE, imessage=False, rcs=True)
    client.ask("POST", f"{chat_path(CAROL)}/typing")

    rcs = client.ask("POST", f"{chat_path(DAVE)}/typing")

    clock.pass_(hours=1)
    assert rcs["warning"] == "RCS chats do not support composing indicators"
    assert not any(chat["typing"] for chat in client.control("GET", "/chats")["chats"])


def test_reading_needs_a_chat(sandbox, client):
    unknown = client.ask("POST", f"{chat_path(CAROL)}/read")
    sandbox.say(CAROL, "hi")

    assert unknown.status == 404
    assert client.ask("POST", f"{chat_path(CAROL)}/read")["status"] == "read"


def test_a_contact_card_waits_for_the_next_message(client, start, connect):
    card = f"{chat_path(CAROL)}/contact-card"
    assert client.ask("POST", card)["success"] is True
    assert client.control("GET", "/chats")["chats"][0]["card_staged"] is True

    client.text(CAROL)

    assert client.control("GET", "/chats")["chats"][0]["card_staged"] is False
    shared = connect(start(plan="shared"))
    assert shared.ask("POST", card, undeclared=True).status == 403
