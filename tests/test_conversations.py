"""The inbox over HTTP, as the browser speaks to it."""

import pytest
from sqlalchemy import func, select

from inbox import contacts, conversations, messages, phone, queues, threads
from inbox.db import db
from inbox.messages import Message
from tests.conftest import PASSWORD
from tests.people.visitor import FETCH, NAVIGATION, Visitor


class Browser(Visitor):
    """What a page of somebody who signed in can do."""

    def __init__(self, app, user):
        super().__init__(app)
        assert self.sign_in(user.email, PASSWORD).status_code == 303
        self.mine = FETCH | {"X-CSRFToken": self.token("/conversations")}

    def post(self, path, **data):
        return self.client.post(path, data=data, headers=self.mine)

    def put(self, path):
        return self.client.put(path, headers=self.mine)

    def delete(self, path):
        return self.client.delete(path, headers=self.mine)


@pytest.fixture
def browser_of(app):
    return lambda user: Browser(app, user)


def incoming(conversation, text, id):
    messages.receive(
        conversation,
        text,
        sender=conversation.address,
        provider_id=id,
        protocol="imessage",
        at=conversation.created_at,
        attachments=[],
    )
    db.session.commit()


def test_a_conversation_shows_its_messages_as_they_were_written(browser_of, alice, carol):
    incoming(carol, 'Hi <b>"there"</b>\n{{7*7}} \\n', "m1")

    page = browser_of(alice).get(f"/conversations/{carol.id}").text

    assert "Hi &lt;b&gt;&#34;there&#34;&lt;/b&gt;\n{{7*7}} \\n" in page


def test_a_reply_is_queued_as_typed(browser_of, alice, carol):
    reply = browser_of(alice).post(f"/conversations/{carol.id}/messages", text=" a\r\n\\b ")

    assert reply.status_code == 204
    message = db.session.scalars(select(Message)).one()
    assert (message.text, message.status, message.author_id) == (" a\n\\b ", "queued", alice.id)


def test_a_form_sent_twice_is_one_message(browser_of, alice, carol):
    mine = browser_of(alice)

    for _ in range(2):
        answer = mine.post(f"/conversations/{carol.id}/messages", text="Hi", client_id="c1")
        assert answer.status_code == 204

    assert db.session.scalar(select(func.count(Message.id))) == 1


@pytest.mark.parametrize(("text", "says"), [("  \n", "Write something"), ("x" * 10_001, "10,001")])
def test_a_bad_reply_is_refused_in_words(browser_of, alice, carol, text, says):
    reply = browser_of(alice).post(f"/conversations/{carol.id}/messages", text=text)

    assert (reply.status_code, says in reply.text) == (422, True)
    assert db.session.scalar(select(func.count(Message.id))) == 0


def test_the_first_reply_claims_and_stops_the_clock(browser_of, alice, carol):
    incoming(carol, "Hi", "m1")
    assert carol.waiting_since

    browser_of(alice).post(f"/conversations/{carol.id}/messages", text="Hello")

    db.session.refresh(carol)
    assert (carol.waiting_since, carol.assignee_id) == (None, alice.id)


def test_closing_and_reopening(browser_of, alice, carol):
    mine = browser_of(alice)

    assert mine.post(f"/conversations/{carol.id}/closure").status_code == 204
    again = mine.post(f"/conversations/{carol.id}/closure")
    assert (again.status_code, "already closed" in again.text) == (422, True)
    assert mine.delete(f"/conversations/{carol.id}/closure").status_code == 204

    db.session.refresh(carol)
    assert carol.status == "open"


def test_a_new_message_makes_a_conversation(browser_of, alice, line):
    reply = browser_of(alice).post("/conversations", to="(212) 555-0137", text="Hello")

    assert reply.status_code == 201
    assert db.session.scalars(select(Message)).one().conversation.chat_key == "+12125550137"


@pytest.mark.parametrize(
    ("to", "says"),
    [
        ("", "Type a phone number"),
        ("12", "not a whole phone number"),
        ("ana@", "not an e-mail address"),
        ("hello", "not a phone number"),
    ],
)
def test_a_bad_address_is_named(browser_of, alice, line, to, says):
    reply = browser_of(alice).post("/conversations", to=to, text="Hello")

    assert (reply.status_code, says in reply.text) == (422, True)


