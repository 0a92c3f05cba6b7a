"""Open pages keep true by themselves: every message once, in order, in the right place."""

import itertools
import re
import time

from playwright.sync_api import expect

from tests.browser.cable import NOISE, Cable
from tests.browser.conftest import Customer, Enter
from tests.processes import Tapback, received

CUT = 20


def test_a_webhook_and_its_answer_appear_in_two_browsers(tapback, provider, enter: Enter, carol):
    tapback.receive(carol.address, "Is anybody there?")
    alice, bob = enter("alice"), enter("bob")
    alice.open(carol.name)
    bob.open(carol.name)

    tapback.receive(carol.address, "It is about my order")

    for screen in (alice, bob):
        expect(screen.bubble("It is about my order")).to_have_count(1)
        expect(screen.row(carol.name)).to_contain_text("It is about my order")

    alice.write("Yes, we are here")

    for screen in (alice, bob):
        expect(screen.bubble("Yes, we are here")).to_have_count(1)
        expect(screen.bubble("Yes, we are here")).to_contain_text("Read")
        expect(screen.row(carol.name)).to_contain_text("Yes, we are here")
    sent = [one for one in provider.sent() if one["chat_id"] == carol.address]
    assert [one["body"]["text"] for one in sent] == ["Yes, we are here"]
    assert sent[0]["repeats"] == 0


def test_somebody_new_appears_at_the_top_of_the_list(tapback, enter: Enter, carol, dave):
    tapback.receive(carol.address, "I was first")
    alice = enter("alice")
    expect(alice.rows.first).to_contain_text(carol.name)

    tapback.receive(dave.address, "I am new here")

    expect(alice.rows.first).to_contain_text(dave.name)
    expect(alice.row(dave.name)).to_have_count(1)
    expect(alice.link(dave.name)).to_have_accessible_name(re.compile("1 unread"))


def test_what_arrives_while_the_cable_is_cut_is_there_afterwards(
    tapback: Tapback, enter: Enter, carol, cable: Cable
):
    tapback.receive(carol.address, "before the cut 00")
    alice = enter("alice", at=cable.url)
    alice.expects(*NOISE)
    alice.open(carol.name)
    alice.page.evaluate("window.loadedOnce = true")

    cable.cut()
    since = time.monotonic()
    for number in range(1, 31):
        tapback.receive(carol.address, f"during the cut {number:02}")
        alice.settle(0.3)
    expect(alice.page.get_by_text("Not connected")).to_be_visible()
    assert alice.said("during the cut") == []
    alice.settle(max(0, CUT - (time.monotonic() - since)))
    cable.mend()

    expected = [f"{number:02}" for number in range(31)]
    alice.until(lambda: len(alice.said(r"the cut \d\d")) >= 31, "every message", 30)
    tapback.receive(carol.address, "after the cut 31")
    alice.until(lambda: "after the cut" in alice.said("after the cut"), "news after the cut")
    assert [said[-2:] for said in alice.said(r"the cut \d\d")] == [*expected, "31"]
    assert alice.page.evaluate("window.loadedOnce")
    expect(alice.row(carol.name)).to_contain_text("after the cut 31")
    expect(alice.page.get_by_text("Not connected")).to_be_hidden()


def test_twenty_bursts_of_ten_show_each_message_once(tapback, enter: Enter, carol: Customer):
    tapback.receive(carol.address, "Here they come")
    alice, bob = enter("alice"), enter("bob")
    alice.open(carol.name)
    bob.open(carol.name)

    for burst in range(20):
        texts = [f"burst {burst:02} of {number}" for number in range(10)]
        tapback.receive_at_once([received(carol.address, text) for text in texts])
        alice.until(lambda n=burst: len(_burst(alice, n)) >= 10, f"whole burst {burst}")
        assert sorted(_burst(alice, burst)) == texts

    bob.until(lambda: len(bob.said("^burst|(?<=\n)burst")) >= 200, "all bursts for Bob")
    order = alice.said(r"burst \d\d of \d")
    assert len(order) == len(set(order)) == 200
    assert [said[:8] for said in order] == sorted(said[:8] for said in order)
    assert bob.said(r"burst \d\d of \d") == order
    alice.page.reload()
    last = alice.said(r"burst \d\d of \d")
    assert len(last) > 20
    assert order[-len(last) :] == last


def _burst(screen, burst: int) -> list[str]:
    return screen.said(rf"burst {burst:02} of \d")


def test_two_conversations_do_not_mix(tapback: Tapback, enter: Enter, carol, dave):
    tapback.receive(carol.address, "carol 00")
    tapback.receive(dave.address, "dave 00")
    alice = enter("alice")
    alice.open(carol.name)

    for number in range(1, 6):
        tapback.receive(dave.address, f"dave {number:02}")
    expect(alice.row(dave.name)).to_contain_text("dave 05")

    assert alice.said(r"(carol|dave) \d\d") == ["carol 00"]


def test_switching_while_messages_arrive_shows_everything_once(tapback, enter: Enter, carol, dave):
    tapback.receive(carol.address, "carol 00")
    tapback.receive(dave.address, "dave 00")
    alice = enter("alice")
    expect(alice.row(carol.name)).to_be_visible()

    people = itertools.cycle([(carol, "carol"), (dave, "dave")])
    for number in range(1, 13):
        customer, _ = next(people)
        alice.link(customer.name).click()
        tapback.receive_at_once(
            [
                received(carol.address, f"carol {number:02}"),
                received(dave.address, f"dave {number:02}"),
            ]
        )

    for customer, name in ((dave, "dave"), (carol, "carol")):
        alice.open(customer.name)
        alice.until(lambda name=name: len(alice.said(rf"{name} \d\d")) >= 13, f"all of {name}")
        assert alice.said(r"(carol|dave) \d\d") == [f"{name} {number:02}" for number in range(13)]


def test_closing_and_reopening_moves_the_row_for_everybody(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Please mend my lamp")
    alice = enter("alice")
    opened, closed = enter("bob"), enter("bob", "/conversations?queue=closed")
    alice.open(carol.name)
    expect(opened.row(carol.name)).to_be_visible()
    expect(closed.row(carol.name)).to_have_count(0)

    alice.button("Close").click()

    expect(alice.button("Reopen")).to_be_visible()
    expect(opened.row(carol.name)).to_have_count(0)
    expect(closed.row(carol.name)).to_be_visible()

    alice.button("Reopen").click()

    expect(alice.button("Close")).to_be_visible()
    expect(opened.row(carol.name)).to_be_visible()
    expect(closed.row(carol.name)).to_have_count(0)


def test_a_message_reopens_a_closed_conversation(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Thank you!")
    alice, bob = enter("alice"), enter("bob")
    alice.open(carol.name)
    alice.button("Close").click()
    expect(bob.row(carol.name)).to_have_count(0)

    tapback.receive(carol.address, "One more thing")

    expect(bob.row(carol.name)).to_contain_text("One more thing")
    expect(alice.button("Close")).to_be_visible()
