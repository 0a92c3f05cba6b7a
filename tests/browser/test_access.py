"""Who sees and hears what."""

from playwright.sync_api import expect

from tests.browser.conftest import Enter
from tests.processes import PASSWORD, Tapback


def test_a_wrong_password_is_refused_beside_the_form(look: Enter):
    screen = look("/login")
    screen.expects("status of 422")
    screen.page.get_by_role("textbox", name="Email").fill("alice@example.com")
    screen.page.get_by_role("textbox", name="Password").fill("wrong horse battery")

    screen.button("Sign in").click()

    expect(screen.page.get_by_role("alert")).to_contain_text("belong together")
    expect(screen.page.get_by_role("textbox", name="Email")).to_have_value("alice@example.com")


def test_after_signing_in_one_is_where_one_wanted_to_go(tapback: Tapback, look: Enter):
    screen = look("/conversations?queue=closed")
    screen.page.get_by_role("textbox", name="Email").fill("adam@example.com")
    screen.page.get_by_role("textbox", name="Password").fill(PASSWORD)

    screen.button("Sign in").click()

    expect(screen.page).to_have_url(f"{tapback.url}/conversations?queue=closed")
    # The page that is being left is cut off, and may ask once more before it is gone.
    screen.expects("status of 401")
    screen.button("Sign out").click()
    expect(screen.button("Sign in")).to_be_visible()


def test_somebody_let_go_is_told_and_hears_nothing_more(tapback: Tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello Dora")
    dora, alice = enter("dora"), enter("alice")
    dora.expects("status of 401")
    dora.open(carol.name)
    alice.open(carol.name)
    tapback.receive(carol.address, "This is for you")
    expect(dora.bubble("This is for you")).to_be_visible()

    tapback.disable_user("dora@example.com")

    expect(dora.page.get_by_text("You were signed out")).to_be_visible()
    tapback.receive(carol.address, "This is not for Dora")
    expect(alice.bubble("This is not for Dora")).to_be_visible()
    dora.settle(1)
    expect(dora.bubble("This is not for Dora")).to_have_count(0)
    assert not any("not for Dora" in frame for frame in dora.heard)
    expect(dora.page.get_by_role("link", name="Sign in again")).to_be_visible()


def test_signing_out_in_one_window_ends_the_others(tapback: Tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Hello Erin")
    one, other = enter("erin"), enter("erin")
    other.expects("status of 401")
    other.open(carol.name)
    other.until(lambda: other.heard, "connection")

    one.button("Sign out").click()

    expect(one.button("Sign in")).to_be_visible()
    expect(other.page.get_by_text("You were signed out")).to_be_visible()
    tapback.receive(carol.address, "Nobody is here")
    other.settle(1)
    expect(other.bubble("Nobody is here")).to_have_count(0)
    assert not any("Nobody is here" in frame for frame in other.heard)


def test_somebody_without_a_line_sees_and_hears_nothing(tapback, enter: Enter, carol):
    tapback.receive(carol.address, "Between us")
    alice, mallory = enter("alice"), enter("mallory")
    mallory.expects("status of 404")
    alice.open(carol.name)
    expect(mallory.rows).to_have_count(0)
    expect(mallory.page.get_by_role("heading", name="No line yet")).to_be_visible()
    mallory.until(lambda: mallory.heard, "connection")

    tapback.receive(carol.address, "Only for Alice")

    expect(alice.bubble("Only for Alice")).to_be_visible()
    assert any("Only for Alice" in frame for frame in alice.heard)
    mallory.settle(1)
    assert not any("Only for Alice" in frame for frame in mallory.heard)
    expect(mallory.rows).to_have_count(0)
    mallory.goto(alice.page.url.removeprefix(tapback.url))
    expect(mallory.page.get_by_role("heading", name="Not here")).to_be_visible()
    expect(mallory.page.get_by_text("Between us")).to_have_count(0)
