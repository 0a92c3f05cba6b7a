"""Contacts and tags."""

from tests.sandbox.client import CAROL, DAVE, contact_path


def create(client, identifier, **more):
    return client.ask("POST", "/contacts", {"identifier": identifier, **more})


def test_a_contact_is_made_renamed_and_deleted(client):
    made = create(client, CAROL, name="Carol")
    renamed = client.ask("PATCH", contact_path(CAROL), {"name": None})

    assert (made.status, made["id"], made["name"]) == (201, CAROL, "Carol")
    assert renamed["name"] is None
    assert client.ask("DELETE", contact_path(CAROL))["success"] is True
    assert client.ask("GET", contact_path(CAROL)).status == 404
    assert create(client, CAROL).status == 201


def test_a_contact_exists_once(client):
    create(client, CAROL)

    assert create(client, CAROL).status == 409
    assert create(client, "carol").status == 400


def test_whoever_writes_becomes_a_contact(sandbox, client):
    sandbox.say(DAVE, "hi")

    assert client.ask("GET", contact_path(DAVE))["last_message_time"]


def test_contacts_are_searched_sorted_and_paged(client):
    for address, name in ((CAROL, "Carol"), (DAVE, "Dave"), ("eve@example.com", "Eve")):
        create(client, address, name=name)

    def names(**query):
        return [c["name"] for c in client.ask("GET", "/contacts", **query)["contacts"]]

    assert names() == ["Eve", "Dave", "Carol"]
    assert names(sort="name_asc", limit=2) == ["Carol", "Dave"]
    assert names(sort="oldest", offset=2) == ["Eve"]
    assert names(q="CAR") == ["Carol"]
    assert names(q="555501") == ["Dave", "Carol"]


def test_tags_are_added_once_and_removed(client):
    create(client, CAROL)
    tags = f"{contact_path(CAROL)}/tags"

    added = client.ask("POST", tags, {"tags": ["vip", "a/b"]})
    client.ask("POST", tags, {"tags": ["vip"]})

    assert added["tags_added"] == ["vip", "a/b"]
    assert [t["tag"] for t in client.ask("GET", tags)["tags"]] == ["a/b", "vip"]
    assert client.ask("DELETE", f"{tags}/a%2Fb").status == 200
    assert client.ask("DELETE", f"{tags}/a%2Fb").status == 404
    assert client.ask("GET", contact_path(CAROL))["tags"] == ["vip"]
    assert client.ask("GET", f"{contact_path(DAVE)}/tags").status == 404
    assert client.ask("POST", tags, {"tags": "vip"}, odd=True).status == 400
