"""A conversation on the screen: its words as they were written, its length, its people."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Customer, Enter
from tests.processes import Tapback, received, received_in_group

TEXTS = {
    "newline": "one\ntwo\n\nfour",
    "spaces": "two  spaces\tand a tab",
    "backslash": r"C:\new\table \\ \u0041 \n",
    "markup": "<b>bold</b> <script>alert(1)</script> &amp; &lt;",
    "template": "{{7*7}} {% raw %} ${7*7}",
    "emoji": "👍🏽 👨‍👩‍👧‍👦 🏳️‍🌈 e\u0301",
    "right-to-left": "مرحبا، متى يصل الطلب رقم 20418؟",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_words_arrive_as_they_were_written(tapback: Tapback, enter: Enter, carol, text):
    tapback.receive(carol.address, "Look at this")
    alice = enter("alice")
    alice.open(carol.name)

    tapback.receive(carol.address, text)

    expect(alice.bubbles).to_have_count(2)
    assert alice.holds(text)
    alice.page.reload()
    assert alice.holds(text)


def test_words_leave_as_they_were_typed(tapback: Tapback, provider, enter: Enter, carol):
    tapback.receive(carol.address, "Send me everything")
    alice = enter("alice")
    alice.open(carol.name)

    for text in TEXTS.values():
        _type(alice, text)

    expect(alice.bubble("Read")).to_have_count(len(TEXTS))
    sent = [one["body"]["text"] for one in provider.sent() if one["chat_id"] == carol.address]
    assert sent == list(TEXTS.values())
    assert all(alice.holds(text) for text in TEXTS.values())


def _type(screen, text: str) -> None:
    """By keyboard: Shift+Enter between the lines, Enter at the end."""
    for index, line in enumerate(text.split("\n")):
        if index:
            screen.page.keyboard.press("Shift+Enter")
        screen.box.focus()
        screen.page.keyboard.insert_text(line)
    screen.page.keyboard.press("Enter")


@pytest.fixture(scope="module")
def long(tapback: Tapback) -> Customer:
    """Somebody with 300 messages."""
    customer = Customer("+14245550142")
    start = int(time.time() * 1000) - 300_000
    events = [
        received(customer.address, f"number {number:03}", received_at=start + number * 1000)
        for number in range(300)
    ]
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(tapback.post_webhook, events)) == {200}
    return customer


def test_a_long_conversation_opens_at_its_end(enter: Enter, long):
    alice = enter("alice")

    alice.open(long.name)

    expect(alice.bubble("number 299")).to_be_in_viewport()
    assert len(alice.said(r"number \d{3}")) < 100


def test_older_messages_load_above_and_the_place_is_kept(enter: Enter, long):
    alice = enter("alice")
    alice.open(long.name)
    expect(alice.bubble("number 299")).to_be_in_viewport()
    first = alice.said(r"number \d{3}")[0]

    alice.messages.evaluate("log => log.scrollTop = 0")
    before = _top(alice, first)
    alice.until(lambda: alice.said(r"number \d{3}")[0] != first, "older page")

    assert abs(_top(alice, first) - before) <= 3
    alice.until(lambda: _upward(alice), "first message", 30)
    assert alice.said(r"number \d{3}") == [f"number {number:03}" for number in range(300)]


def _top(screen, text: str) -> float:
    return float(screen.bubble(text).evaluate("one => one.getBoundingClientRect().top"))


def _upward(screen) -> bool:
    screen.messages.evaluate("log => log.scrollTop = 0")
    return bool(screen.said(r"number \d{3}")[0] == "number 000")


def test_what_arrives_while_one_reads_above_is_announced(tapback, enter: Enter, carol):
    for number in range(30):
        tapback.receive(carol.address, f"line {number:02}\nand more\nand more")
    alice = enter("alice")
    alice.open(carol.name)
    expect(alice.bubble("line 29")).to_be_in_viewport()
    alice.messages.evaluate("log => log.scrollTop = 0")
    alice.settle(0.2)
    before = _top(alice, "line 00")

    for number in range(3):
        tapback.receive(carol.address, f"news {number}")

    expect(alice.button("3 new")).to_be_visible()
    assert abs(_top(alice, "line 00") - before) <= 1
    alice.button("3 new").click()
    expect(alice.bubble("news 2")).to_be_in_viewport()
    expect(alice.button("3 new")).to_be_hidden()


def test_a_group_is_one_conversation_with_its_senders(tapback, enter: Enter, carol, dave):
    group, name = f"grp_{secrets.token_hex(6)}", f"Loft {secrets.token_hex(3)}"
    tapback.post_webhook(received_in_group(group, name, carol.address, "The lift is booked"))
    alice = enter("alice")
    alice.open(name)

    tapback.post_webhook(received_in_group(group, name, dave.address, "I bring coffee"))

    expect(alice.bubble("The lift is booked")).to_contain_text(carol.name)
    expect(alice.bubble("I bring coffee")).to_contain_text(dave.name)
    expect(alice.row(name)).to_have_count(1)
    expect(alice.link(carol.name)).to_have_count(0)
    expect(alice.link(dave.name)).to_have_count(0)
