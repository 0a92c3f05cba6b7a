"""Where a stranger's address may lead us."""

import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from inbox.media import download as downloading
from inbox.media.download import download
from inbox.media.hosts import Blocked, Place, place, public
from tests.media.host import hosting, ok

BLOOIO = "https://backend.blooio.com/v2/api"
SANDBOX = "http://127.0.0.1:8025/v2/api"


@pytest.mark.parametrize(
    "url",
    [
        "https://bucket.blooio.com/api-attachments/a.jpg?token=x%2F1",
        "https://blooio.com/a",
        "https://media.eu.blooio.com:443/a",
        "HTTPS://BUCKET.BLOOIO.COM/a",
    ],
)
def test_files_of_the_provider_are_fetched(url):
    found = place(url, "blooio", BLOOIO)

    assert (found.port, found.secure) == (443, True)
    assert found.host.endswith("blooio.com")


def test_what_a_path_holds_is_sent_as_an_address_is_written():
    found = place(
        "https://bucket.blooio.com/Фото 1.jpg?a=b c".replace(" ", "%20"), "blooio", BLOOIO
    )

    assert found.target == "/%D0%A4%D0%BE%D1%82%D0%BE%201.jpg?a=b%20c"


@pytest.mark.parametrize(
    "url",
    [
        "http://bucket.blooio.com/a.jpg",
        "ftp://bucket.blooio.com/a.jpg",
        "file:///etc/passwd",
        "gopher://bucket.blooio.com/_x",
        "//bucket.blooio.com/a.jpg",
        "a.jpg",
        "",
        "https://",
        "https:///a.jpg",
        "https://blooio.com.evil.example/a.jpg",
        "https://evilblooio.com/a.jpg",
        "https://evil.example/blooio.com/a.jpg",
        "https://evil.example/?https://bucket.blooio.com/",
        "https://evil.example#@bucket.blooio.com/",
        "https://bucket.blooio.com@evil.example/a.jpg",
        "https://user:secret@bucket.blooio.com/a.jpg",
        "https://@bucket.blooio.com/a.jpg",
        "https://evil.example\\@bucket.blooio.com/a.jpg",
        "https://bucket.blooio.com\\.evil.example/a.jpg",
        "https://bucket.blooio.com:8443/a.jpg",
        "https://bucket.blooio.com:22/a.jpg",
        "https://bucket.blooio.com:0/a.jpg",
        "https://bucket.blooio.com:99999/a.jpg",
        "https://bucket.blooio.com./a.jpg",
        "https://.blooio.com/a.jpg",
        "https://bucket..blooio.com/a.jpg",
        "https://bücket.blooio.com/a.jpg",
        "https://bucket.blooio.com/a\r\nHost: localhost",
        "https://bucket.blooio.com/a b",
        "https://bucket.blooio.com/\u202eexe",
        "https://127.0.0.1/a.jpg",
        "https://localhost/a.jpg",
        "https://2130706433/a.jpg",
        "https://0x7f000001/a.jpg",
        "https://0177.0.0.1/a.jpg",
        "https://127.1/a.jpg",
        "https://0/a.jpg",
        "https://[::1]/a.jpg",
        "https://[::ffff:127.0.0.1]/a.jpg",
        "https://169.254.169.254/latest/meta-data/",
        "https://[fe80::1%25eth0]/a.jpg",
        "https://8.8.8.8/a.jpg",
        "http://127.0.0.1:8025/sandbox/files/lamp.jpg",
        "data:image/png;base64,AAAA",
        "javascript:alert(1)",
    ],
)
def test_nothing_else_is(url):
    with pytest.raises(Blocked):
        place(url, "blooio", BLOOIO)


def test_the_pretend_provider_may_keep_files_on_this_machine():
    found = place("http://127.0.0.1:8025/sandbox/files/lamp.jpg", "blooio", SANDBOX)

    assert found == Place("127.0.0.1", 8025, "/sandbox/files/lamp.jpg", secure=False)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:8026/sandbox/files/lamp.jpg",
        "http://127.0.0.1/sandbox/files/lamp.jpg",
        "http://127.0.0.2:8025/sandbox/files/lamp.jpg",
        "http://localhost:8025/sandbox/files/lamp.jpg",
        "http://127.0.0.1:8025/v2/api/me",
        "http://127.0.0.1:8025/sandbox/files/../../v2/api/me",
        "http://127.0.0.1:8025/sandbox/files/%2e%2e/now",
        "http://127.0.0.1:8025/sandbox",
        "http://user@127.0.0.1:8025/sandbox/files/lamp.jpg",
        "https://127.0.0.1:8025/sandbox/files/lamp.jpg",
        "http://[::1]:8025/sandbox/files/lamp.jpg",
    ],
)
def test_and_nowhere_else_on_it(url):
    with pytest.raises(Blocked):
        place(url, "blooio", SANDBOX)


