"""Sending, and everything that is refused (contract cases 16 to 36, 106 and 110)."""

import pytest

from tests.sandbox.client import CAROL, DAVE

PICTURE = "https://pictures.example/lamp.jpg"
MEMO = "https://sounds.example/memo.m4a"
LINK = "https://shop.example/lamp"


def code(answer):
    return answer.status, answer.get("code")


def test_a_text_is_queued(client):
    answer = client.send(CAROL, {"text": "hi"})

    assert answer.status == 202
    assert answer["status"] == "queued"
    assert client.message(CAROL, answer["message_id"])["text"] == "hi"


def test_a_list_of_texts_is_one_message_each(client):
    answer = client.send(CAROL, {"text": ["a", "b"]})

    assert len(answer["message_ids"]) == 2
    assert answer.get("message_id") is None
    assert [m["text"] for m in client.messages(CAROL, sort="asc")] == ["a", "b"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": ""},
        {"text": "  "},
        {"text": []},
        {"text": ["a", ""]},
        {"text": 3},
        {"text": None},
        {"attachments": []},
        {"parts": []},
        {"attachments": ["not a url"]},
        {"attachments": [{"name": "x"}]},
        {"text": "hi", "parts": [{"text": "hi"}]},
        {"parts": [{"text": "a", "url": PICTURE}]},
        {"parts": [{}]},
        {"parts": [{"text": "a", "name": "x.jpg"}]},
        {"parts": [{"url": PICTURE, "mention": DAVE}]},
        {"parts": [{"text": "a", "mention": DAVE}]},
        {"parts": [{"text": LINK, "link_preview": {}}, {"text": "plain words"}]},
        {"parts": [{"text": LINK, "link_preview": {}}, {"url": PICTURE}]},
        {"text": "hi", "effect": "glitter"},
        {"parts": [{"text": "hi"}], "effect": "slam"},
        {"text": "hi", "attachments": [MEMO]},
        {"text": LINK, "link_preview": {"title": "x" * 201}},
        {"text": "hi", "from_number": "+14155550199"},
        {"text": "hi", "share_contact": "yes"},
        {"text": "hi", "format": "html"},
        {"text": "hi", "reply_to": "msg_1"},
    ],
)
def test_a_message_that_makes_no_sense_is_a_400_and_leaves_no_chat(untouched, body):
    assert untouched.send(CAROL, body, odd=True).status == 400
    assert untouched.ask("GET", "/chats")["chats"] == []


def test_attachments_are_urls_or_urls_with_a_name(client):
    client.text(CAROL)

    answer = client.send(CAROL, {"attachments": [PICTURE, {"url": PICTURE, "name": "lamp.jpg"}]})

    assert answer.status == 202
    assert client.message(CAROL, answer["message_id"])["attachments"] == [
        {"url": PICTURE, "name": None},
        {"url": PICTURE, "name": "lamp.jpg"},
    ]


def test_an_attachment_cannot_come_first(client):
    refused = client.send(CAROL, {"attachments": [PICTURE]})
    client.text(CAROL)
    taken = client.send(CAROL, {"attachments": [PICTURE]})

    assert code(refused) == (400, "attachment_first_message_not_allowed")
    assert taken.status == 202


def test_an_attachment_may_answer_somebody_who_wrote_first(sandbox, client):
    sandbox.say(CAROL, "Send me a picture")

    assert client.send(CAROL, {"attachments": [PICTURE]}).status == 202


def test_parts_are_one_bubble(client):
    parts = [{"text": "Your lamp"}, {"url": PICTURE, "name": "lamp.jpg"}]

    answer = client.send(CAROL, {"parts": parts})

    message = client.message(CAROL, answer["message_id"])
    assert message["text"] == "Your lamp"
    assert message["attachments"] == [{"url": PICTURE, "name": "lamp.jpg"}]


def test_parts_with_link_previews_are_one_message_each(client):
    parts = [{"text": LINK, "link_preview": {"title": "Lamp"}}, {"text": f"{LINK}?colour=clay"}]

    answer = client.send(CAROL, {"parts": parts})

    assert (answer.status, answer["count"], len(answer["message_ids"])) == (202, 2, 2)


def test_an_effect_may_be_spelled_freely(client):
    for effect in ("slam", "Invisible Ink", "none"):
        assert client.send(CAROL, {"text": "hi", "effect": effect}, odd=True).status == 202


def test_a_link_preview_on_words_is_ignored_and_its_title_has_200_characters(client):
    assert client.send(CAROL, {"text": "hi", "link_preview": {"title": "x" * 200}}).status == 202


def test_a_voice_memo_goes_alone(client):
    client.text(CAROL)

    assert client.send(CAROL, {"attachments": [MEMO]}).status == 202
    assert client.send(CAROL, {"attachments": [MEMO, PICTURE]}).status == 400


