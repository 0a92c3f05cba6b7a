"""From queued to read, by the kind of phone at the other end."""

import pytest

from tests.sandbox.client import CAROL, DAVE, check_event, contact_path


@pytest.fixture
def sandbox(start, receiver):
    return start(webhook=receiver.url)


def test_an_imessage_is_sent_then_delivered(client, receiver):
    message_id = client.text(CAROL)
    (delivered,) = receiver.wait_for("message.delivered")

    message = client.message(CAROL, message_id)
    assert (message["status"], message["protocol"]) == ("delivered", "imessage")
    assert message["time_delivered"] >= message["time_sent"]
    assert delivered.json["message_id"] == message_id
    assert delivered.json["delivered_at"]


def test_reports_come_at_the_documented_moments(start, connect, receiver):
    client = connect(start(webhook=receiver.url, speed=2))

    client.text(CAROL)

    (sent,) = receiver.wait_for("message.sent")
    (delivered,) = receiver.wait_for("message.delivered")
    assert 0.15 < delivered.at - sent.at < 0.5


def test_read_is_only_told_by_webhook_and_only_by_those_who_tell(sandbox, client, receiver):
    sandbox.person(CAROL, receipts=True)

    read, unread = client.text(CAROL), client.text(DAVE)

    (told,) = receiver.wait_for("message.read")
    assert told.json["message_id"] == read
    assert client.message(CAROL, read)["status"] == "delivered"
    assert "message.read" not in receiver.about([unread])


def test_sms_ends_at_sent(sandbox, client, receiver):
    sandbox.person(DAVE, imessage=False, receipts=True)
    client.text(DAVE)
    message_id = client.text(DAVE, effect="slam")
    client.text(CAROL)

    receiver.wait_for("message.delivered")
    message = client.message(DAVE, message_id)
    assert (message["status"], message["protocol"]) == ("sent", "sms")
    assert receiver.about([message_id]) == ["message.sent"]


def test_some_carriers_confirm(sandbox, client, receiver):
    sandbox.person(DAVE, imessage=False, sms_receipts=True)
    client.text(DAVE)

    (delivered,) = receiver.wait_for("message.delivered")

    assert delivered.json["protocol"] == "sms"


def test_a_message_fails_after_it_was_sent(sandbox, client, receiver):
    sandbox.person(DAVE, fails="This number is not in service.", error_code="gone")
    message_id = client.text(DAVE)

    (failed,) = receiver.wait_for("message.failed")

    assert failed.json["error_code"] == "gone"
    assert failed.json["error_message"] == "This number is not in service."
    assert client.message(DAVE, message_id)["error"] == "This number is not in service."
    assert sorted(receiver.events) == ["message.failed", "message.sent"]


def test_an_email_address_without_imessage_fails(sandbox, client, receiver):
    sandbox.person("carol@example.com", imessage=False)
    message_id = client.text("carol@example.com")

    receiver.wait_for("message.failed")

    assert client.message("carol@example.com", message_id)["protocol"] == "unknown"


def test_every_report_is_an_event_of_the_contract(sandbox, client, receiver):
    sandbox.person(CAROL, receipts=True)
    sandbox.say(CAROL, "Hello", attachments=["https://bucket.blooio.com/lamp.jpg"])
    message_id = client.text(CAROL)
    client.text(f"{CAROL},{DAVE}")
    sandbox.react(CAROL, message_id, "love")

    receiver.wait_for("message.read")
    receiver.wait_for("message.delivered", 2)
    for delivery in receiver.deliveries:
        check_event(delivery.json)


def test_a_person_writes(sandbox, client, receiver):
    message_id = sandbox.say(CAROL, "Hello?", attachments=["https://bucket.blooio.com/lamp.jpg"])

    (received,) = receiver.wait_for("message.received")

    assert received.json["sender"] == received.json["external_id"] == CAROL
    assert received.json["attachments"] == [
        {"url": "https://bucket.blooio.com/lamp.jpg", "name": "lamp.jpg"}
    ]
    assert (received.json["status"], received.json["is_group"]) == ("received", False)
    assert client.message(CAROL, message_id)["direction"] == "inbound"


def test_a_person_writes_through_the_control_address(client, receiver):
    answer = client.control("POST", "/say", {"from": CAROL, "text": "Hello?"})

    assert answer.status == 201
    (received,) = receiver.wait_for("message.received")
    assert received.json["message_id"] == answer["message_id"]
    assert client.control("POST", "/say", {"from": CAROL}).status == 400
    assert client.control("POST", "/say", {"from": "carol", "text": "x"}).status == 400


def test_a_person_writes_into_a_group(sandbox, client, receiver):
    group = client.send(f"{CAROL},{DAVE}", {"text": "hi both"})["group_id"]
    receiver.wait_for("message.sent")

    client.control("POST", "/say", {"from": DAVE, "text": "hi", "group": group})

    (received,) = receiver.wait_for("message.received")
    assert (received.json["sender"], received.json["external_id"]) == (DAVE, group)
    assert received.json["chat_guid"].startswith("iMessage;+;chat")
    assert {p["identifier"] for p in received.json["participants"]} == {CAROL, DAVE}
    stranger = {"from": "+15555550199", "text": "hi", "group": group}
    assert client.control("POST", "/say", stranger).status == 400


def test_a_person_reacts(sandbox, client, receiver):
    message_id = client.text(CAROL)

    sandbox.react(CAROL, message_id, "love")
    client.control("POST", "/react", {"from": DAVE, "message_id": message_id, "reaction": "😂"})

    love, _ = receiver.wait_for("message.reaction", 2)
    assert (love.json["direction"], love.json["action"]) == ("inbound", "add")
    reactions = client.message(CAROL, message_id)["reactions"]
    assert [(r["reaction"], r["sender"]) for r in reactions] == [("love", CAROL), ("😂", DAVE)]


def test_capabilities_are_the_persons(sandbox, client):
    client.control("PUT", "/people/%2B15555550102", {"imessage": False})
    client.control("PUT", "/people/+15555550103", {"checkable": False})

    def can(address):
        return client.ask("GET", f"{contact_path(address)}/capabilities")

    assert can(CAROL)["capabilities"] == {"imessage": True, "sms": True, "facetime": True}
    assert can(DAVE)["capabilities"]["imessage"] is False
    assert can("carol@example.com")["capabilities"]["sms"] is False
    assert can("+15555550103").status == 503
    assert can("carol").status == 400
    assert client.control("PUT", "/people/%2B15555550102", {"mood": "good"}).status == 400


def test_an_attachment_that_cannot_be_fetched_fails_the_message(start, connect, receiver):
    client = connect(start(webhook=receiver.url, attachments="head"))
    nowhere = "http://127.0.0.1:9/lamp.jpg"

    message_id = client.text(CAROL, attachments=[nowhere])

    receiver.wait_for("message.failed")
    assert client.message(CAROL, message_id)["status"] == "failed"