def test_without_the_form_token_nothing_changes(browser_of, alice, carol):
    mine = browser_of(alice)
    mine.mine = FETCH

    assert mine.post(f"/conversations/{carol.id}/closure").status_code == 400
    db.session.refresh(carol)
    assert carol.status == "open"


@pytest.mark.parametrize(
    "path", ["", "/thread", "/changes?after=0", "/messages", "/messages?before=junk"]
)
def test_mallory_finds_nothing(browser_of, mallory, alice, carol, path):
    assert browser_of(alice).get(f"/conversations/{carol.id}{path}").status_code == 200

    assert browser_of(mallory).get(f"/conversations/{carol.id}{path}").status_code == 404


def test_mallory_changes_nothing(browser_of, mallory, carol):
    mine, path = browser_of(mallory), f"/conversations/{carol.id}"

    answers = [
        mine.post(f"{path}/messages", text="Hi"),
        mine.post(f"{path}/closure"),
        mine.delete(f"{path}/closure"),
        mine.put(f"{path}/seen"),
        mine.post("/conversations", to="+12125550137", text="Hi", line=carol.line_id),
    ]

    assert [answer.status_code for answer in answers] == [404, 404, 404, 404, 422]


def test_mallory_sees_no_row_and_no_count(browser_of, mallory, alice, carol):
    assert "Carol Chen" in browser_of(alice).get("/conversations").text

    page = browser_of(mallory).get("/conversations").text
    told = browser_of(mallory).get(f"/conversations/changes?line-{carol.line_id}=0").json

    assert ("Carol Chen" in page, told) == (False, {"changes": []})


def test_a_stranger_is_sent_to_sign_in(app, carol):
    reply = app.test_client().get(f"/conversations/{carol.id}", headers=NAVIGATION)

    assert (reply.status_code, "/login" in reply.location) == (303, True)


def test_pages_of_a_queue_hold_each_row_once(app, line, alice, monkeypatch):
    monkeypatch.setattr(queues, "PAGE", 3)
    for n in range(8):
        address = contacts.with_address(phone.read(f"+1415555010{n}"))
        conversations.with_person(line, address)
    db.session.commit()

    seen, mark = [], None
    while True:
        rows, mark = queues.page(queues.OPEN, alice, before=mark)
        seen += [row.id for row in rows]
        if mark is None:
            break

    assert (len(seen), len(set(seen))) == (8, 8)


def test_the_longest_waiting_comes_first(app, line, alice, carol):
    address = contacts.with_address(phone.read("+14155550199"))
    later = conversations.with_person(line, address)
    incoming(carol, "first", "m1")
    incoming(later, "second", "m2")

    rows, _ = queues.page(queues.WAITING, alice)

    assert [row.id for row in rows] == [carol.id, later.id]


def test_older_pages_of_a_thread_hold_each_bubble_once(app, alice, carol, monkeypatch):
    monkeypatch.setattr(threads, "PAGE", 3)
    made = [messages.compose(carol, alice, f"Part {n}").id for n in range(8)]
    db.session.commit()

    seen, mark = [], None
    while True:
        rows, mark = threads.page(carol, mark)
        seen = [row.id for row in rows] + seen
        if mark is None:
            break

    assert seen == made


def test_what_one_has_read_is_unread_for_another(browser_of, alice, bob, carol):
    incoming(carol, "Hi", "m1")

    assert browser_of(alice).put(f"/conversations/{carol.id}/seen").status_code == 204

    assert queues.seen_by(alice, [carol]) == {carol.id: 1}
    assert queues.seen_by(bob, [carol]) == {}


@pytest.mark.parametrize(
    "path",
    [
        "/conversations/99999999999999999999",
        "/conversations/1/changes?after=99999999999999999999999",
        "/conversations/changes?line-1=99999999999999999999999",
        "/conversations?before=2026-01-01T00:00:00_-99999999999999999999999",
        "/conversations?before=0001-01-01T00:00:00%2B14:00_1",
        "/conversations?queue=nothing&line=x&before=junk",
    ],
)
def test_an_odd_address_is_no_mistake_of_ours(browser_of, alice, carol, path):
    assert browser_of(alice).get(path).status_code in (200, 404)


def test_what_no_database_stores_is_refused_in_words(browser_of, alice, carol):
    reply = browser_of(alice).post(f"/conversations/{carol.id}/messages", text="a\0b")

    assert (reply.status_code, "cannot be stored" in reply.text) == (422, True)
