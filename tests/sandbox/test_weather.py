"""What each switch does to a request: what the client sees, and what has happened all the same."""

import time
from email.utils import parsedate_to_datetime

import pytest
import requests

from inbox.config import ROOT
from inbox.sandbox.switches import KINDS, Switch
from tests.sandbox.client import CAROL, DAVE, chat_path

CUT = (requests.ConnectionError, requests.exceptions.ChunkedEncodingError)


def post(client, key="k", **more):
    url = f"{client.sandbox.url}{chat_path(CAROL)}/messages"
    return client.session.post(
        url,
        json={"text": "hi"},
        headers={"Idempotency-Key": key},
        allow_redirects=False,
        **{"timeout": 5, **more},
    )


def kept(sandbox):
    return [sent["idempotency_key"] for sent in sandbox.sent()]


NOTHING_DONE = {
    "500": 500,
    "502": 502,
    "503": 503,
    "504": 504,
    "429": 429,
    "429_quota": 429,
    "429_conversation": 429,
    "401": 401,
    "refused": 400,
    "302": 302,
}


@pytest.mark.parametrize(("name", "status"), NOTHING_DONE.items())
def test_a_refused_send_is_not_stored(sandbox, client, name, status):
    sandbox.weather(f"{name}:1")

    assert post(client).status_code == status

    assert kept(sandbox) == []
    assert post(client).status_code == 202
    assert sandbox.struck == {name: 1}


@pytest.mark.parametrize(("name", "status"), {"500_after": 500, "502_after": 502}.items())
def test_a_stored_send_can_look_like_an_error(sandbox, client, name, status):
    sandbox.weather(f"{name}:1")

    assert post(client).status_code == status

    assert kept(sandbox) == ["k"]
    assert post(client).status_code == 200
    assert len(client.messages(CAROL)) == 1


@pytest.mark.parametrize("name", ["reset", "reset_after", "drop", "hang/0.1"])
def test_a_cut_connection_has_stored_it_or_not(sandbox, client, name):
    sandbox.weather(f"{name}:1")

    with pytest.raises(requests.ConnectionError) as cut:
        post(client)

    assert ("Connection reset" in str(cut.value)) == name.startswith("reset")
    assert kept(sandbox) == (["k"] if name in ("reset_after", "drop") else [])


def test_the_next_request_after_a_cut_is_served(sandbox, client):
    sandbox.weather("reset:1", "reset_after:1", "drop:1")

    for _ in range(3):
        with pytest.raises(requests.ConnectionError):
            post(client)

    assert post(client).status_code == 200
    assert sandbox.struck == {"reset": 1, "reset_after": 1, "drop": 1}


def test_a_hanging_request_outlasts_the_patience_of_a_client(sandbox, client):
    sandbox.weather("hang:1")

    with pytest.raises(requests.ReadTimeout):
        post(client, timeout=0.2)

    assert kept(sandbox) == []


def test_an_answer_can_be_late(sandbox, client):
    sandbox.weather("hang_after/0.2:1")
    started = time.monotonic()

    answer = post(client)

    assert time.monotonic() - started > 0.2
    assert answer.status_code == 202
    assert kept(sandbox) == ["k"]


def test_calm_weather_lets_go_of_those_who_wait(sandbox, client):
    sandbox.weather("hang:1")
    with pytest.raises(requests.ReadTimeout):
        post(client, timeout=0.1)
    started = time.monotonic()

    client.control("DELETE", "/weather")
    sandbox.close()

    assert time.monotonic() - started < 5


def test_a_page_of_a_proxy_is_html(sandbox, client):
    sandbox.weather("502:1")

    assert post(client).headers["Content-Type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize(
    ("form", "header"),
    {"seconds": "3", "junk": "soon, please", "none": None, "enormous": "999999999999"}.items(),
)
def test_patience_is_asked_for_in_many_spellings(sandbox, client, form, header):
    sandbox.weather(f"429/{form}")

    assert post(client).headers.get("Retry-After") == header


def test_patience_is_asked_for_as_a_date(sandbox, client):
    sandbox.weather("429/date")

    until = parsedate_to_datetime(post(client).headers["Retry-After"]).timestamp()

    assert -2 < until - time.time() < 5


def test_without_a_form_every_one_comes_up(sandbox, client):
    sandbox.weather("429", seed=1)

    headers = {post(client).headers.get("Retry-After", "none")[:4] for _ in range(40)}

    assert {"3", "soon", "none", "9999"} < headers


@pytest.mark.parametrize("name", ["429_quota", "429_conversation", "refused"])
def test_a_refusal_carries_its_code(sandbox, client, name):
    for form in KINDS[name].forms:
        sandbox.weather(f"{name}/{form}")

        assert post(client).json()["code"] == form


def test_a_message_can_fail_as_it_is_taken(sandbox, client):
    sandbox.weather("failed:1")

    answer = post(client)

    assert (answer.status_code, answer.json()["status"]) == (202, "failed")
    assert client.messages(CAROL)[0]["status"] == "failed"
    assert (post(client).json()["status"], sandbox.struck) == ("failed", {"failed": 1})


def test_an_answer_can_be_no_json(sandbox, client):
    for form in ("cut", "words", "empty"):
        sandbox.weather(f"broken/{form}:1")

        answer = post(client, key=form)

        assert answer.status_code == 202
        with pytest.raises(requests.exceptions.JSONDecodeError):
            answer.json()
    assert kept(sandbox) == ["cut", "words", "empty"]


