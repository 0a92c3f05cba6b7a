"""One line for the list: the words, else what kind of thing it is."""

LONGEST = 140


def of(text: str, *, files: int = 0) -> str:
    words = " ".join(text.split())
    if words:
        return words[:LONGEST]
    return f"{files} files" if files > 1 else "1 file" if files else ""
