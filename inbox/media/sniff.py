"""What a file is, by its first bytes: its name, its address and its header are words of others."""

import re
from pathlib import Path

import puremagic

HEAD = 4096
UNKNOWN = "application/octet-stream"
# puremagic takes a HEIC for a film and knows no brands, so what people send most is read here.
STARTS = (
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"caff", "audio/x-caf"),
    (b"#!AMR", "audio/amr"),
    (b"\x1aE\xdf\xa3", "video/webm"),
)
RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
BRANDS = {
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"mif1", b"heif"), "image/heic"),
    **dict.fromkeys((b"hevc", b"hevx", b"msf1"), "image/heic-sequence"),
    **dict.fromkeys((b"avif", b"avis"), "image/avif"),
    **dict.fromkeys((b"M4A ", b"M4B "), "audio/mp4"),
    b"qt  ": "video/quicktime",
}
CARD = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*BEGIN:VCARD\s", re.IGNORECASE)
# An MPEG or ADTS frame of sound: eleven or twelve bits, then a version and layer that exist.
FRAME = re.compile(rb"\A\xff(?:[\xe2\xe3\xf2\xf3\xfa\xfb]|[\xf0\xf1\xf8\xf9])")
# Other words for the same.
ALIASES = {"image/x-ms-bmp": "image/bmp", "audio/x-wav": "audio/wav"}
WORD = re.compile(r"(?:application|audio|font|image|text|video)/[a-z0-9.+-]{1,80}")
ACTIVE = re.compile(r"html|xml|svg|script|ecma|mhtml|x-shockwave|wasm")


def type_of(file: Path) -> str:
    """Its media type. What a browser would run is only "a file"."""
    with file.open("rb") as opened:
        return type_of_bytes(opened.read(HEAD))


def type_of_bytes(head: bytes) -> str:
    head = head[:HEAD]
    return _known(head) or _guessed(head)


def _known(head: bytes) -> str | None:
    for start, found in STARTS:
        if head.startswith(start):
            return found
    if head[:4] == b"RIFF":
        return RIFF.get(head[8:12])
    if head[4:8] == b"ftyp":
        return _brand(head)
    if CARD.match(head):
        return "text/vcard"
    if FRAME.match(head):
        return "audio/aac" if head[1] & 0x06 == 0 else "audio/mpeg"
    return None


def _brand(head: bytes) -> str:
    """The major brand, else the first compatible one that says more than "some film"."""
    length = min(int.from_bytes(head[:4], "big"), len(head))
    brands = [head[8:12], *(head[at : at + 4] for at in range(16, length - 3, 4))]
    return next((BRANDS[brand] for brand in brands if brand in BRANDS), "video/mp4")


def _guessed(head: bytes) -> str:
    try:
        found = str(puremagic.from_string(head, mime=True))
    except (puremagic.PureError, ValueError, IndexError):
        found = ""
    if WORD.fullmatch(found) and not ACTIVE.search(found):
        return ALIASES.get(found, found)
    return "text/plain" if _is_text(head) else UNKNOWN


def _is_text(head: bytes) -> bool:
    if b"\0" in head or head.lstrip()[:1] == b"<":
        return False
    try:
        head[: HEAD - 4].decode()
    except UnicodeDecodeError as error:
        return error.start > HEAD - 12
    return True
