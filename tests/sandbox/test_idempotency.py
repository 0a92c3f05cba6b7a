"""One key, one message (contract cases 37 to 40)."""

import threading

from tests.sandbox.client import CAROL, DAVE


def test_the_same_key_again_gives_the_first_answer(start, connect, receiver):
    client = connect(start(webhook=receiver.url))

    first = client.send(CAROL, {"text": "hi"}, key="order-42")
    again = client.send(CAROL, {"text": "hi"}, key="order-42")

    assert (first.status, again.status) == (202, 200)
    assert first.json == again.json
    assert len(client.messages(CAROL)) == 1
    receiver.wait_for("message.delivered")
    assert sorted(receiver.events) == ["message.delivered", "message.sent"]


def test_a_list_of_texts_gives_the_same_ids_again(client):
    first = client.send(CAROL, {"text": ["a", "b"]}, key="k")

    assert client.send(CAROL, {"text": ["a", "b"]}, key="k").json == first.json


def test_another_body_gives_the_original(client):
    first = client.send(CAROL, {"text": "hi"}, key="k")

    assert client.send(DAVE, {"text": "bye"}, key="k").json == first.json


def test_strictly_another_body_is_a_409(start, connect):
    client = connect(start(idempotency="strict"))
    client.send(CAROL, {"text": "hi"}, key="k")

    assert client.send(CAROL, {"text": "hi"}, key="k").status == 200
    assert client.send(CAROL, {"text": "bye"}, key="k").status == 409


def test_other_keys_and_no_keys_are_other_messages(client):
    for key in ("a", "b", None, None):
        client.send(CAROL, {"text": "hi"}, key=key)

    assert len(client.messages(CAROL)) == 4


def test_a_key_is_forgotten_after_a_day(client, clock):
    client.send(CAROL, {"text": "hi"}, key="k")
    clock.pass_(hours=23)
    assert client.send(CAROL, {"text": "hi"}, key="k").status == 200

    clock.pass_(hours=2)

    assert client.send(CAROL, {"text": "hi"}, key="k").status == 202


def test_a_key_belongs_to_an_api_key(start, connect):
    sandbox = start(more_keys=("bl_other",))
    connect(sandbox).send(CAROL, {"text": "hi"}, key="k")

    assert connect(sandbox, "bl_other").send(CAROL, {"text": "hi"}, key="k").status == 202


def test_a_refused_send_does_not_use_up_its_key(client):
    refused = client.send(CAROL, {"attachments": ["https://a.example/b.jpg"]}, key="k")
    assert refused.status == 400

    assert client.send(CAROL, {"text": "hi"}, key="k").status == 202


def test_at_the_same_moment_one_is_first(sandbox, connect):
    clients = [connect(sandbox) for _ in range(6)]
    statuses = []

    def send(client):
        statuses.append(client.send(CAROL, {"text": "hi"}, key="k").status)

    threads = [threading.Thread(target=send, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == [200] * 5 + [202]
    assert len(clients[0].messages(CAROL)) == 1


def test_a_repeat_says_when_the_message_has_failed_since(sandbox, client):
    sandbox.person(CAROL, refused=True)
    client.send(CAROL, {"text": "hi"}, key="k")

    assert client.send(CAROL, {"text": "hi"}, key="k")["status"] == "failed"


def test_every_accepted_send_is_listed_with_its_key(sandbox, client):
    for _ in range(3):
        client.send(CAROL, {"text": "hi"}, key="k")

    (sent,) = client.control("GET", "/sent")["sent"]

    assert (sent["chat_id"], sent["idempotency_key"], sent["repeats"]) == (CAROL, "k", 2)
    assert sent["body"] == {"text": "hi"}
    assert sandbox.sent() == [sent]
