"""Groups, whose members cannot be changed."""

import pytest

from tests.sandbox.client import CAROL, DAVE


@pytest.fixture
def group(client):
    return client.ask("POST", "/groups", {"name": "Loft", "members": [CAROL, DAVE]})


def path(group):
    return f"/groups/{group['group_id']}"


def test_a_group_is_made_renamed_and_deleted(client, group):
    renamed = client.ask("PATCH", path(group), {"name": "Loft 4B"})

    assert (group.status, group["member_count"]) == (201, 2)
    assert group["created_contacts"] == group["added_members"] == [CAROL, DAVE]
    assert renamed["name"] == "Loft 4B"
    assert client.ask("DELETE", path(group))["success"] is True
    assert client.ask("GET", path(group)).status == 404
    assert client.send(group["group_id"], {"text": "hi"}).status == 404


def test_the_same_people_or_thread_are_one_group(client, group):
    linked = {"name": "Linked", "chat_guid": "iMessage;+;chat1"}
    client.ask("POST", "/groups", linked)

    assert client.ask("POST", "/groups", {"name": "x", "members": [DAVE, CAROL]}).status == 409
    assert client.ask("POST", "/groups", linked).status == 409


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x" * 256}, {"name": "x", "members": "y"}]
)
def test_a_group_needs_a_name_and_addresses(untouched, body):
    assert untouched.ask("POST", "/groups", body, odd=True).status == 400


def test_members_are_listed_but_not_changed(client, group):
    members = client.ask("GET", f"{path(group)}/members", limit=1)

    assert members["pagination"]["total"] == 2
    assert members["members"][0]["identifier"] == CAROL
    added = client.ask("POST", f"{path(group)}/members", {"contact_id": "+15555550109"})
    removed = client.ask("DELETE", f"{path(group)}/members/%2B15555550101")
    assert (added.status, removed.status) == (501, 501)
    assert added["error"] == "Coming soon"


def test_the_first_message_makes_the_thread(client, group):
    client.text(group["group_id"])
    client.text(CAROL, "alone")

    chat = client.ask("GET", f"/chats/{group['group_id']}")
    listed = client.ask("GET", "/groups", q="loft")["groups"]
    assert (chat["is_group"], chat["group_name"], chat["member_count"]) == (True, "Loft", 2)
    assert [g["last_message_text"] for g in listed] == ["Hello"]
