"""What went wrong, in our words: had the request left, was it a no, is another try worth it?"""

import datetime as dt
import gzip
import logging
import socket
import ssl
import time
import traceback
from email.utils import format_datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inbox.errors import ProviderError
from inbox.providers import blooio_errors
from inbox.providers.blooio import Blooio
from inbox.providers.transport import new_session
from tests.providers.conftest import KEY
from tests.providers.server import Server, answer, close, drip, raw, reset

CAROL = "+15551234567"
TEXT = "My secret text"


def failure(blooio):
    with pytest.raises(ProviderError) as caught:
        blooio.send(CAROL, idempotency_key="k", text=TEXT)
    return caught.value


def kind_of(address, **options):
    return failure(Blooio(address, KEY, **options)).kind


# Answers


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (301, "redirected"),
        (307, "redirected"),
        (400, "refused"),
        (401, "unauthorized"),
        (402, "refused"),
        (403, "refused"),
        (404, "refused"),
        (408, "unknown"),
        (409, "duplicate"),
        (410, "refused"),
        (413, "refused"),
        (422, "refused"),
        (425, "unavailable"),
        (429, "throttled"),
        (500, "unavailable"),
        (501, "refused"),
        (502, "unknown"),
        (503, "unavailable"),
        (504, "unknown"),
        (524, "unavailable"),
    ],
)
@pytest.mark.parametrize("body", [{"error": "ApiError"}, b"", b"<html>Bad</html>", b"[1]"])
def test_every_status_has_its_kind_whatever_the_body(server, blooio, status, kind, body):
    server.plays(answer(status, body))

    error = failure(blooio)

    assert (error.kind, error.status, error.code) == (kind, status, None)
    assert len(server.requests) == 1


def test_a_quota_is_told_from_a_throttle_by_its_code_and_keeps_its_figures(server, blooio):
    body = {
        "error": "ApiError",
        "message": "Daily cap.",
        "status": 429,
        "code": "new_conversation_limit_reached",
        "plan_id": "shared",
        "cap": 5,
        "current": 5,
    }
    server.plays(answer(429, body))

    error = failure(blooio)

    assert (error.kind, error.code) == ("limited", "new_conversation_limit_reached")
    assert error.details == {"plan_id": "shared", "cap": 5, "current": 5}
    assert error.message == "Daily cap."


@pytest.mark.parametrize(
    ("body", "code", "message"),
    [
        ({"error": "ApiError"}, None, ""),
        ({"error": "string", "status": 0}, None, ""),
        ({"error": "ApiError", "message": "Resource not found."}, None, "Resource not found."),
        ({"error": "Coming soon", "message": "Soon."}, None, "Soon."),
        ({"error": "Coming soon"}, None, "Coming soon"),
        ({"error": {"code": "x", "message": "m", "details": {"cap": 1}}}, "x", "m"),
        ({"error": {"code": None, "message": ["m"]}}, None, ""),
        ({"error": None, "message": {"a": 1}, "code": []}, None, ""),
        ({}, None, ""),
    ],
)
def test_every_shape_of_error_is_read(server, blooio, body, code, message):
    server.plays(answer(400, body))

    error = failure(blooio)

    assert (error.kind, error.code, error.message) == ("refused", code, message)


def test_a_page_of_html_becomes_a_short_line(server, blooio):
    page = b"<html><style>p{}</style><h1>502 Bad\n Gateway</h1>" + b"<p>nginx</p>" * 500
    server.plays(answer(502, page))

    message = failure(blooio).message

    assert message.startswith("502 Bad Gateway nginx")
    assert len(message) <= 200


def test_neither_key_nor_number_nor_text_is_in_an_exception_or_a_log(server, blooio, caplog):
    caplog.set_level(logging.DEBUG)
    body = {
        "error": "ApiError",
        "message": f"Key {KEY} may not write to {CAROL} or ann@example.com",
        "code": f"no_{KEY}",
        "hint": f"Bearer {KEY}",
    }
    odd = b"HTTP/1.1 403 No\r\nX-Odd\r\n : y\r\n\r\n"  # urllib3 warns of it with the address
    server.plays(answer(403, body), raw(odd), reset)

    shown = []
    for _ in range(3):
        error = failure(blooio)
        shown += ["".join(traceback.format_exception(error)), repr(error), str(error.details)]
        shown += [str(error.code), repr(blooio), repr(vars(blooio)), repr(vars(blooio._road))]

    assert "Key *** may not write to …67 or …" in shown[0]
    for words in shown:
        assert KEY not in words
        assert "5551234567" not in words
        assert "example.com" not in words
        assert TEXT not in words
    assert KEY not in caplog.text
    assert "5551234567" not in caplog.text


