"""Two people, one conversation: nothing is sent past what somebody has just written."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Enter


def sent(provider, carol) -> list[str]:
    return [one["body"]["text"] for one in provider.sent() if one["chat_id"] == carol.address]


def test_a_reply_begun_before_a_colleagues_is_not_sent_until_its_author_says_so(
    tapback, provider, enter: Enter, carol
):
    tapback.receive(carol.address, "Do you have it in oak?")
    alice, bob = enter("alice"), enter("bob")
    alice.open(carol.name)
    bob.open(carol.name)
    alice.box.press_sequentially("Yes, we have it")
    bob.write("Yes, in oak and walnut")
    expect(alice.bubble("Yes, in oak and walnut")).to_be_visible()

    alice.expects("409")
    alice.box.press("Enter")

    guard = alice.page.get_by_role("alert").filter(has_text="since you started")
    expect(guard).to_contain_text("1 new message since you started. Nothing was sent.")
    expect(alice.box).to_have_value("Yes, we have it")
    expect(alice.messages).to_contain_text("New since you started writing")
    assert sent(provider, carol) == ["Yes, in oak and walnut"]
    alice.button("Send anyway").click()
    expect(alice.bubble("Yes, we have it")).to_contain_text(re.compile("Sent|Delivered|Read"))
    expect(guard).to_be_hidden()
    assert sent(provider, carol) == ["Yes, in oak and walnut", "Yes, we have it"]


def test_who_keeps_editing_sends_what_it_has_become(tapback, provider, enter: Enter, carol):
    tapback.receive(carol.address, "Do you have it in oak?")
    alice = enter("alice")
    alice.open(carol.name)
    alice.box.press_sequentially("Yes")
    tapback.receive(carol.address, "Or rather in walnut?")
    expect(alice.bubble("Or rather in walnut?")).to_be_visible()
    alice.expects("409")
    alice.box.press("Enter")
    expect(alice.button("Keep editing")).to_be_visible()

    alice.button("Keep editing").click()

    expect(alice.box).to_be_focused()
    alice.box.press_sequentially(", in both")
    alice.box.press("Enter")
    expect(alice.bubble("Yes, in both")).to_contain_text(re.compile("Sent|Delivered|Read"))
    assert sent(provider, carol) == ["Yes, in both"]


def test_a_page_that_has_not_heard_is_told_as_well(tapback, provider, enter: Enter, carol, cable):
    from tests.browser.cable import NOISE

    tapback.receive(carol.address, "Do you have it in oak?")
    alice = enter("alice", at=cable.url)
    alice.open(carol.name)
    alice.expects(*NOISE, "409")
    alice.box.press_sequentially("Yes")
    cable.cut()
    tapback.receive(carol.address, "Or rather in walnut?")
    cable.mend()

    alice.box.press("Enter")

    expect(alice.bubble("Or rather in walnut?")).to_be_visible()
    expect(alice.page.get_by_role("alert").filter(has_text="since you started")).to_be_visible()
    expect(alice.box).to_have_value("Yes")
    assert sent(provider, carol) == []


def test_what_was_begun_after_the_news_just_goes(tapback, provider, enter: Enter, carol):
    tapback.receive(carol.address, "Do you have it in oak?")
    alice = enter("alice")
    alice.open(carol.name)
    alice.box.press_sequentially("Yes")
    alice.box.fill("")
    tapback.receive(carol.address, "Or rather in walnut?")
    expect(alice.bubble("Or rather in walnut?")).to_be_visible()

    alice.write("Both")

    expect(alice.bubble("Both")).to_contain_text(re.compile("Sent|Delivered|Read"))
    assert sent(provider, carol) == ["Both"]