def test_an_answer_can_be_shorter_than_it_says(sandbox, client):
    sandbox.weather("broken/short:1")

    with pytest.raises(CUT):
        post(client)

    assert kept(sandbox) == ["k"]


def test_only_sends_are_struck_unless_all_are(sandbox, client):
    sandbox.weather("503")
    assert client.ask("GET", "/me").status == 200

    sandbox.weather("503@all:2")

    assert [client.ask("GET", "/me", undeclared=True).status for _ in range(3)] == [503, 503, 200]


def test_the_control_addresses_have_no_weather(sandbox, client):
    sandbox.weather("503@all")

    assert client.ask("GET", "/me", undeclared=True).status == 503
    assert client.control("GET", "/weather").status == 200


def test_of_two_that_would_strike_the_first_does(sandbox, client):
    sandbox.weather("500:1", "503:1")

    assert [post(client).status_code for _ in range(3)] == [500, 503, 202]


def sequence(sandbox, client, *switches, seed):
    sandbox.weather(*switches, seed=seed)
    return [post(client, key=str(number)).status_code for number in range(60)]


def test_a_seed_gives_the_same_weather_again(sandbox, client):
    mixed = ("500=0.3", "429=0.2", "502_after=0.2")
    first = sequence(sandbox, client, *mixed, seed=7)
    assert {500, 429, 502} < set(first)

    again, other = (sequence(sandbox, client, *mixed, seed=seed) for seed in (7, 8))

    assert [status // 100 if status < 300 else status for status in again] == [
        status // 100 if status < 300 else status for status in first
    ]
    assert other != again


def test_a_switch_strikes_the_same_requests_whatever_else_is_set(sandbox, client):
    alone = sequence(sandbox, client, "500=0.3", seed=7)
    assert 500 in alone

    both = sequence(sandbox, client, "500=0.3", "503=0.5", seed=7)

    assert [status == 500 for status in both] == [status == 500 for status in alone]


def test_the_rate_is_about_what_was_asked_for(sandbox):
    sandbox.weather("500=0.2", seed=3)

    struck = sum(sandbox.box.weather.meet(send=True) is not None for _ in range(2000))

    assert 320 < struck < 480
    assert sandbox.struck == {"500": struck}


def test_weather_is_made_and_seen_from_outside(client):
    body = {"switches": ["500:1", {"name": "hang", "form": 2, "rate": 0.5}], "seed": 4}

    made = client.control("PUT", "/weather", body)

    assert (made["seed"], [s["name"] for s in made["switches"]]) == (4, ["500", "hang"])
    assert made["switches"][1]["form"] == "2"
    assert post(client).status_code == 500
    seen = client.control("GET", "/weather")
    assert (seen["struck"], seen["switches"][0]["left"]) == ({"500": 1}, 0)


def test_one_switch_is_set_and_taken_without_the_others(client):
    client.control("PUT", "/weather", {"switches": ["500"]})

    added = client.control("PUT", "/weather/503", {"count": 2})
    left = client.control("DELETE", "/weather/500")

    assert [s["name"] for s in added["switches"]] == ["500", "503"]
    assert [s["name"] for s in left["switches"]] == ["503"]
    assert post(client).status_code == 503


def test_calm_forgets_everything(sandbox, client):
    sandbox.weather("500")
    sandbox.trouble({"status": 503, "times": 3})
    assert [post(client).status_code for _ in range(4)] == [503, 503, 503, 500]

    calm = client.control("DELETE", "/weather")

    assert (calm["switches"], calm["struck"]) == ([], {})
    assert post(client).status_code == 202


@pytest.mark.parametrize(
    "body",
    [
        {"switches": ["rain"]},
        {"switches": ["500=2"]},
        {"switches": ["500=often"]},
        {"switches": ["500:some"]},
        {"switches": ["500:-1"]},
        {"switches": ["500/hard"]},
        {"switches": ["429/never"]},
        {"switches": ["hang/long"]},
        {"switches": ["lost@all"]},
        {"switches": ["500", "500"]},
        {"switches": ["=0.1"]},
        {"switches": [{"name": "500", "mood": "bad"}]},
        {"switches": [{"name": "500", "count": 1.5}]},
        {"switches": [{"rate": 1}]},
        {"switches": [7]},
        {"switches": "500"},
        {"switches": [], "seed": "x"},
    ],
)
def test_what_is_no_weather_is_a_400_and_changes_nothing(client, body):
    client.control("PUT", "/weather", {"switches": ["503"]})

    assert client.control("PUT", "/weather", body).status == 400

    assert [s["name"] for s in client.control("GET", "/weather")["switches"]] == ["503"]


def test_a_wrong_name_is_told_all_that_there_are(sandbox):
    with pytest.raises(ValueError) as wrong:
        sandbox.weather("rain")

    assert all(name in str(wrong.value) for name in KINDS)


def test_a_switch_is_read_as_it_is_written():
    assert Switch.read("429/date@all=0.25:3") == Switch(
        "429", rate=0.25, count=3, form="date", everywhere=True
    )
    assert Switch.read("drop") == Switch("drop", rate=1.0, count=None)


def test_weather_can_be_there_from_the_start(start, connect):
    client = connect(start(weather=("500:1",), seed=3))

    assert [post(client).status_code for _ in range(2)] == [500, 202]
    assert client.messages(CAROL)
    assert client.ask("GET", chat_path(DAVE)).status == 404


def test_every_switch_and_form_is_documented():
    text = (ROOT / "docs" / "sandbox.md").read_text()
    wanted = [word for name, kind in KINDS.items() for word in (name, *kind.forms)]

    assert [word for word in wanted if f"`{word}`" not in text] == []
