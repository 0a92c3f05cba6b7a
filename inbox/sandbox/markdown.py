"""`format: markdown`: four styles, stored plain beside the formatted text."""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from inbox.sandbox.errors import invalid

if TYPE_CHECKING:
    from inbox.sandbox.content import Bubble

STYLE = re.compile(r"(?<!\\)(\*\*|__|\+\+|~~|\*|_)(?=\S)(.+?)(?<=\S)(?<!\\)\1", re.DOTALL)
ESCAPE = re.compile(r"\\([*_+~\\])")
LONGEST, MOST_RANGES = 20_000, 256


def applied(body: Mapping[str, Any], bubbles: tuple["Bubble", ...]) -> tuple["Bubble", ...]:
    """The bubbles as they are, or with their styles taken out of the text."""
    style = body.get("format") or "plain"
    if style not in ("plain", "markdown"):
        raise invalid("format must be plain or markdown.")
    if style == "plain":
        return bubbles
    for bubble in bubbles:
        text = bubble.text or ""
        if bubble.attachments or not text or len(text) > LONGEST or _ranges(text) > MOST_RANGES:
            raise invalid("Markdown needs text without attachments.", "invalid_content")
    return tuple(replace(b, text=plain(b.text or ""), formatted_text=b.text) for b in bubbles)


def plain(text: str) -> str:
    """The text without its style marks; nested ones are taken out from the outside in."""
    while STYLE.search(text):
        text = STYLE.sub(r"\2", text)
    return ESCAPE.sub(r"\1", text)


def _ranges(text: str) -> int:
    return len(STYLE.findall(text))
