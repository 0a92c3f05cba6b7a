"""Rules about the code itself: who may import what, how long things get, what is documented."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import click
import pytest

from inbox import cli
from inbox.config import Settings
from tests.modules import (
    EDGE,
    MODULES,
    NOUN,
    PACKAGE,
    PLAIN,
    RINGS,
    ROOT,
    dotted,
    home,
    imported,
    ours,
    ring,
    tree,
    where,
)

PLAIN_LIBRARIES = {"inbox", "phonenumbers", "pydantic", "pydantic_settings"}
HOMES = {
    "flask_socketio": {"live"},
    "gevent": {"__main__", "aside", "live", "server"},
    "requests": {"media", "providers"},
}
BINDING = {"Flask", "current_app", "has_app_context"}
LONGEST_FILE = 300
LONGEST_FUNCTION = 40


def test_no_module_imports_from_a_ring_above_its_own():
    offences = [
        f"{where(path)} imports {name}"
        for path in MODULES
        for name in ours(path)
        if ring(name) > ring(home(path))
    ]

    assert offences == []


def test_nouns_stand_on_each_other_without_circles():
    graph = {
        home(path): {name for name in ours(path) if ring(name) == NOUN}
        for path in MODULES
        if ring(home(path)) == NOUN
    }
    assert len(graph) > 5

    TopologicalSorter(graph).prepare()


def test_the_ring_table_names_only_what_exists():
    there = {home(path) for path in MODULES}

    assert set.union(*RINGS.values()) - there == set()


def test_plain_modules_need_nothing_but_the_standard_library_and_their_parsers():
    allowed = sys.stdlib_module_names | PLAIN_LIBRARIES
    offences = [
        f"{where(path)} imports {name}"
        for path in MODULES
        if ring(home(path)) == PLAIN
        for name in imported(path)
        if name.split(".")[0] not in allowed
    ]

    assert offences == []


def test_a_library_with_a_home_is_used_only_there():
    offences = [
        f"{where(path)} imports {name}"
        for path in MODULES
        for name in imported(path)
        if home(path) not in HOMES.get(name.split(".")[0], {home(path)})
    ]

    assert offences == []


def test_below_the_edges_nothing_sees_a_request():
    offences = [
        f"{where(path)} imports {name}"
        for path in MODULES
        if ring(home(path)) < EDGE and home(path) != "live"
        for name in imported(path)
        if name.split(".")[0] == "flask" and name.split(".")[-1] not in BINDING
    ]

    assert offences == []


def test_nouns_never_commit():
    offences = [
        f"{where(path)}:{node.lineno}"
        for path in MODULES
        if ring(home(path)) == NOUN
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr == "commit"
    ]

    assert offences == []


def test_views_import_no_views():
    views = {f"inbox.views.{path.stem}" for path in views_with_addresses()}
    offences = [
        f"{where(path)} imports {name}"
        for path in views_with_addresses()
        for name in imported(path)
        if name in views or name.rpartition(".")[0] in views
    ]

    assert offences == []


def views_with_addresses() -> list[Path]:
    return [path for path in (PACKAGE / "views").glob("*.py") if "Blueprint(" in path.read_text()]


def test_only_config_reads_the_environment():
    readers = {f"os.{name}" for name in ("environ", "environb", "getenv", "getenvb")}
    offences = [
        f"{where(path)} uses {name}"
        for path in MODULES
        if home(path) != "config"
        for name in readers.intersection({*imported(path), *dotted(path)})
    ]

    assert offences == []


def test_files_stay_short():
    lengths = {where(path): len(path.read_text().splitlines()) for path in MODULES}

    assert {path: lines for path, lines in lengths.items() if lines >= LONGEST_FILE} == {}


def test_functions_stay_short():
    lengths = {
        f"{where(path)} {node.name}": node.end_lineno - node.lineno + 1
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }

    assert {name: lines for name, lines in lengths.items() if lines > LONGEST_FUNCTION} == {}


def test_vendored_files_are_the_ones_in_the_manifest():
    checked = subprocess.run(
        [sys.executable, ROOT / "bin" / "vendor", "--check"], capture_output=True, text=True
    )

    assert (checked.returncode, checked.stderr) == (0, "")


COMMENTS = re.compile(r"\{#.*?#\}|<!--.*?-->|/\*.*?\*/|^\s*//[^\n]*", re.DOTALL | re.MULTILINE)
HARMLESS = re.compile(r"""\b(?:xmlns(?::\w+)?|placeholder)\s*=\s*(?:"[^"]*"|'[^']*')""")
FOREIGN = re.compile(r"""https?://[\w{]|(?:["'(=]|url\()//[\w{]""", re.IGNORECASE)


def foreign_addresses(text: str) -> list[str]:
    text = HARMLESS.sub("", COMMENTS.sub("", text))
    return [text[found.start() : found.end() + 40] for found in FOREIGN.finditer(text)]


@pytest.mark.parametrize(
    "text",
    [
        '<script src="https://cdn.example.com/x.js"></script>',
        '<img src="//cdn.example.com/x.png">',
        '@import url("http://fonts.example.com/css");',
        'import x from "https://cdn.example.com/x.js"',
    ],
)
def test_a_foreign_address_is_recognised(text):
    assert foreign_addresses(text)


@pytest.mark.parametrize(
    "text",
    [
        '<svg xmlns="http://www.w3.org/2000/svg">',
        '<input placeholder="https://example.com">',
        "{# see https://example.com #}",
        "// see https://example.com\nlet x = 1",
        '<a href="/conversations//7">',
    ],
)
def test_a_name_or_a_comment_is_no_foreign_address(text):
    assert foreign_addresses(text) == []


def test_pages_load_nothing_from_elsewhere():
    files = [*(ROOT / "templates").rglob("*"), *(ROOT / "static").rglob("*")]
    served = {".html", ".css", ".js", ".svg", ".webmanifest"}
    offences = {
        where(path): foreign_addresses(path.read_text())
        for path in files
        if path.suffix in served and path.parent.name != "vendor"
    }
    assert offences

    assert {path: found for path, found in offences.items() if found} == {}


def documentation() -> str:
    return "\n".join(
        page.read_text() for page in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
    )


def test_every_setting_is_documented():
    text = documentation()
    names = [name.upper() for name in Settings.model_fields]

    assert [name for name in names if not mentioned(name, text)] == []


def test_every_command_is_documented():
    text = documentation()
    names = commands("inbox", cli.main)

    assert [name for name in names if not mentioned(name, text)] == []


def mentioned(name: str, text: str) -> bool:
    return bool(re.search(rf"\b{re.escape(name)}\b", text))


def commands(name: str, command: click.Command) -> Iterator[str]:
    if not isinstance(command, click.Group):
        yield name
        return
    for part, inner in command.commands.items():
        yield from commands(f"{name} {part}", inner)


def test_nothing_points_outside_the_project():
    outside = re.compile("|".join(["sha" + "red/", "/wo" + "rk/"]))
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("This is not a git checkout.")
    files = [ROOT / name for name in tracked.stdout.split("\0") if name]
    texts = [path for path in files if path.is_file() and path.suffix not in {".lock", ".png"}]

    offences = [where(path) for path in texts if outside.search(path.read_text(errors="ignore"))]

    assert offences == []
