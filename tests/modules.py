"""The modules of the product as the rules about them see them: rings, and what each imports."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PACKAGE = ROOT / "inbox"
MODULES = sorted(PACKAGE.rglob("*.py"))

# A module imports from its own ring and from those below it. One that is not named here is a noun.
PLAIN, STORE, NOUN, EDGE = range(4)
RINGS = {
    PLAIN: {"config", "errors", "phone"},
    STORE: {"activity", "aside", "db", "jobs", "live", "log", "marks", "storage", "vault"},
    EDGE: {
        "__init__",
        "__main__",
        "attempts",
        "body",
        "chat_checks",
        "chat_lists",
        "checks",
        "cli",
        "cli_replay",
        "cli_lines",
        "cli_users",
        "demo_line",
        "effects",
        "environment_line",
        "gaps",
        "intake",
        "lanes",
        "media",
        "outbox",
        "overdue",
        "pages",
        "parcels",
        "people",
        "providers",
        "replaying",
        "reconciler",
        "runtime",
        "sandbox",
        "schema",
        "server",
        "settling",
        "signing_in",
        "tally",
        "upkeep",
        "verifying",
        "views",
        "web",
        "web_errors",
        "web_headers",
        "web_templates",
        "webhook_logs",
    },
}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def home(path: Path) -> str:
    """The module or package of ours that a file belongs to: `live` for inbox/live/rooms.py."""
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def ring(name: str) -> int:
    return next((number for number, names in RINGS.items() if name in names), NOUN)


def imported(path: Path) -> Iterator[str]:
    """Dotted names a file imports, anywhere in it: `inbox.db.now`, `flask.request`, `os`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def dotted(path: Path) -> Iterator[str]:
    """What a file writes as one name and one attribute: `os.environ`, `line.key`."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield f"{node.value.id}.{node.attr}"


def ours(path: Path) -> set[str]:
    """The modules and packages of ours, besides its own, that a file imports from."""
    names = [name.split(".") for name in imported(path)]
    found = {parts[1] for parts in names if parts[0] == "inbox" and len(parts) > 1}
    there = {home(module) for module in MODULES}
    return {name if name in there else "__init__" for name in found} - {home(path)}


def where(path: Path) -> str:
    return str(path.relative_to(ROOT))