@pytest.mark.parametrize("key", ["", "  ", "two words", "schlüssel", "line\nbreak"])
def test_a_key_that_cannot_be_one_is_unauthorized_without_a_request(server, key):
    error = failure(Blooio(server.url, key))

    assert error.kind == "unauthorized"
    assert not key.strip() or key not in str(error)
    assert server.requests == []


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("2", 2),
        (" 7 ", 7),
        ("0", 0),
        ("86400", 900),
        ("999999999999", 900),
        ("-5", None),
        ("1.5", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("Mon, 01 Jan 2024 00:00:00 GMT", None),
        ("Mon, 99 Foo 2024 00:00:00 GMT", None),
        ("Wed, 21 Oct 2099 07:28:00 GMT", 900),
        (None, None),
    ],
)
def test_retry_after_is_seconds_or_a_date_and_junk_is_ignored(header, seconds):
    assert blooio_errors.retry_after(header) == seconds


def test_retry_after_as_a_date_becomes_seconds(server, blooio):
    soon = dt.datetime.now(dt.UTC) + dt.timedelta(seconds=30)
    server.plays(answer(429, {"error": "x"}, Retry_After=format_datetime(soon, usegmt=True)))

    error = failure(blooio)

    assert error.kind == "throttled"
    assert 25 <= error.retry_after <= 30


def test_a_redirect_is_not_followed_not_even_a_strange_one(server, blooio):
    other = Server()
    for location in (f"{other.url}/x", "http://[", "\xff\xfe", "//"):
        server.plays(answer(302, b"x" * 1000, Location=location))

        assert failure(blooio).kind == "redirected"

    assert other.requests == []
    other.stop()


# Broken roads


def test_nobody_listening_is_unreachable():
    assert kind_of("http://127.0.0.1:1/v2/api") == "unreachable"


def test_a_name_that_does_not_resolve_is_unreachable():
    assert kind_of("http://nobody.invalid/v2/api", connect_timeout=1) == "unreachable"


@pytest.mark.parametrize("address", ["", "api.blooio.com", "http://", "ftp://x/y", "http://a..b/"])
def test_an_address_that_is_none_is_unreachable(address):
    assert kind_of(address) == "unreachable"


def test_a_connection_that_is_never_taken_is_unreachable():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        port = listener.getsockname()[1]
        waiting = [socket.socket() for _ in range(2)]  # fill the queue: the next one waits
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", port))

        assert kind_of(f"http://127.0.0.1:{port}", connect_timeout=0.2) == "unreachable"

        for one in waiting:
            one.close()


@pytest.mark.parametrize("script", [close, reset, raw(b"HT"), raw(b"HTTP/1.1 2"), raw(b"\0\0\r\n")])
def test_a_connection_that_breaks_after_writing_is_unknown(server, blooio, script):
    server.plays(script)

    assert failure(blooio).kind == "unknown"
    assert len(server.requests) == 1


def test_an_answer_that_does_not_come_is_unknown(server):
    server.plays(server.hang)

    assert kind_of(server.url, read_timeout=0.2) == "unknown"
    assert len(server.requests) == 1


def test_a_kept_connection_that_the_server_closes_on_the_request_is_unknown(server, blooio):
    server.plays(answer(202, {"message_id": "m"}), close)
    blooio.send(CAROL, idempotency_key="k", text="hi")

    assert failure(blooio).kind == "unknown"
    assert len(server.requests) == 2


def test_a_kept_connection_that_was_closed_meanwhile_is_replaced(server, blooio):
    first = raw(b'HTTP/1.1 202 OK\r\nContent-Length: 18\r\n\r\n{"message_id":"m"}')
    server.plays(first, answer(202, {"message_id": "n"}))
    blooio.send(CAROL, idempotency_key="k", text="hi")
    time.sleep(0.05)

    assert blooio.send(CAROL, idempotency_key="k", text="hi").message_ids == ("n",)


