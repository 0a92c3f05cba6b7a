"""One line for the list: the words, else what kind of thing it is."""

from collections.abc import Sequence

LONGEST = 140
WORDS = {
    "picture": ("Photo", "photos"),
    "video": ("Video", "videos"),
    "audio": ("Recording", "recordings"),
    "card": ("Contact", "contacts"),
}


def of(text: str, *, files: int = 0) -> str:
    words = " ".join(text.split())
    if words:
        return words[:LONGEST]
    return f"{files} files" if files > 1 else "1 file" if files else ""


def of_files(kinds: Sequence[str | None]) -> str:
    """What came without words, once we know what it is: "Photo", "3 photos", "2 files"."""
    one, more = WORDS.get(kinds[0] or "", ("1 file", "files"))
    if len(kinds) == 1:
        return one
    return f"{len(kinds)} {more if len(set(kinds)) == 1 else 'files'}"
