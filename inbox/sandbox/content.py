"""What a send wants to say: plain JSON in, bubbles out, or the refusal the provider would give."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from inbox.sandbox import asked, markdown
from inbox.sandbox.errors import invalid

BUBBLE_EFFECTS = {"slam", "loud", "gentle", "invisible-ink"}
SCREEN_EFFECTS = {
    "echo",
    "spotlight",
    "balloons",
    "confetti",
    "love",
    "lasers",
    "fireworks",
    "celebration",
}
AUDIO = (".mp3", ".m4a", ".wav", ".aac", ".opus", ".ogg")
TITLE = 200


@dataclass(frozen=True)
class Bubble:
    """One message: its text and its attachments as ``{url, name}``."""

    text: str | None = None
    attachments: tuple[dict[str, str | None], ...] = ()
    formatted_text: str | None = None


@dataclass(frozen=True)
class Content:
    """`mode` is single, array (a text list) or balloons (link previews, one message each)."""

    mode: str
    bubbles: tuple[Bubble, ...]
    mentions: tuple[str, ...] = ()
    reply_to: Mapping[str, Any] | None = None
    from_number: str | None = None
    share_contact: bool = False

    @property
    def words(self) -> bool:
        return any(bubble.text for bubble in self.bubbles)

    @property
    def plain(self) -> bool:
        """No links and no attachments."""
        return not any(b.attachments or "://" in (b.text or "") for b in self.bubbles)


def read(body: Mapping[str, Any], max_text: int | None = None) -> Content:
    """Raises Problem for everything that is wrong whoever it is sent to."""
    effect = _effect(body)
    asked.flag(body, "use_typing_indicator")
    _preview(body.get("link_preview"))
    if body.get("parts") is not None:
        mode, bubbles, mentions = _parts(body, effect)
    else:
        mode, bubbles = _texts(body)
        mentions = ()
    if max_text is not None and any(len(b.text or "") > max_text for b in bubbles):
        raise invalid(f"text has at most {max_text} characters.")
    return Content(
        mode,
        markdown.applied(body, bubbles),
        mentions,
        _reply_to(body),
        asked.text(body, "from_number"),
        asked.flag(body, "share_contact"),
    )


def is_link(text: str) -> bool:
    """Whether the text is exactly one http(s) URL."""
    if text != text.strip() or any(c.isspace() for c in text):
        return False
    try:
        split = urlsplit(text)
    except ValueError:
        return False
    return split.scheme in ("http", "https") and bool(split.hostname)


def _texts(body: Mapping[str, Any]) -> tuple[str, tuple[Bubble, ...]]:
    text, attachments = body.get("text"), _attachments(body.get("attachments"))
    if isinstance(text, list):
        if not text or attachments or not all(isinstance(t, str) and t.strip() for t in text):
            raise invalid("A text list has texts only, at least one, and no attachments.")
        return "array", tuple(Bubble(each) for each in text)
    if text is not None and not isinstance(text, str):
        raise invalid("text must be a text or a list of texts.")
    words = text if text and text.strip() else None
    if not words and not attachments:
        raise invalid("A message needs text, attachments or parts.")
    _refuse_mixed_memo(words, attachments)
    return "single", (Bubble(words, attachments),)


def _attachments(found: Any) -> tuple[dict[str, str | None], ...]:
    if found is None:
        return ()
    if not isinstance(found, list):
        raise invalid("attachments must be a list.")
    return tuple(_attachment(each) for each in found)


def _attachment(found: Any) -> dict[str, str | None]:
    given = {"url": found} if isinstance(found, str) else found
    if not isinstance(given, dict):
        raise invalid("An attachment is a URL or an object with url and name.")
    url = asked.text(given, "url", required=True) or ""
    if not is_link(url):
        raise invalid("An attachment needs a public http(s) URL.")
    return {"url": url, "name": asked.text(given, "name")}


def _refuse_mixed_memo(text: str | None, attachments: tuple[dict[str, str | None], ...]) -> None:
    sounds = [a for a in attachments if _is_sound(a)]
    if sounds and (text or len(attachments) > 1):
        raise invalid("A voice memo goes alone, without text or another attachment.")


def _is_sound(attachment: dict[str, str | None]) -> bool:
    path = urlsplit(attachment["url"] or "").path
    return path.lower().endswith(AUDIO) or (attachment["name"] or "").lower().endswith(AUDIO)


def _parts(
    body: Mapping[str, Any], effect: str | None
) -> tuple[str, tuple[Bubble, ...], tuple[str, ...]]:
    parts = body["parts"]
    if effect or body.get("text") is not None or body.get("attachments") is not None:
        raise invalid("parts cannot be combined with text, attachments or effect.")
    if not isinstance(parts, list) or not parts:
        raise invalid("parts must be a list with at least one part.")
    for part in parts:
        _check_part(part)
    if any(part.get("link_preview") is not None for part in parts):
        return "balloons", tuple(_balloon(part) for part in parts), ()
    mentions = tuple(part["mention"] for part in parts if part.get("mention"))
    texts = [part["text"] for part in parts if part.get("text")]
    files = tuple(
        _attachment({"url": p["url"], "name": p.get("name")}) for p in parts if p.get("url")
    )
    return "single", (Bubble("\n".join(texts) or None, files),), mentions


def _check_part(part: Any) -> None:
    if not isinstance(part, dict):
        raise invalid("A part must be an object.")
    text, url = asked.text(part, "text"), asked.text(part, "url")
    if bool(text and text.strip()) == bool(url):
        raise invalid("A part has either text or url.")
    if asked.text(part, "name") is not None and not url:
        raise invalid("name goes with url only.")
    if asked.text(part, "mention") is not None and not text:
        raise invalid("mention goes with text only.")
    _preview(part.get("link_preview"))


def _balloon(part: Mapping[str, Any]) -> Bubble:
    if part.get("url") or part.get("mention") or not is_link(part["text"]):
        raise invalid("With link_preview every part must be exactly one URL as text.")
    return Bubble(part["text"])


def _preview(preview: Any) -> None:
    if preview is None:
        return
    if not isinstance(preview, dict):
        raise invalid("link_preview must be an object.")
    asked.text(preview, "image_url")
    if len(asked.text(preview, "title") or "") > TITLE:
        raise invalid(f"link_preview.title has at most {TITLE} characters.")


def _effect(body: Mapping[str, Any]) -> str | None:
    effect = asked.text(body, "effect")
    if effect is None:
        return None
    effect = effect.strip().lower().replace(" ", "-")
    if effect not in BUBBLE_EFFECTS | SCREEN_EFFECTS | {"none"}:
        raise invalid("No such effect.")
    return effect


def _reply_to(body: Mapping[str, Any]) -> Mapping[str, Any] | None:
    found = body.get("reply_to")
    if found is not None and not isinstance(found, dict):
        raise invalid("reply_to must be an object.", "reply_target_invalid")
    return found
