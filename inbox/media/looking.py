"""What a fetched file turns out to be, and what is made of it."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from inbox.media import darkroom, sniff

PICTURES = {
    f"image/{name}"
    for name in ("jpeg", "png", "gif", "webp", "heic", "heic-sequence", "avif", "bmp")
}
MADE = {f"{name}{suffix}" for name in ("display", "thumbnail") for suffix in (".jpg", ".webp")}
MOST_MADE = 24 * 1024 * 1024


@dataclass(frozen=True)
class Look:
    """`display` and `thumbnail` are files beside the original; without them it cannot be shown."""

    content_type: str
    kind: str
    display: Path | None = None
    thumbnail: Path | None = None
    width: int | None = None
    height: int | None = None
    cards: str | None = None


def look_at(file: Path) -> Look:
    """By its content alone. Never raises for what is in it."""
    content_type = sniff.type_of(file)
    if content_type in PICTURES:
        return _picture(content_type, darkroom.develop("picture", file, file.parent) or {}, file)
    if content_type == "text/vcard":
        return _card(darkroom.develop("card", file, file.parent) or {})
    kind = content_type.partition("/")[0]
    return Look(content_type, kind if kind in ("audio", "video") else "file")


def _picture(content_type: str, said: dict[str, Any], file: Path) -> Look:
    display, thumbnail = (_made(said.get(name), file.parent) for name in ("display", "thumbnail"))
    width, height = said.get("width"), said.get("height")
    if not display or not thumbnail or not _length(width) or not _length(height):
        return Look(content_type, "file")
    return Look(content_type, "picture", display, thumbnail, width, height)


def _length(pixels: object) -> bool:
    return isinstance(pixels, int) and 0 < pixels < 1_000_000


def _made(name: object, folder: Path) -> Path | None:
    """The child may be somebody else's by now: only a plain file under a name of ours counts."""
    if name not in MADE:
        return None
    file = folder / str(name)
    plain = file.is_file() and not file.is_symlink()
    return file if plain and 0 < file.stat().st_size <= MOST_MADE else None


def _card(said: dict[str, Any]) -> Look:
    cards = said.get("cards")
    if not isinstance(cards, list) or not cards:
        return Look("text/vcard", "file")
    people = [_person(card) for card in cards if isinstance(card, dict)]
    return Look("text/vcard", "card", cards=json.dumps(people, ensure_ascii=False))


def _person(card: dict[str, Any]) -> dict[str, Any]:
    words = {name: str(card.get(name) or "") for name in ("name", "organization")}
    return {**words, "numbers": _lines(card, "numbers"), "emails": _lines(card, "emails")}


def _lines(card: dict[str, Any], name: str) -> list[dict[str, str]]:
    found = card.get(name)
    lines = found if isinstance(found, list) else []
    return [
        {"kind": str(line.get("kind") or "").lower(), "value": str(line.get("value") or "")}
        for line in lines
        if isinstance(line, dict)
    ]