def test_half_a_good_answer_is_unknown(server, blooio):
    server.plays(raw(b'HTTP/1.1 202 OK\r\nContent-Length: 99\r\n\r\n{"message_id":"m"}'))

    assert failure(blooio).kind == "unknown"


def test_half_a_refusal_is_a_refusal(server, blooio):
    server.plays(raw(b'HTTP/1.1 400 Bad\r\nContent-Length: 99\r\n\r\n{"error":'))

    assert failure(blooio).kind == "refused"


def test_an_endless_good_answer_is_given_up_as_unknown(server, blooio):
    server.plays(raw(b"HTTP/1.1 202 OK\r\n\r\n" + b" " * (5 * 1024 * 1024)))

    assert failure(blooio).kind == "unknown"


def test_a_dripping_answer_is_given_up_as_unknown(server):
    head = b"HTTP/1.1 202 OK\r\nContent-Length: 4000\r\n\r\n"
    server.plays(lambda connection: connection.sendall(head) or drip(b" " * 99, 0.05)(connection))
    began = time.monotonic()

    assert kind_of(server.url, read_timeout=0.2) == "unknown"
    assert time.monotonic() - began < 2


def test_a_compressed_and_a_chunked_answer_are_read(server, blooio):
    packed = gzip.compress(b'{"message_id":"m"}')
    chunks = b'9\r\n{"message\r\n9\r\n_id":"n"}\r\n0\r\n\r\n'
    server.plays(
        answer(202, packed, Content_Encoding="gzip"),
        raw(b"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks),
    )

    assert blooio.send(CAROL, idempotency_key="k", text="hi").message_ids == ("m",)
    assert blooio.send(CAROL, idempotency_key="k", text="hi").message_ids == ("n",)


def test_an_answer_that_cannot_be_unpacked_is_unknown(server, blooio):
    server.plays(answer(202, b"not gzip", Content_Encoding="gzip"))

    assert failure(blooio).kind == "unknown"


def test_the_environments_proxy_is_not_asked(server, blooio, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    server.plays(answer(202, {"message_id": "m"}))

    assert blooio.send(CAROL, idempotency_key="k", text="hi").message_ids == ("m",)


def test_cookies_are_not_kept(server, blooio):
    server.plays(
        answer(202, {"message_id": "m"}, Set_Cookie="a=b"), answer(202, {"message_id": "n"})
    )
    for key in "12":
        blooio.send(CAROL, idempotency_key=key, text="hi")

    assert "cookie" not in server.requests[1].headers


# TLS


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for 127.0.0.1 with its key, in one file."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = dt.datetime.now(dt.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(names, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    file.write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + made.public_bytes(pem)
    )
    return file


@pytest.fixture
def tls_server(certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server = Server(context)
    yield server
    server.stop()


def trusting(certificate):
    session = new_session()
    session.verify = str(certificate)
    return session


def test_an_answer_over_tls_is_read(tls_server, certificate):
    tls_server.plays(answer(202, {"message_id": "m"}))
    blooio = Blooio(tls_server.url, KEY, session=trusting(certificate))

    assert blooio.send(CAROL, idempotency_key="k", text="hi").message_ids == ("m",)


def test_a_certificate_that_nobody_vouches_for_is_unreachable(tls_server):
    assert kind_of(tls_server.url) == "unreachable"
    assert tls_server.requests == []


def test_a_server_without_tls_is_unreachable(server):
    assert kind_of(f"https://{server.address}/v2/api", connect_timeout=0.3) == "unreachable"


def test_a_handshake_that_hangs_is_unreachable():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"https://127.0.0.1:{silent.getsockname()[1]}"

        assert kind_of(address, connect_timeout=0.2) == "unreachable"


@pytest.mark.parametrize("script", [close, reset])
def test_tls_that_breaks_after_writing_is_unknown(tls_server, certificate, script):
    tls_server.plays(script)

    assert kind_of(tls_server.url, session=trusting(certificate)) == "unknown"
    assert len(tls_server.requests) == 1
