"""Files of customers on the screen: pictures in boxes, sound that plays, names that are saved."""

import re
import sqlite3

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import Enter


@pytest.fixture
def sends(provider):
    """A customer sends files that lie with the pretend provider."""

    def sends(customer, *names, text=None):
        addresses = [n if ":" in n else f"{provider.panel}/files/{n}" for n in names]
        return provider.say(customer.address, text, attachments=addresses)

    return sends


@pytest.fixture
def alice(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "I send you something")
    alice = enter("alice")
    alice.open(carol.name)
    return alice


def pictures(screen):
    return screen.messages.get_by_role("link").filter(has=screen.page.get_by_role("img"))


def test_a_picture_appears_by_itself_in_its_box(alice, sends, carol):
    held = []
    alice.page.route("**/thumbnail", lambda route: held.append(route))

    sends(carol, "lamp-cracked.jpg")

    picture = alice.messages.get_by_role("img", name="Picture lamp-cracked.jpg")
    expect(picture).to_be_visible()
    alice.until(lambda: held, "a picture that is asked for")
    assert not loaded(picture)
    before = picture.bounding_box()
    held[0].continue_()
    alice.until(lambda: loaded(picture), "a picture")
    assert picture.bounding_box() == before
    assert before["width"] == before["height"] > 200
    expect(picture).to_be_in_viewport(ratio=0.9)


def loaded(picture):
    return picture.evaluate("image => image.complete && image.naturalWidth > 0")


def test_the_list_says_that_it_is_a_photo(alice, sends, carol):
    sends(carol, "lamp-box.jpg", "lamp-base.jpg")

    expect(alice.row(carol.name)).to_contain_text("2 photos")


def test_pictures_are_looked_through_with_the_keyboard(alice, sends, carol):
    sends(carol, "lamp-cracked.jpg", "lamp-box.jpg", text="Look")
    expect(pictures(alice)).to_have_count(2)

    pictures(alice).first.focus()
    alice.page.keyboard.press("Enter")

    box = alice.page.get_by_role("dialog", name="lamp-cracked.jpg 1 of 2")
    expect(box).to_be_visible()
    expect(box.get_by_role("img", name="Picture lamp-cracked.jpg")).to_be_visible()
    alice.until(lambda: loaded(box.get_by_role("img")), "the large picture")
    expect(box.get_by_role("link", name="Save the original")).to_have_attribute(
        "href", re.compile(r"/files/\d+/original$")
    )
    alice.page.keyboard.press("ArrowRight")
    expect(alice.page.get_by_role("dialog", name="lamp-box.jpg 2 of 2")).to_be_visible()
    alice.page.keyboard.press("ArrowRight")
    expect(alice.page.get_by_role("dialog", name="lamp-box.jpg 2 of 2")).to_be_visible()
    alice.page.keyboard.press("Escape")
    expect(alice.page.get_by_role("dialog")).to_be_hidden()
    expect(pictures(alice).nth(1)).to_be_focused()
    expect(alice.title(carol.name)).to_be_visible()


def test_a_picture_can_be_stepped_to_with_the_mouse_and_closed_beside_it(alice, sends, carol):
    sends(carol, "lamp-cracked.jpg", "lamp-box.jpg")
    expect(pictures(alice)).to_have_count(2)
    pictures(alice).first.click()
    box = alice.page.get_by_role("dialog")

    box.get_by_role("button", name="Next picture").click()

    expect(alice.page.get_by_role("dialog", name="lamp-box.jpg 2 of 2")).to_be_visible()
    box.click(position={"x": 20, "y": 300})
    expect(box).to_be_hidden()


def test_a_recording_plays_and_goes_on_when_its_bubble_changes(alice, provider, sends, carol):
    message = sends(carol, "voice-memo.wav")
    sound = alice.messages.get_by_label("Recording voice-memo.wav")
    expect(sound).to_be_visible()
    alice.until(lambda: sound.evaluate("one => one.readyState >= 1"), "its length")
    assert 4 < sound.evaluate("one => one.duration") < 6

    sound.evaluate("one => { one.muted = true; return one.play() }")
    alice.until(lambda: sound.evaluate("one => one.currentTime > 0.3"), "sound")
    provider.react(carol.address, message, "love")

    expect(alice.messages.get_by_role("img", name="Reactions: ❤️")).to_be_visible()
    at = sound.evaluate("one => one.currentTime")
    assert at > 0.3
    alice.until(lambda: sound.evaluate("(one, at) => one.currentTime > at", at), "more of it")
    assert not sound.evaluate("one => one.paused")


def test_a_contact_is_read_out_and_saved_under_its_name(alice, sends, carol):
    sends(carol, "ada-obi.vcf")

    bubble = alice.bubble("Ada Obi")
    expect(bubble).to_contain_text("Obi & Daughters")
    expect(bubble).to_contain_text("+1 415 555 0163")
    expect(bubble).to_contain_text("ada@example.com")
    with alice.page.expect_download() as begun:
        bubble.get_by_role("link", name="ada-obi.vcf").click()
    assert begun.value.suggested_filename == "ada-obi.vcf"
    assert "FN:Ada Obi" in begun.value.path().read_text()


def test_what_may_not_be_fetched_says_so(alice, sends, carol):
    sends(carol, "http://169.254.169.254/latest/meta-data")

    bubble = alice.bubble("meta-data")
    expect(bubble).to_contain_text("Not fetched Its address is not a secure one.")
    expect(bubble.get_by_role("button", name=re.compile("Retry"))).to_have_count(0)


def test_what_failed_is_asked_for_again(alice, tapback, sends, carol):
    sends(carol, "nowhere.pdf")
    bubble = alice.bubble("nowhere.pdf")
    expect(bubble).to_contain_text("Not here yet, trying again")
    give_up(tapback, "nowhere.pdf")
    alice.page.reload()
    expect(bubble).to_contain_text("Failed The provider does not have it, or no longer.")

    bubble.get_by_role("button", name="Retry nowhere.pdf").click()

    expect(bubble).to_contain_text("Not here yet, trying again")


def give_up(tapback, name):
    """As after three quarters of an hour."""
    database = sqlite3.connect(tapback.folder / "data" / "inbox.db", timeout=20)
    done = database.execute(
        "UPDATE attachment SET state = 'failed', fetch_after = NULL WHERE name = ?", (name,)
    )
    database.commit()
    database.close()
    assert done.rowcount == 1


def test_nobody_else_gets_a_file(alice, enter: Enter, sends, carol):
    sends(carol, "lamp-cracked.jpg")
    expect(pictures(alice)).to_have_count(1)
    address = pictures(alice).first.get_attribute("href")
    assert alice.page.request.get(alice.address + address).status == 200

    mallory = enter("mallory")

    assert mallory.page.request.get(mallory.address + address).status == 404


def test_a_picture_fits_a_phone(alice, enter: Enter, sends, carol):
    sends(carol, "lamp-cracked.jpg", "lamp-box.jpg", "lamp-base.jpg", text="All three")
    expect(pictures(alice)).to_have_count(3)

    phone = enter("alice", viewport={"width": 390, "height": 844})
    phone.open(carol.name)

    expect(pictures(phone)).to_have_count(3)
    assert phone.page.evaluate("document.documentElement.scrollWidth") <= 390
    pictures(phone).nth(1).click()
    box = phone.page.get_by_role("dialog").get_by_role("img").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
