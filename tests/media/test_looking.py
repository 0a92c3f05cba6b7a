"""What strangers send is opened in a process that may die of it."""

import io
import json
import os
import resource
import time
from pathlib import Path

import pytest
from PIL import Image

from inbox.media import child, darkroom, sniff
from inbox.media.looking import look_at
from tests.media import pictures


@pytest.fixture
def look(tmp_path):
    def look(content):
        file = tmp_path / "original"
        file.write_bytes(content)
        return look_at(file)

    return look


def opened(path):
    return Image.open(io.BytesIO(path.read_bytes()))


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (pictures.saved(pictures.drawn(), "GIF"), "image/gif"),
        (pictures.jpeg(), "image/jpeg"),
        (pictures.saved(pictures.drawn(), "PNG"), "image/png"),
        (pictures.saved(pictures.drawn(), "WEBP"), "image/webp"),
        (pictures.saved(pictures.drawn(), "AVIF"), "image/avif"),
        (pictures.saved(pictures.drawn(), "BMP"), "image/bmp"),
        (pictures.heic(), "image/heic"),
    ],
)
def test_a_picture_becomes_one_that_every_browser_shows(look, content, content_type):
    found = look(content)

    assert sniff.type_of_bytes(content) == found.content_type == content_type
    assert (found.kind, found.width, found.height) == ("picture", 400, 300)
    assert sniff.type_of(found.display) in ("image/jpeg", "image/webp")
    assert opened(found.thumbnail).size == (found.width, found.height)


def test_a_large_picture_becomes_small_in_its_own_shape(look):
    found = look(pictures.jpeg(4000, 1000))

    assert (found.width, found.height) == (4000, 1000)
    assert opened(found.display).size == (2048, 512)
    assert opened(found.thumbnail).size == (640, 160)


def test_a_picture_on_its_side_is_turned_and_keeps_no_secret(look):
    content = pictures.located()
    assert b"SECRET" in content

    found = look(content)

    display = opened(found.display)
    assert (found.width, found.height) == display.size == (300, 400)
    assert display.getpixel((150, 20))[0] > 200, "red was on the left, and is on top now"
    assert b"SECRET" not in found.display.read_bytes() + found.thumbnail.read_bytes()
    assert dict(display.getexif()) == {}


def test_what_can_be_seen_through_stays_so(look):
    image = Image.new("RGBA", (100, 100), (255, 0, 0, 0))

    found = look(pictures.saved(image, "PNG"))

    assert opened(found.display).convert("RGBA").getpixel((5, 5))[3] == 0


def test_a_small_film_of_pictures_keeps_moving(look):
    found = look(pictures.moving(6))

    assert opened(found.display).n_frames == 6
    assert found.display == found.thumbnail


def test_one_with_a_hundred_thousand_pictures_stands_still(look):
    began = time.monotonic()

    found = look(pictures.endless_gif())

    assert (found.kind, found.width) == ("picture", 1000)
    assert getattr(opened(found.display), "n_frames", 1) == 1
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    "content",
    [
        pictures.huge_png(),
        pictures.heic(2000, 1500)[:-500],
        pictures.heic()[:200],
        pictures.jpeg(2000, 1500)[:-2000],
        pictures.jpeg()[:4] + pictures.HTML,
        b"GIF89a" + b"\xff" * 100,
        b"\x89PNG\r\n\x1a\n" + b"\0" * 1000,
        b"RIFF\xff\xff\xff\xffWEBPVP8 ",
    ],
)
def test_what_cannot_be_opened_is_a_file(look, content):
    assert sniff.type_of_bytes(content).startswith("image/")

    found = look(content)

    assert (found.kind, found.display, found.thumbnail) == ("file", None, None)


@pytest.mark.parametrize(
    "content",
    [pictures.SVG, pictures.HTML, b"<svg/>", b"\n\n <HTML>", b"<?xml version='1.0'?><a/>"],
)
def test_what_a_browser_would_run_is_no_picture_and_has_no_type(look, content):
    found = look(content)

    assert (found.kind, found.content_type) == ("file", "application/octet-stream")


@pytest.mark.parametrize("behind", [pictures.HTML, pictures.SVG, b"PK\x03\x04" + b"x" * 100])
def test_what_hides_behind_a_picture_is_gone_from_what_is_shown(look, behind):
    found = look(pictures.jpeg() + behind)

    assert found.kind == "picture"
    assert behind not in found.display.read_bytes()


