"""Writing: what is typed goes out once, or stays with the reason beside it."""

from playwright.sync_api import expect

from tests.browser.cable import NOISE
from tests.browser.conftest import Enter
from tests.processes import wait_until


def test_enter_sends_and_shift_enter_breaks_the_line(tapback, provider, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    alice.open(carol.name)

    alice.box.press_sequentially("first")
    alice.box.press("Shift+Enter")
    alice.box.press_sequentially("second")
    expect(alice.box).to_have_value("first\nsecond")
    alice.box.press("Enter")

    expect(alice.box).to_have_value("")
    assert _sent(provider, carol, 1) == ["first\nsecond"]


def test_enter_that_ends_a_composition_does_not_send(tapback, provider, enter: Enter, carol):
    tapback.receive(carol.address, "こんにちは")
    alice = enter("alice")
    alice.open(carol.name)
    alice.box.focus()
    keyboard = _compose(alice, "にほん")

    composing = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 229}
    keyboard.send("Input.dispatchKeyEvent", {"type": "rawKeyDown", **composing})
    keyboard.send("Input.insertText", {"text": "日本"})
    keyboard.send("Input.dispatchKeyEvent", {"type": "keyUp", **composing})

    expect(alice.box).to_have_value("日本")
    alice.settle()
    expect(alice.bubbles).to_have_count(1)
    alice.box.press("Enter")
    assert _sent(provider, carol, 1) == ["日本"]


def test_a_word_being_composed_outlives_news_about_the_road(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    alice.open(carol.name)
    alice.box.focus()
    keyboard = _compose(alice, "にほん")

    tapback.receive(carol.address, "From my other phone", protocol="sms")

    expect(alice.bubble("From my other phone")).to_contain_text("SMS")
    alice.settle()
    keyboard.send("Input.insertText", {"text": "日本"})
    expect(alice.box).to_have_value("日本")


def test_a_double_click_and_a_double_enter_send_once(tapback, provider, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    alice.open(carol.name)

    alice.box.fill("by double click")
    alice.button("Send").dblclick()
    alice.box.fill("by double Enter")
    alice.box.press("Enter")
    alice.box.press("Enter")

    expect(alice.bubble("by double")).to_have_count(2)
    alice.settle(1)
    expect(alice.bubble("by double")).to_have_count(2)
    assert _sent(provider, carol, 2) == ["by double click", "by double Enter"]


def test_nothing_but_space_is_not_sent(tapback, provider, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    alice.open(carol.name)

    alice.write(" \n ")

    alice.settle()
    expect(alice.bubbles).to_have_count(1)
    assert _sent(provider, carol, 0) == []


def test_a_message_that_is_too_long_comes_back_with_the_reason(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    alice.expects("status of 422")
    alice.open(carol.name)
    text = "long " * 2001

    alice.write(text)

    expect(alice.page.get_by_role("alert")).to_contain_text("10,000")
    expect(alice.box).to_have_value(text)
    expect(alice.bubbles).to_have_count(1)


def test_somebody_who_opted_out_meanwhile_is_not_written_to(tapback, provider, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    alice.expects("status of 422", "WebSocket", "ERR_FAILED")
    alice.open(carol.name)
    _make_deaf(alice)
    tapback.receive(carol.address, "STOP")

    alice.write("Are you sure?")

    expect(alice.page.get_by_role("alert")).to_contain_text("asked not to be messaged")
    expect(alice.box).to_have_value("Are you sure?")
    assert _sent(provider, carol, 0) == []


def test_what_was_typed_outlives_an_opt_out(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    alice.open(carol.name)
    alice.box.fill("I was just about to")

    tapback.receive(carol.address, "STOP")

    expect(alice.page.get_by_text("opted out of messages")).to_be_visible()
    expect(alice.box).to_have_count(0)
    tapback.receive(carol.address, "START")
    expect(alice.box).to_have_value("I was just about to")


def test_a_reply_that_cannot_leave_the_browser_waits_for_a_retry(
    tapback, provider, enter: Enter, carol, cable
):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice", at=cable.url)
    alice.expects(*NOISE)
    alice.open(carol.name)
    cable.cut()

    alice.write("Can you hear me?")

    expect(alice.bubble("Can you hear me?")).to_contain_text("Not sent")
    cable.mend()
    alice.bubble("Can you hear me?").get_by_role("button", name="Retry").click()
    expect(alice.bubble("Can you hear me?")).to_contain_text("Read")
    expect(alice.bubble("Can you hear me?")).to_have_count(1)
    assert _sent(provider, carol, 1) == ["Can you hear me?"]


def _sent(provider, customer, count: int) -> list[str]:
    """What reached the provider for this customer, once that is `count` messages."""

    def texts() -> list[str]:
        return [o["body"]["text"] for o in provider.sent() if o["chat_id"] == customer.address]

    wait_until(lambda: len(texts()) >= count, f"{count} messages at the provider")
    return texts()


def _compose(screen, word: str):
    """A word that an IME has not finished; gives the keyboard with which to go on."""
    keyboard = screen.page.context.new_cdp_session(screen.page)
    place = {"selectionStart": len(word), "selectionEnd": len(word)}
    keyboard.send("Input.imeSetComposition", {"text": word, **place})
    expect(screen.box).to_have_value(word)
    return keyboard


def _make_deaf(screen) -> None:
    """Nothing that happens reaches this page any more; what it posts still arrives."""
    screen.page.route("**/changes?*", lambda route: route.abort())
    screen.page.context.route("**/socket.io/**", lambda route: route.abort())
    screen.page.route_web_socket("**/socket.io/**", lambda socket: socket.close())
    screen.page.reload()
    expect(screen.box).to_be_visible()
