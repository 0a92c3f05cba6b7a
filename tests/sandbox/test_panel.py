"""The control page: who may use it, and that it does what it shows, in a real browser."""

import re
import shutil
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import expect

from inbox.sandbox import KINDS, panel_address
from tests.engines import missing
from tests.processes import wait_until
from tests.sandbox.client import CAROL

AMARA = "+12125550137"


@pytest.fixture
def sandbox(start):
    return start(demo=True)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    chromium = shutil.which("chromium")
    if chromium is None:
        missing("chromium")
    return {**browser_type_launch_args, "executable_path": chromium, "args": ["--no-sandbox"]}


@pytest.fixture
def page(browser):
    page = browser.new_page()
    yield page
    page.close()


@pytest.fixture
def panel(page, sandbox):
    troubles = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.goto(sandbox.panel)
    yield page
    assert troubles == []


def origin(sandbox):
    return f"http://{urlsplit(sandbox.url).netloc}"


def switches(sandbox):
    return sandbox.box.weather.shown()["switches"]


def ask(sandbox, method, path, *, json=None, **headers):
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.request(
        method, f"{sandbox.panel}{path}", json=json, headers=names, timeout=5
    ).status_code


def test_its_address_comes_from_that_of_the_api(sandbox):
    assert sandbox.panel == f"{origin(sandbox)}/sandbox" == panel_address(sandbox.url)
    assert ask(sandbox, "GET", "") == 200


def test_its_script_needs_no_key(sandbox):
    ours = {"X_Sandbox_Panel": "/sandbox", "Origin": origin(sandbox)}

    assert ask(sandbox, "PUT", "/weather/500", json={}, **ours, Sec_Fetch_Site="same-origin") == 200
    assert ask(sandbox, "PUT", "/weather/500", json={}, **ours) == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://evil.example"},
        {"X_Sandbox_Panel": "/sandbox", "Origin": "http://evil.example"},
        {"X_Sandbox_Panel": "/sandbox", "Origin": "http://127.0.0.1:1"},
        {"X_Sandbox_Panel": "/sandbox", "Sec_Fetch_Site": "same-site"},
        {"X_Sandbox_Panel": "/sandbox", "Sec_Fetch_Site": "cross-site"},
    ],
)
def test_another_site_cannot_change_anything(sandbox, headers):
    for method, path, json in (
        ("PUT", "/weather/500", {}),
        ("DELETE", "/weather", None),
        ("POST", "/say", {"from": AMARA, "text": "hi"}),
        ("GET", "/sent", None),
    ):
        assert ask(sandbox, method, path, json=json, **headers) == 401

    assert switches(sandbox) == []


def test_another_site_is_not_told_that_it_may_ask(sandbox):
    wanted = {
        "Origin": "http://evil.example",
        "Access-Control-Request-Method": "PUT",
        "Access-Control-Request-Headers": "x-sandbox-panel",
    }

    answer = requests.options(f"{sandbox.panel}/weather", headers=wanted, timeout=5)

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert answer.status_code == 401


def test_a_foreign_name_for_this_machine_is_refused(sandbox):
    for path in ("", "/now", "/files/panel.js", "/sent"):
        for key in ("", f"Bearer {sandbox.options.key}"):
            answer = ask(sandbox, "GET", path, Host="evil.example:80", Authorization=key)

            assert answer == 403


def test_nothing_is_loaded_from_elsewhere(sandbox):
    answer = requests.get(sandbox.panel, timeout=5)

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
    links = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert links and all(link.startswith("/sandbox/files/") for link in links)
    assert all(requests.get(origin(sandbox) + link, timeout=5).ok for link in links)


def test_every_switch_is_on_it(panel):
    expect(panel.locator(".switch")).to_have_count(len(KINDS))


def test_a_switch_is_set_seen_to_strike_and_off_again(panel, sandbox, client):
    panel.get_by_label("How often 503 strikes").select_option("Next one")
    expect(panel.locator("#state")).to_have_text("1 switch on")

    assert client.send(CAROL, {"text": "hi"}).status == 503

    expect(panel.locator("[data-name='503'] output")).to_have_text("1")
    expect(panel.get_by_label("How often 503 strikes")).to_have_value("")
    expect(panel.locator("#state")).to_have_text("Calm, struck 1 time")


def test_a_form_and_all_requests_are_set(panel, sandbox):
    panel.get_by_label("How often 429 strikes").select_option("10 %")
    row = panel.locator("[data-name='429']")

    panel.get_by_label("Form of 429", exact=True).select_option("date")
    row.get_by_label("all requests").check()

    wanted = {"name": "429", "rate": 0.1, "form": "date", "everywhere": True}
    wait_until(lambda: wanted.items() <= switches(sandbox)[0].items(), "switch as it was set")
    expect(row).to_have_class(re.compile("switch--on"))


def test_what_was_set_elsewhere_is_shown(panel, sandbox):
    sandbox.weather("hang/7=0.33", "lost:4", seed=42)

    expect(panel.get_by_label("How often hang strikes")).to_have_value("0.33")
    expect(panel.get_by_label("Seconds of hang", exact=True)).to_have_value("7")
    expect(panel.locator("[data-name='lost']")).to_contain_text("4 left")
    expect(panel.get_by_label("Seed")).to_have_value("42")


def test_the_seed_is_changed_and_the_switches_stay(panel, sandbox):
    sandbox.weather("500=0.5", seed=1)
    expect(panel.locator("#state")).to_have_text("1 switch on")

    panel.get_by_label("Seed").fill("9")
    panel.get_by_role("button", name="Start over").click()

    wait_until(lambda: sandbox.box.weather.seed == 9, "new seed")
    assert [one["name"] for one in switches(sandbox)] == ["500"]


def test_calm_is_one_click_away(panel, sandbox):
    sandbox.weather("500", "lost")
    sandbox.trouble({"status": 503})
    expect(panel.locator("#state")).to_have_text("2 switches on")

    panel.get_by_role("button", name="Calm everything").click()

    expect(panel.locator("#state")).to_have_text("Calm")
    assert switches(sandbox) == []


def test_somebody_writes_and_what_is_answered_is_shown(panel, client):
    panel.get_by_label("Who").select_option("Amara Okonkwo")
    panel.get_by_label("What").fill("<b>Is it there?</b>")
    panel.get_by_role("button", name="Write").click()
    expect(panel.locator("#said")).to_contain_text("Written at")

    client.send(AMARA, {"text": "<i>It is</i>"}, key="the-key-123456")
    client.send(AMARA, {"text": "<i>It is</i>"}, key="the-key-123456")

    assert "<b>Is it there?</b>" in [m["text"] for m in client.messages(AMARA)]
    send = panel.locator(".send")
    expect(send).to_contain_text("<i>It is</i>")
    expect(send).to_contain_text("key …123456")
    expect(send).to_contain_text("asked again 1×")
    expect(send).to_contain_text("delivered")


def test_somebody_writes_in_a_group(panel, sandbox):
    panel.get_by_label("Who").select_option("Siobhan Murphy, in Loft 4B move-in")
    panel.get_by_role("button", name="Write").click()

    expect(panel.locator("#said")).to_contain_text("Written at")
    chats = sandbox.box.store.rows("SELECT chat FROM message")
    assert [row["chat"] for row in chats] == ["grp_loft4b"]


def test_it_says_so_when_the_sandbox_has_gone(page, sandbox):
    page.goto(sandbox.panel)
    expect(page.locator("#state")).to_have_text("Calm")

    sandbox.close()

    expect(page.locator("#problem")).to_have_text(
        "The sandbox does not answer. Is it still running?"
    )