@pytest.mark.parametrize(
    ("content", "content_type", "kind"),
    [
        (pictures.sound(), "audio/wav", "audio"),
        (b"ID3\x04" + b"\0" * 100, "audio/mpeg", "audio"),
        (b"\xff\xfb\x90\x44" + b"\0" * 100, "audio/mpeg", "audio"),
        (b"\xff\xf1\x50\x80" + b"\0" * 100, "audio/aac", "audio"),
        (b"\0\0\0\x1cftypM4A \0\0\0\0M4A mp42isom", "audio/mp4", "audio"),
        (b"caff\0\1\0\0desc", "audio/x-caf", "audio"),
        (b"#!AMR\n", "audio/amr", "audio"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", "video/mp4", "video"),
        (b"\0\0\0\x14ftypqt  \0\0\0\0qt  ", "video/quicktime", "video"),
        (b"%PDF-1.7\n", "application/pdf", "file"),
        (b"Hello, here is the address", "text/plain", "file"),
        (b"\x01\x02\x03\x00" * 20, "application/octet-stream", "file"),
    ],
)
def test_the_type_is_that_of_the_content(look, content, content_type, kind):
    found = look(content)

    assert (found.content_type, found.kind) == (content_type, kind)


def test_a_contact_card_is_read(look):
    found = look(pictures.CARD)

    assert found.kind == "card"
    assert json.loads(found.cards) == [
        {
            "name": "Carol Chen",
            "organization": "Alder & Oak",
            "numbers": [{"kind": "cell", "value": "+1 415 555 0132"}],
            "emails": [{"kind": "work", "value": "carol@example.com"}],
        }
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"BEGIN:VCARD\n" + b"A:B\n" * 200_000,
        b"BEGIN:VCARD\n" * 20_000,
        b"BEGIN:VCARD\nTEL:" + b"9" * 900_000,
        b"BEGIN:VCARD\n\xff\xfe\x00",
    ],
)
def test_a_card_that_is_none_is_a_file(look, content):
    began = time.monotonic()

    assert look(content).kind == "file"

    assert time.monotonic() - began < 14


def test_a_card_has_an_end(look):
    name = "N" * 5000
    card = f"BEGIN:VCARD\nVERSION:3.0\nFN:{name}\n" + "TEL:+1\n" * 500 + "END:VCARD\n"

    (person, *others) = json.loads(look(card.encode() * 50).cards)

    assert (len(person["name"]), len(person["numbers"]), len(others)) == (120, 12, 11)


def hostile(monkeypatch, tmp_path, *, program):
    """A child that somebody else has taken over."""
    file = tmp_path / "child.py"
    limits = Path(child.__file__).read_text().partition("def picture")[0]
    file.write_text(f"{limits}\nlimit()\n{program}\n")
    monkeypatch.setattr(darkroom, "CHILD", file)
    folder = tmp_path / "room"
    folder.mkdir()
    return folder


def develop(folder):
    (folder / "original").write_bytes(b"x")
    return darkroom.develop("picture", folder / "original", folder)


@pytest.mark.parametrize(
    "program",
    [
        "x = bytearray(1 << 30)",
        "while True: pass",
        "open('found.json', 'wb').write(b'[' * (1 << 26))",
        "open('found.json', 'w').write('[]')",
        "open('found.json', 'w').write('nonsense')",
        "pass",
        "import os; os.kill(os.getpid(), 9)",
        "import os; os.kill(os.getpid(), 11)",
    ],
    ids=["memory", "processor", "writes", "list", "nonsense", "silent", "killed", "crashed"],
)
def test_we_outlive_a_child_that_goes_wrong(monkeypatch, tmp_path, program):
    """Its own limits end it, before our patience does: however slow this machine is."""
    monkeypatch.setattr(darkroom, "PATIENCE", 120.0)
    folder = hostile(monkeypatch, tmp_path, program=program)
    before = spent_by_children()
    began = time.monotonic()

    assert develop(folder) is None

    assert spent_by_children() - before < child.SECONDS + 2
    assert time.monotonic() - began < darkroom.PATIENCE


def spent_by_children():
    """Seconds of the processor."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_a_child_that_sleeps_is_killed_with_its_children(monkeypatch, tmp_path):
    monkeypatch.setattr(darkroom, "PATIENCE", 1.5)
    program = (
        "import os, time; open('pid', 'w').write(str(os.fork() or os.getpid())); time.sleep(60)"
    )
    folder = hostile(monkeypatch, tmp_path, program=program)

    assert develop(folder) is None

    assert not alive(int((folder / "pid").read_text()))


def alive(pid):
    """Still running: a killed one that nobody has buried is not."""
    try:
        return " Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


def test_a_child_gets_nothing_of_our_environment(monkeypatch, tmp_path):
    monkeypatch.setenv("BLOOIO_API_KEY", "a secret")
    program = "import os; open('found.json', 'w').write(json.dumps(dict(os.environ)))"
    folder = hostile(monkeypatch, tmp_path, program=program)

    assert "BLOOIO_API_KEY" not in develop(folder)


def test_a_child_cannot_hand_us_a_file_of_ours(monkeypatch, tmp_path):
    secret = tmp_path / "secret.key"
    secret.write_text("a secret")
    program = (
        f"import os; os.symlink({str(secret)!r}, 'display.jpg')\n"
        "os.link('original', 'thumbnail.jpg')\n"
        "said = {'display': 'display.jpg', 'thumbnail': 'thumbnail.jpg', 'width': 9, 'height': 9}\n"
        "open('found.json', 'w').write(json.dumps(said))"
    )
    folder = hostile(monkeypatch, tmp_path, program=program)
    (folder / "original").write_bytes(pictures.jpeg())

    found = look_at(folder / "original")

    assert (folder / "display.jpg").is_symlink()
    assert (found.kind, found.display) == ("file", None)


def test_opening_costs_this_process_no_memory(look):
    def resident():
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    content = pictures.huge_png()
    before = resident()

    look(content)

    assert resident() - before < 50 * 1024 * 1024
