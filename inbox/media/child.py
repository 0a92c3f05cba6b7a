"""A program of its own that opens what strangers sent: pictures and contact cards.

    python -I child.py picture FILE    or    card FILE

Writes what it found to `found.json` and pictures beside it, in the folder it is started in. It runs
under hard limits and may die at any byte; whoever started it goes on. It knows nothing of Tapback.
"""

import ctypes
import json
import resource
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from typing import Any

MEMORY = 512 * 1024 * 1024
SECONDS = 5
WRITES = 24 * 1024 * 1024
PIXELS = 50_000_000
FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "HEIF", "AVIF", "BMP")
THUMBNAIL, DISPLAY = 640, 2048
# What moves is kept moving while it is small: frames, and pixels of all of them together.
FRAMES, MOVING = 120, 16_000_000
CARDS, LINES, LONGEST = 1024 * 1024, 12, 120


def limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITES, WRITES))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    # A user and a network of its own, without a way out, where the system allows it.
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).unshare(0x10000000 | 0x40000000)


def picture(file: Path) -> dict[str, Any]:
    from PIL import Image, ImageOps
    from pillow_heif import register_heif_opener

    warnings.simplefilter("error")
    register_heif_opener(thumbnails=False, depth_images=False, decode_threads=1)
    Image.MAX_IMAGE_PIXELS = PIXELS
    with Image.open(file, formats=FORMATS) as opened:
        if opened.width * opened.height > PIXELS:
            raise ValueError("too many pixels")
        if opened.format in ("GIF", "WEBP") and (frames := _moving(opened)):
            return _moved(frames, opened)
        opened.seek(0)
        whole = (opened.width, opened.height)
        # A JPEG can be read smaller than it is, which saves most of the work.
        opened.draft("RGB", (DISPLAY, DISPLAY))
        opened.thumbnail((DISPLAY, DISPLAY), reducing_gap=2.0)
        turned = opened.getexif().get(0x0112) in (5, 6, 7, 8)
        shown = ImageOps.exif_transpose(opened)
    if shown.mode not in ("RGB", "L"):
        shown = shown.convert("RGBA" if shown.has_transparency_data else "RGB")
    found = {"display": _write(shown, "display")}
    shown.thumbnail((THUMBNAIL, THUMBNAIL))
    width, height = whole[::-1] if turned else whole
    return {**found, "thumbnail": _write(shown, "thumbnail"), "width": width, "height": height}


def _write(shown: Any, name: str) -> str:
    """Only pixels: no place, no camera, no comment. JPEG, or WebP where one can see through."""
    if shown.mode == "RGBA":
        clean, suffix, options = shown, ".webp", {"quality": 82, "method": 2}
    else:
        clean, suffix, options = shown, ".jpg", {"quality": 82, "optimize": False}
    shown.info.clear()
    clean.save(f"{name}{suffix}", **options)
    return f"{name}{suffix}"


def _moving(opened: Any) -> list[Any] | None:
    """Its frames, small; None when it stands still or is too much."""
    frames: list[Any] = []
    most = min(FRAMES, MOVING // max(1, opened.width * opened.height))
    for number in range(most + 1):
        try:
            opened.seek(number)
        except EOFError:
            return frames if len(frames) > 1 else None
        if number == most:
            return None
        frame = opened.convert("RGBA")
        frame.thumbnail((THUMBNAIL, THUMBNAIL))
        frame.info = {"duration": min(10_000, max(20, opened.info.get("duration") or 100))}
        frames.append(frame)
    return None


def _moved(frames: list[Any], opened: Any) -> dict[str, Any]:
    times = [frame.info.pop("duration") for frame in frames]
    options = {"save_all": True, "append_images": frames[1:], "duration": times, "loop": 0}
    frames[0].save("display.webp", quality=75, method=0, **options)
    shown = {"display": "display.webp", "thumbnail": "display.webp"}
    return {**shown, "width": opened.width, "height": opened.height}


def card(file: Path) -> dict[str, Any]:
    import vobject  # type: ignore[import-untyped]

    with file.open("rb") as opened:
        text = opened.read(CARDS).decode("utf-8", "replace")
    people = []
    for one in vobject.readComponents(text, ignoreUnreadable=True, allowQP=True):
        people.append(
            {
                "name": _words(_first(one, "fn") or _first(one, "n")),
                "organization": _words(_first(one, "org")),
                "numbers": _lines(one, "tel"),
                "emails": _lines(one, "email"),
            }
        )
        if len(people) > LINES:
            break
    return {"cards": people[:LINES]}


def _first(one: Any, name: str) -> Any:
    found = one.contents.get(name)
    return found[0].value if found else ""


def _lines(one: Any, name: str) -> list[dict[str, str]]:
    lines = []
    for line in one.contents.get(name, [])[:LINES]:
        kinds = [k for k in line.params.get("TYPE", []) if str(k).lower() not in ("pref", "voice")]
        lines.append({"kind": _words(kinds[0] if kinds else ""), "value": _words(line.value)})
    return [line for line in lines if line["value"]]


def _words(value: Any) -> str:
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:LONGEST]


def main() -> None:
    limit()
    work = {"picture": picture, "card": card}[sys.argv[1]]
    Path("found.json").write_text(json.dumps(work(Path(sys.argv[2]))))


if __name__ == "__main__":
    main()
