"""The names by which people, and software that reads the screen to them, find things."""

import re

from playwright.sync_api import expect

from tests.browser.conftest import Enter

PHONE = {"width": 390, "height": 844}


def test_everything_has_its_role_and_name(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    page = alice.page
    alice.open(carol.name)
    alice.write("Hello Carol")

    expect(alice.link(carol.name)).to_be_visible()
    expect(alice.messages).to_be_visible()
    expect(alice.bubble("Hello Carol")).to_contain_text("Read")
    expect(alice.bubble("Hello Carol")).to_contain_text("iMessage")
    expect(alice.box).to_be_editable()
    expect(page.get_by_role("status", name="Channel")).to_contain_text("iMessage")
    for name in ("Send", "Close", "New message"):
        expect(alice.button(name)).to_be_enabled()


def test_every_control_and_picture_has_a_name(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")
    alice.open(carol.name)

    tree = alice.page.locator("body").aria_snapshot()

    assert re.search(r"- log \"Messages\"", tree)
    nameless = re.findall(
        r"^ *- (?:button|link|textbox|img|checkbox|dialog)(?::| \[|$)", tree, re.M
    )
    assert nameless == []


def test_the_page_is_named_after_the_conversation(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice")

    alice.open(carol.name)

    expect(alice.page).to_have_title(re.compile(re.escape(carol.name)))
    expect(alice.page.locator("html")).to_have_attribute("lang", "en")


def test_on_a_phone_the_list_leads_to_the_thread_and_back(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello")
    alice = enter("alice", viewport=PHONE)
    expect(alice.link(carol.name)).to_be_visible()
    expect(alice.messages).to_be_hidden()

    alice.open(carol.name)

    expect(alice.bubble("Hello")).to_be_in_viewport()
    expect(alice.box).to_be_in_viewport()
    expect(alice.link(carol.name)).to_be_hidden()
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    alice.page.get_by_role("link", name="Back to the list").click()
    expect(alice.link(carol.name)).to_be_visible()
    expect(alice.messages).to_be_hidden()
    assert alice.page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
