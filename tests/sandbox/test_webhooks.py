"""Registering webhooks and choosing what they hear (contract cases 62 to 67)."""

import pytest

from tests.sandbox.client import CAROL

URL = "https://inbox.example/webhooks/blooio"


def create(client, url=URL, **more):
    return client.ask("POST", "/webhooks", {"webhook_url": url, **more})


def path(webhook):
    return f"/webhooks/{webhook['webhook_id']}"


def test_a_new_webhook_shows_its_secret_once(client):
    created = create(client)

    assert (created.status, created["webhook_type"]) == (201, "message")
    assert created["signing_secret"].startswith("whsec_")
    assert "signing_secret" not in client.ask("GET", path(created)).json


def test_a_known_url_is_the_same_webhook_without_a_secret(client):
    created = create(client)

    again = create(client)

    assert (again.status, again["webhook_id"]) == (200, created["webhook_id"])
    assert again.get("signing_secret") is None


def test_closed_registration_knows_only_what_it_has(start, connect):
    client = connect(start(webhooks="closed", webhook=URL))

    assert create(client).status == 200
    assert create(client, f"{URL}/new").status == 410


def test_an_organisation_has_64_webhooks(client):
    for number in range(64):
        assert create(client, f"{URL}/{number}").status == 201

    assert create(client).status == 409
    assert create(client, f"{URL}/7").status == 200


@pytest.mark.parametrize(
    "url", ["http://inbox.example/in", "inbox", "ftp://inbox.example", "https://"]
)
def test_only_https_is_told_or_ourselves(client, url):
    answer = client.ask("POST", "/webhooks", {"webhook_url": url}, odd=True)

    assert answer.status == 400
    assert create(client, "http://127.0.0.1:5000/in").status == 201


def test_a_given_secret_is_the_one_of_every_new_webhook(start, connect):
    sandbox = start(secret="whsec_fixed")

    assert create(connect(sandbox))["signing_secret"] == "whsec_fixed"
    assert sandbox.register(f"{URL}/other") == "whsec_fixed"
    assert sandbox.register(f"{URL}/other", secret="whsec_given") == "whsec_given"


@pytest.mark.parametrize(
    ("webhook_type", "heard"),
    [
        ("message", {"message.received", "message.sent", "message.delivered", "message.reaction"}),
        ("status", {"message.sent", "message.delivered"}),
        ("poll", set()),
        ("all", {"message.received", "message.sent", "message.delivered", "message.reaction"}),
    ],
)
def test_a_webhook_hears_what_its_type_says(sandbox, client, receiver, webhook_type, heard):
    create(client, f"{receiver.url}/typed", webhook_type=webhook_type)
    create(client, f"{receiver.url}/all", webhook_type="all")

    message_id = client.text(CAROL)
    sandbox.say(CAROL, "hi")
    sandbox.react(CAROL, message_id, "like")

    receiver.wait(lambda r: len(r.events) >= 4 + len(heard))
    assert {d.event for d in receiver.deliveries if d.path.endswith("/typed")} == heard


def test_a_paused_webhook_hears_nothing_and_keeps_its_log(sandbox, client, receiver):
    created = create(client, receiver.url)
    sandbox.say(CAROL, "before")
    receiver.wait_for("message.received")

    paused = client.ask("PATCH", path(created), {"deprecate": True})
    sandbox.say(CAROL, "meanwhile")
    resumed = client.ask("PATCH", path(created), {"deprecate": False})
    sandbox.say(CAROL, "after")

    assert (paused["is_active"], resumed["is_active"]) == (False, True)
    texts = {d.json["text"] for d in receiver.wait_for("message.received", 2)}
    assert texts == {"before", "after"}
    assert client.ask("GET", f"{path(created)}/logs")["pagination"]["total"] >= 1


def test_an_expired_webhook_hears_nothing(client, clock):
    created = create(client, valid_until=int(clock() * 1000) + 60_000)
    assert client.ask("GET", path(created))["is_active"] is True

    clock.pass_(hours=1)

    assert client.ask("GET", path(created))["is_active"] is False
    assert client.ask("PATCH", path(created), {"valid_until": -1})["is_active"] is True


def test_a_deleted_webhook_is_gone(client):
    created = create(client)

    assert client.ask("DELETE", path(created))["success"] is True
    for method, suffix in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/logs"),
        ("POST", "/secret/rotate"),
    ):
        assert client.ask(method, path(created) + suffix).status == 404
    assert client.ask("PATCH", path(created), {}).status == 404


def test_a_wrong_type_is_a_400(client):
    created = create(client)

    answer = client.ask("PATCH", path(created), {"webhook_type": "everything"}, odd=True)

    assert answer.status == 400
