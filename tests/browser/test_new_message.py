"""Writing first, to somebody who is not in the list yet."""

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Enter


def _begin(screen, to: str, text: str):
    screen.button("New message").first.click()
    dialog = screen.page.get_by_role("dialog", name="New message")
    dialog.get_by_role("textbox", name="To").fill(to)
    dialog.get_by_role("textbox", name="Message").fill(text)
    return dialog


def test_a_message_to_a_number_as_people_write_it(provider, enter: Enter, carol):
    alice = enter("alice")
    dialog = _begin(alice, carol.name, "Your lamp is ready")

    dialog.get_by_role("button", name="Send").click()

    expect(dialog).to_be_hidden()
    expect(alice.title(carol.name)).to_be_visible()
    expect(alice.bubble("Your lamp is ready")).to_contain_text("Read")
    expect(alice.row(carol.name)).to_have_count(1)
    sent = [one for one in provider.sent() if one["chat_id"] == carol.address]
    assert [one["body"]["text"] for one in sent] == ["Your lamp is ready"]


def test_a_message_to_an_email_address(provider, enter: Enter):
    alice = enter("alice")
    dialog = _begin(alice, "Dana.Diaz@Example.com", "Hello Dana")

    dialog.get_by_role("button", name="Send").click()

    expect(alice.title("dana.diaz@example.com")).to_be_visible()
    expect(alice.bubble("Hello Dana")).to_contain_text("Read")
    sent = [one for one in provider.sent() if one["chat_id"] == "dana.diaz@example.com"]
    assert [one["body"]["text"] for one in sent] == ["Hello Dana"]


@pytest.mark.parametrize(
    ("to", "reason"),
    [
        ("not a number", "“not a number” is not a phone number."),
        ("555", "“555” is not a whole phone number."),
        ("ana@nowhere", "“ana@nowhere” is not an e-mail address."),
    ],
)
def test_an_address_that_is_none_is_refused_beside_the_form(enter: Enter, to, reason):
    alice = enter("alice")
    alice.expects("status of 422")
    dialog = _begin(alice, to, "Hello\nyou")

    dialog.get_by_role("button", name="Send").click()

    expect(dialog.get_by_role("alert")).to_have_text(reason)
    expect(dialog.get_by_role("textbox", name="To")).to_have_value(to)
    expect(dialog.get_by_role("textbox", name="Message")).to_have_value("Hello\nyou")


def test_a_message_without_words_is_refused_beside_the_form(enter: Enter, carol):
    alice = enter("alice")
    alice.expects("status of 422")
    dialog = _begin(alice, carol.name, "  ")

    dialog.get_by_role("button", name="Send").click()

    expect(dialog.get_by_role("alert")).to_contain_text("Write something first.")
    expect(dialog.get_by_role("textbox", name="To")).to_have_value(carol.name)
    expect(alice.row(carol.name)).to_have_count(0)


def test_a_double_click_makes_one_message(provider, enter: Enter, carol):
    alice = enter("alice")
    dialog = _begin(alice, carol.address, "Only once, please")

    dialog.get_by_role("button", name="Send").dblclick()

    expect(alice.bubble("Only once, please")).to_contain_text("Read")
    expect(alice.bubble("Only once, please")).to_have_count(1)
    sent = [one for one in provider.sent() if one["chat_id"] == carol.address]
    assert len(sent) == 1
