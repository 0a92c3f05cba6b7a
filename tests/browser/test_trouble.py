"""A message that does not arrive: why, what can be done, and that the page stays true."""

import re

import pytest
from playwright.sync_api import expect

from tests.browser.cable import NOISE
from tests.browser.conftest import Enter
from tests.processes import wait_until

REFUSED = {"error": "ApiError", "code": "conversation_content_restricted"}
LIMIT = {"error": "ApiError", "code": "conversation_awaiting_reply"}


@pytest.fixture
def thread(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    alice.open(carol.name)
    return alice


def refuse(provider, carol, status=403, body=REFUSED, **more) -> None:
    provider.trouble({"path": carol.address, "status": status, "body": body, **more})


def sent(provider, carol) -> list[str]:
    return [one["body"]["text"] for one in provider.sent() if one["chat_id"] == carol.address]


def test_retry_sends_again_and_says_queued_before_it_says_anything_else(thread, provider, carol):
    refuse(provider, carol)
    thread.write("Look: https://example.com")
    bubble = thread.bubble("Look:")
    expect(bubble).to_contain_text("Failed")
    expect(bubble).to_contain_text("No links or files may go to this person")
    assert sent(provider, carol) == []
    seen = thread.page.evaluate_handle(
        """() => {
            const seen = []
            new MutationObserver(() => {
                const state = [...document.querySelectorAll(".message--out")].at(-1)?.dataset.state
                if (state !== seen.at(-1)) seen.push(state)
            }).observe(document.querySelector("[role=log]"), {childList: true, subtree: true})
            return seen
        }"""
    )

    bubble.get_by_role("button", name="Retry").click()

    expect(bubble).to_contain_text(re.compile("Delivered|Read"))
    expect(bubble.get_by_role("button", name="Retry")).to_have_count(0)
    states = seen.json_value()
    order = ["queued", "sending", "accepted", "sent", "delivered", "read"]
    assert states == sorted(states, key=order.index), states
    assert sent(provider, carol) == ["Look: https://example.com"]


def test_a_failed_message_comes_back_into_the_box_and_its_successor_settles_it(
    thread, provider, carol
):
    refuse(provider, carol)
    thread.write("Look: https://example.com")
    bubble = thread.bubble("Look:")
    expect(bubble).to_contain_text("Failed")
    thread.box.fill("I was typing")

    bubble.get_by_role("button", name="Edit").click()

    expect(thread.box).to_have_value("I was typing\nLook: https://example.com")
    expect(thread.box).to_be_focused()
    thread.write("Look at our page")
    expect(thread.bubble("Look at our page")).to_contain_text(re.compile("Sent|Delivered|Read"))
    expect(bubble.get_by_role("button", name="Set aside")).to_have_count(0)
    assert sent(provider, carol) == ["Look at our page"]


@pytest.fixture
def edited(thread, provider, carol):
    """The bubble whose words are in the box again."""
    refuse(provider, carol)
    thread.write("Look: https://example.com")
    bubble = thread.bubble("Look:")
    bubble.get_by_role("button", name="Edit").click()
    expect(thread.box).to_have_value("Look: https://example.com")
    return bubble


def test_what_is_written_after_the_words_were_thrown_away_settles_nothing(thread, edited):
    thread.box.fill("")

    thread.write("Hello again")

    expect(thread.bubble("Hello again")).to_contain_text(re.compile("Sent|Delivered|Read"))
    expect(edited.get_by_role("button", name="Set aside")).to_be_visible()


def test_words_that_wait_in_the_box_settle_it_also_after_a_reload_and_elsewhere(
    thread, edited, carol, dave, tapback
):
    tapback.receive(dave.address, "Hello")
    thread.page.reload()
    thread.open(dave.name)
    thread.open(carol.name)
    expect(thread.box).to_have_value("Look: https://example.com")

    thread.write("Look at our page")

    expect(thread.bubble("Look at our page")).to_contain_text(re.compile("Sent|Delivered|Read"))
    expect(edited.get_by_role("button", name="Set aside")).to_have_count(0)


def test_words_that_came_back_because_of_a_rule_still_settle_it(thread, edited):
    thread.expects("422")
    thread.write("a" * 10_001)
    expect(thread.page.get_by_text("the most is 10,000")).to_be_visible()
    expect(edited.get_by_role("button", name="Set aside")).to_be_visible()

    thread.write("Look at our page")

    expect(thread.bubble("Look at our page")).to_contain_text(re.compile("Sent|Delivered|Read"))
    expect(edited.get_by_role("button", name="Set aside")).to_have_count(0)


def test_trouble_is_listed_with_its_reason_until_it_is_set_aside(
    thread, provider, carol, enter: Enter
):
    refuse(provider, carol)
    thread.write("Look: https://example.com")
    bob = enter("bob")
    bob.goto("/conversations?queue=attention")
    row = bob.row(carol.name)
    expect(row).to_contain_text("Not delivered: No links or files may go to this person")

    thread.bubble("Look:").get_by_role("button", name="Set aside").click()

    expect(row).to_have_count(0)
    expect(thread.bubble("Look:")).to_contain_text("Failed")
    expect(thread.bubble("Look:").get_by_role("button", name="Retry")).to_be_visible()


def test_the_state_tells_everything_that_happened(thread, provider, carol):
    refuse(provider, carol)
    thread.write("Look: https://example.com")
    bubble = thread.bubble("Look:")

    bubble.get_by_role("button", name="Failed").click()

    history = thread.page.get_by_role("dialog", name="What happened to it")
    expect(history).to_contain_text("Written by Alice Archer")
    expect(history).to_contain_text("Refused")
    expect(history).to_contain_text("conversation_content_restricted")
    thread.page.keyboard.press("Escape")
    expect(history).to_be_hidden()
    expect(bubble.get_by_role("button", name="Failed")).to_be_focused()


def test_the_history_stays_while_its_bubble_is_replaced_and_gives_the_focus_back(
    thread, provider, carol, enter: Enter
):
    refuse(provider, carol)
    thread.write("Look: https://example.com")
    bubble = thread.bubble("Look:")
    bob = enter("bob")
    bob.open(carol.name)
    mark = bubble.get_by_role("button", name="Failed")
    mark.press("Enter")
    history = thread.page.get_by_role("dialog", name="What happened to it")
    expect(history).to_contain_text("Refused")
    mark.press("Enter")
    expect(history).to_be_visible()

    bob.bubble("Look:").get_by_role("button", name="Set aside").click()

    expect(bubble.get_by_role("button", name="Set aside")).to_have_count(0)
    expect(history).to_contain_text("Set aside by Bob Baker")
    thread.page.keyboard.press("Escape")
    expect(history).to_be_hidden()
    expect(mark).to_be_focused()


def test_what_waits_for_an_answer_says_so_and_goes_when_it_comes(thread, provider, carol, tapback):
    refuse(provider, carol, 429, LIMIT)
    thread.write("Any news?")
    bubble = thread.bubble("Any news?")
    expect(bubble).to_contain_text("Held")
    expect(bubble).to_contain_text("only after the person has answered")

    tapback.receive(carol.address, "Yes!")

    expect(bubble).to_contain_text(re.compile("Sent|Delivered|Read"))
    assert sent(provider, carol) == ["Any news?"]


def test_a_line_that_stops_tells_everybody_and_an_admin_lets_it_go_on(
    thread, provider, carol, enter: Enter
):
    adam = enter("adam")
    refuse(provider, carol, 401, {"error": "unauthorized"})
    thread.write("Hello Carol")

    for screen in (thread, adam):
        notice = screen.page.locator("#line-notices")
        expect(notice).to_contain_text("has stopped.")
        expect(notice).to_contain_text("1 message waits until it is mended.")
    expect(thread.button("Try again")).to_have_count(0)
    expect(thread.bubble("Hello Carol")).to_contain_text("Queued")
    adam.page.locator("#line-notices").get_by_role("button", name="Try again").click()

    for screen in (thread, adam):
        expect(screen.page.locator("#line-notices .banner")).to_have_count(0)
    expect(thread.bubble("Hello Carol")).to_contain_text(re.compile("Sent|Delivered|Read"))
    wait_until(lambda: sent(provider, carol) == ["Hello Carol"], "message at the provider")


def test_an_outage_says_what_waits_and_when_it_is_tried_next(
    thread, provider, carol, dave, tapback, enter: Enter
):
    adam = enter("adam")
    provider.trouble({"status": 503, "times": 100, "body": {"error": "x"}})
    for number in range(4):
        thread.write(f"Part {number}")
    tapback.receive(dave.address, "Hello")
    adam.open(dave.name)
    adam.write("Hello Dave")

    notice = thread.page.locator("#line-notices")
    expect(notice).to_contain_text("Blooio does not answer")
    expect(notice).to_contain_text("5 messages wait and go out by themselves.")
    expect(thread.bubble("Part 0")).to_contain_text("Queued")
    expect(thread.row(carol.name)).not_to_contain_text("Not delivered")
    provider.trouble()
    adam.page.locator("#line-notices").get_by_role("button", name="Try now").click()

    expect(thread.page.locator("#line-notices .banner")).to_have_count(0)
    for number in range(4):
        expect(thread.bubble(f"Part {number}")).to_contain_text(re.compile("Sent|Delivered|Read"))
    assert sent(provider, carol) == [f"Part {number}" for number in range(4)]


def test_a_retry_that_does_not_get_through_says_so_beside_the_bubble(
    tapback, provider, carol, enter: Enter, cable
):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice", at=cable.url)
    alice.open(carol.name)
    refuse(provider, carol)
    alice.write("Look: https://example.com")
    bubble = alice.bubble("Look:")
    retry = bubble.get_by_role("button", name="Retry")
    expect(retry).to_be_visible()
    alice.expects(*NOISE)

    cable.cut()
    retry.click()

    expect(bubble.get_by_role("alert")).to_have_text(
        "The server could not be reached. Nothing was changed."
    )
    cable.mend()
    retry.click()
    expect(bubble).to_contain_text(re.compile("Sent|Delivered|Read"))
    assert sent(provider, carol) == ["Look: https://example.com"]
