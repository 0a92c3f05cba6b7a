"""Names of files, as strangers chose them, made fit for a screen and a disk."""

import re
import unicodedata
from urllib.parse import quote

LONGEST = 150
SUFFIXES = {
    "application/pdf": ".pdf",
    "audio/aac": ".aac",
    "audio/amr": ".amr",
    "audio/mp4": ".m4a",
    "audio/mpeg": ".mp3",
    "audio/ogg": ".ogg",
    "audio/wav": ".wav",
    "audio/x-caf": ".caf",
    "image/avif": ".avif",
    "image/gif": ".gif",
    "image/heic": ".heic",
    "image/jpeg": ".jpg",
    "image/png": ".png",
    "image/webp": ".webp",
    "text/plain": ".txt",
    "text/vcard": ".vcf",
    "video/mp4": ".mp4",
    "video/quicktime": ".mov",
    "video/webm": ".webm",
}
FORBIDDEN = re.compile(r'[<>:"|?*]')
RESERVED = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)", re.IGNORECASE)
SUFFIX = re.compile(r"\.[A-Za-z0-9]{1,10}$")


def clean(name: str | None, content_type: str | None = None) -> str:
    """At most 150 characters, of one folder, without signs that nobody sees: they turn words around
    and hide what a file is. When nothing is left, it is "file"."""
    words = unicodedata.normalize("NFC", name or "")
    words = re.split(r"[/\\]", words)[-1]
    seen = "".join(c if unicodedata.category(c)[0] != "Z" else " " for c in words)
    seen = "".join(c for c in seen if unicodedata.category(c)[0] != "C")
    plain = FORBIDDEN.sub("_", seen).strip(" .")
    plain = " ".join(plain.split()) or "file"
    if RESERVED.match(plain):
        plain = f"_{plain}"
    found = SUFFIX.search(plain)
    suffix = found.group() if found else SUFFIXES.get(content_type or "", "")
    stem = plain[: -len(suffix)] if found else plain
    return stem[: LONGEST - len(suffix)].rstrip(" .") + suffix


def disposition(name: str) -> str:
    """The header that saves a file under this clean name (RFC 6266), for old browsers in ASCII."""
    plain = name.encode("ascii", "replace").decode().replace("?", "_")
    plain = re.sub(r'["\\%]', "_", plain)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
