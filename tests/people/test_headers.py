"""What every answer says to the browser, whatever kind of answer it is."""

import re

import pytest
from flask import Flask, render_template_string

from inbox import create_app
from tests.conftest import PASSWORD, settings_for
from tests.people.visitor import Visitor

pytestmark = pytest.mark.parametrize("engine", ["sqlite"])
ANSWERS = ["/login", "/static/css/index.css", "/nothing", "/livez", "/conversations", "/logout"]


@pytest.fixture
def behind_https(tmp_path) -> Flask:
    return create_app(
        settings_for(tmp_path, public_url="https://inbox.example.com", trusted_proxies=1)
    )


@pytest.mark.parametrize("path", ANSWERS)
def test_every_answer_is_guarded(visitor, app, path):
    with visitor.get(path) as answer:
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'none'; script-src 'nonce-")
        for rule in (
            "'strict-dynamic'",
            "base-uri 'none'",
            "object-src 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ):
            assert rule in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert "camera=()" in answer.headers["Permissions-Policy"]
        assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])


def test_scripts_of_a_page_carry_its_nonce_and_no_other(visitor, app):
    first, second = visitor.get("/login"), visitor.get("/login")

    assert nonce_of(first) != nonce_of(second)
    assert f'nonce="{nonce_of(first)}"' in first.text


def test_pages_are_never_kept(visitor, app):
    for path in ("/login", "/nothing", "/livez"):
        assert visitor.get(path).headers["Cache-Control"] == "no-store"


def test_files_are_kept_as_long_as_their_address_names_their_content(visitor, app):
    with app.test_request_context():
        address = render_template_string("{{ asset('css/index.css') }}")
        library = render_template_string("{{ vendor('htmx.org') }}")

    kept = [cache_of(visitor, path) for path in (address, library)]
    asked_again = cache_of(visitor, "/static/css/index.css")

    assert kept == ["public, max-age=31536000, immutable"] * 2
    assert asked_again == "no-cache"


def test_an_error_is_not_kept_in_place_of_a_file(visitor, app):
    assert cache_of(visitor, "/static/css/gone.css?v=1") == "no-store"


def test_the_cookie_on_http_is_hidden_from_scripts_and_other_sites(visitor, alice):
    cookie = visitor.sign_in(alice.email, PASSWORD).headers["Set-Cookie"]

    assert cookie.startswith("inbox=")
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie
    assert "Secure" not in cookie and "Domain" not in cookie


def test_the_cookie_on_https_is_bound_to_the_host(behind_https, app):
    answer = behind_https.test_client().get("/login", base_url="https://inbox.example.com")

    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-inbox=")
    assert "Secure" in cookie and "HttpOnly" in cookie and "Path=/" in cookie
    assert "Domain" not in cookie


def test_https_is_insisted_on_only_where_it_is(behind_https, visitor, app):
    secure = behind_https.test_client().get("/login")
    plain = visitor.get("/login")

    assert secure.headers["Strict-Transport-Security"].startswith("max-age=31536000")
    assert "Strict-Transport-Security" not in plain.headers


def test_forwarded_addresses_count_only_from_trusted_proxies(behind_https, app):
    forged = {"X-Forwarded-For": "198.51.100.7, 203.0.113.9"}

    assert remote_address(behind_https, forged) == "203.0.113.9"
    assert remote_address(app, forged) == "127.0.0.1"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, 303),
        ({"Sec-Fetch-Site": "none"}, 303),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost"}, 403),
        ({"Origin": "http://localhost"}, 303),
        ({"Origin": "http://127.0.0.1:5000"}, 303),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 303),
    ],
)
def test_what_another_site_sends_is_refused(visitor, alice, headers, status):
    data = {"email": alice.email, "password": PASSWORD, "csrf_token": visitor.token("/login")}

    answer = visitor.client.post("/login", data=data, headers=headers)

    assert answer.status_code == status


def nonce_of(answer) -> str:
    found = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
    assert found
    return found[1]


def cache_of(visitor: Visitor, path: str) -> str:
    with visitor.get(path) as answer:
        return answer.headers["Cache-Control"]


def remote_address(app: Flask, headers: dict[str, str]) -> str:
    from flask import request

    app.add_url_rule("/address", view_func=lambda: request.remote_addr or "")
    return app.test_client().get("/address", headers=headers).text