def test_markdown_is_stored_plain_and_formatted(client):
    answer = client.send(CAROL, {"text": "**Bold _both_** 2\\*3", "format": "markdown"})

    message = client.message(CAROL, answer["message_id"])
    assert message["text"] == "Bold both 2*3"
    assert message["formatted_text"] == "**Bold _both_** 2\\*3"


def test_markdown_goes_with_words_on_imessage_only(sandbox, client):
    sandbox.person(DAVE, imessage=False)
    client.text(CAROL)

    pictures = client.send(CAROL, {"attachments": [PICTURE], "format": "markdown"})
    android = client.send(DAVE, {"text": "*hi*", "format": "markdown"})

    assert code(pictures) == (400, "invalid_content")
    assert code(android) == (400, "format_unsupported_for_channel_type")


def test_a_list_of_people_is_a_group_made_once(client):
    first = client.send(f"{CAROL},{DAVE}", {"text": "hi both"})
    again = client.send(f"{DAVE},{CAROL}", {"text": "hi again"})

    assert (first["group_created"], again["group_created"]) == (True, False)
    assert first["group_id"] == again["group_id"]
    assert first["participants"] == [CAROL, DAVE]


def test_a_refused_send_makes_no_group(client):
    assert client.send(f"{CAROL},{DAVE}", {"attachments": [PICTURE]}).status == 400

    assert client.ask("GET", "/groups")["groups"] == []


def test_a_participant_can_be_mentioned(client):
    answer = client.send(f"{CAROL},{DAVE}", {"parts": [{"text": "Dave", "mention": DAVE}]})

    assert answer.status == 202


def test_an_unknown_group_is_a_404(client):
    assert client.send("grp_nobody", {"text": "hi"}).status == 404


def test_a_contact_card_needs_a_dedicated_plan(start, connect):
    dedicated, shared = connect(start()), connect(start(plan="shared"))

    assert dedicated.send(CAROL, {"text": "hi", "share_contact": True}).status == 202
    assert shared.send(CAROL, {"text": "hi", "share_contact": True}).status == 403


def test_a_send_can_be_rejected_before_dispatch(sandbox, client):
    sandbox.person(CAROL, refused=True)

    answer = client.send(CAROL, {"text": "hi"})

    assert (answer.status, answer["status"]) == (202, "failed")
    assert client.message(CAROL, answer["message_id"])["status"] == "failed"


def test_a_reply_only_number_answers_only(start, connect):
    sandbox = start(plan="inbound")
    client = connect(sandbox)

    refused = client.send(CAROL, {"text": "hi"})
    sandbox.say(CAROL, "Hello?")
    taken = client.send(CAROL, {"text": "hi"})

    assert code(refused) == (403, "inbound_only_no_prior_inbound")
    assert refused["external_id"] == CAROL
    assert refused["allocation_id"].startswith("alloc_")
    assert taken.status == 202


def new_people(count):
    return [f"+1555555011{n}" for n in range(count)]


def test_a_shared_plan_meets_five_new_people_a_day(start, connect, clock):
    sandbox = start(plan="shared")
    client = connect(sandbox)
    sandbox.say(DAVE, "I wrote first and do not count")
    client.text(DAVE)
    *five, sixth = new_people(6)
    for person in five:
        client.text(person)

    refused = client.send(sixth, {"text": "hi"})

    assert code(refused) == (429, "new_conversation_limit_reached")
    assert (refused["plan_id"], refused["cap"], refused["current"]) == ("plan_shared", 5, 5)
    assert client.send(five[0], {"text": "again"}).status == 202
    clock.pass_(hours=25)
    assert client.send(sixth, {"text": "hi"}).status == 202


def test_an_organisation_can_cap_itself(start, connect):
    client = connect(start(outbound_limit=1, outbound_mode="per_number"))
    client.text(CAROL)

    refused = client.send(DAVE, {"text": "hi"})

    assert code(refused) == (429, "outbound_limit_reached")
    assert (refused["limit"], refused["current"], refused["mode"]) == (1, 1, "per_number")
    assert refused["sender_number"] == "+14155550100"


def test_a_trial_ends(start, connect):
    client = connect(start(plan="trial", trial_messages=1))
    client.text(CAROL)

    assert client.send(CAROL, {"text": "more"}).status == 402


def test_without_an_active_number_nothing_leaves(start, connect):
    client = connect(start(inactive=("+14155550100",)))

    assert client.send(CAROL, {"text": "hi"}).status == 503
    assert client.ask("GET", "/contacts/%2B15555550101/capabilities").status == 503


def test_a_chat_keeps_its_number(start, connect):
    one, two = "+14155550100", "+14155550101"
    client = connect(start(numbers=(one, two)))

    first = client.text(CAROL, from_number=two)
    second = client.text(CAROL)

    assert client.message(CAROL, first)["internal_id"] == two
    assert client.message(CAROL, second)["internal_id"] == two
    assert client.message(DAVE, client.text(DAVE))["internal_id"] == one