def test_a_provider_by_name_opens_no_door_on_this_machine():
    with pytest.raises(Blocked):
        place("http://sandbox.example/sandbox/files/a", "blooio", "http://sandbox.example/v2/api")


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "104.16.0.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::8.8.8.8"],
)
def test_the_open_internet_is_public(address):
    assert public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",
        "10.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.1",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::8.8.8.8",
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::127.0.0.1",
        "64:ff9b::10.0.0.1",
        "64:ff9b::169.254.169.254",
        "64:ff9b:1::10.0.0.1",
        "100::1",
        "2001::1",
        "2001:0:7f00:1::",
        "2001:db8::1",
        "2002:7f00:1::",
        "2002:808:808::",
        "fc00::1",
        "fd12:3456::1",
        "fe80::1",
        "fe80::1%eth0",
        "2606:4700::1111%eth0",
        "fec0::1",
        "ff02::1",
        "not an address",
        "2130706433",
        "0177.0.0.1",
    ],
)
def test_what_leads_inside_is_not(address):
    assert not public(address)


def resolving(monkeypatch, *answers):
    """Names lead to these addresses, one answer after the other; gives how often it was asked."""
    asked = []
    waiting = list(answers)

    real = socket.getaddrinfo

    def resolve(host, port, *given, **more):
        if host[0].isdigit():
            return real(host, port, *given, **more)
        asked.append(host)
        found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found]

    monkeypatch.setattr(downloading.socket, "getaddrinfo", resolve)
    return asked


def connecting(monkeypatch):
    """Where connections would go; none is made."""
    tried = []

    def connect(address, **_):
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(downloading.socket, "create_connection", connect)
    return tried


NAMED = Place("bucket.blooio.com", 443, "/a.jpg")


@pytest.mark.parametrize("inside", ["127.0.0.1", "169.254.169.254", "::ffff:10.0.0.1"])
def test_a_name_that_leads_inside_is_never_connected_to(monkeypatch, tmp_path, inside):
    resolving(monkeypatch, [inside])
    tried = connecting(monkeypatch)

    with pytest.raises(Blocked, match="not on the open internet"):
        download(NAMED, tmp_path / "file")

    assert tried == []


def test_one_address_inside_condemns_the_others(monkeypatch, tmp_path):
    resolving(monkeypatch, ["8.8.8.8", "10.0.0.1"])
    tried = connecting(monkeypatch)

    with pytest.raises(Blocked):
        download(NAMED, tmp_path / "file")

    assert tried == []


def test_a_name_that_flips_is_asked_for_once_and_the_checked_address_is_used(monkeypatch, tmp_path):
    asked = resolving(monkeypatch, ["8.8.8.8"], ["127.0.0.1"])
    tried = connecting(monkeypatch)

    with pytest.raises(downloading.Missed):
        download(NAMED, tmp_path / "file")

    assert (asked, tried) == (["bucket.blooio.com"], [("8.8.8.8", 443)])


def test_a_host_without_a_certificate_of_that_name_is_not_believed(monkeypatch, tmp_path):
    with hosting(ok(b"secret")) as host:
        monkeypatch.setattr(downloading, "public", lambda address: True)
        resolving(monkeypatch, ["127.0.0.1"])

        with pytest.raises(downloading.Missed):
            download(Place("bucket.blooio.com", host.port, "/a.jpg"), tmp_path / "file")

        assert host.connections == 1
        assert not any(b"GET" in asked for asked in host.asked)


def test_proxies_of_the_environment_are_not_asked(monkeypatch, tmp_path):
    with hosting(ok(b"from the proxy")) as proxy, hosting(ok(b"from the host")) as host:
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")

        download(place(host.url(), "blooio", host.base_url), tmp_path / "file")

        assert (tmp_path / "file").read_bytes() == b"from the host"
        assert proxy.connections == 0


@pytest.fixture
def trusted(monkeypatch, tmp_path):
    """A host of TLS whose certificate, for the names given, is signed by somebody we trust."""

    def trusted(*names):
        key = ec.generate_private_key(ec.SECP256R1())
        about = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "A test")])
        today = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(about, about, key.public_key(), x509.random_serial_number())
            .not_valid_before(today - timedelta(days=1))
            .not_valid_after(today + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name) for name in names]), critical=False
            )
            .sign(key, hashes.SHA256())
        )
        file = tmp_path / "host.pem"
        file.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + made.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        monkeypatch.setattr(downloading, "where", lambda: str(file))
        monkeypatch.setattr(downloading, "public", lambda address: True)
        resolving(monkeypatch, ["127.0.0.1"])
        return context

    return trusted


def test_a_host_that_proves_its_name_is_believed(trusted, tmp_path):
    with hosting(ok(b"a lamp"), trusted("bucket.blooio.com")) as host:
        download(Place("bucket.blooio.com", host.port, "/a.jpg"), tmp_path / "file")

    assert (tmp_path / "file").read_bytes() == b"a lamp"
    assert b"Host: bucket.blooio.com" in host.asked[0]


@pytest.mark.parametrize("name", ["127.0.0.1", "evil.example", "blooio.com"])
def test_a_host_that_proves_another_name_is_not(trusted, tmp_path, name):
    with (
        hosting(ok(b"a lamp"), trusted(name)) as host,
        pytest.raises(downloading.Missed, match="prove who it is"),
    ):
        download(Place("bucket.blooio.com", host.port, "/a.jpg"), tmp_path / "file")

    assert not any(b"GET" in asked for asked in host.asked)
