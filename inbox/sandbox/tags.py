"""Tags on contacts."""

from typing import Any

from flask import Blueprint

from inbox.sandbox import asked
from inbox.sandbox.box import here
from inbox.sandbox.contacts import find
from inbox.sandbox.errors import Answer, invalid, missing

bp = Blueprint("tags", __name__)


@bp.get("/contacts/<contact>/tags")
def index(contact: str) -> dict[str, Any]:
    identifier = find(here(), contact)["identifier"]
    rows = here().store.rows(
        "SELECT tag, created_at FROM tag WHERE identifier = ? ORDER BY tag", identifier
    )
    return {"tags": [dict(row) for row in rows]}


@bp.post("/contacts/<contact>/tags")
def create(contact: str) -> Answer:
    box, tags = here(), asked.body().get("tags")
    if not isinstance(tags, list) or not all(isinstance(t, str) and t.strip() for t in tags):
        raise invalid("tags must be a list of texts.")
    identifier = find(box, contact)["identifier"]
    for tag in tags:
        box.store.run(
            "INSERT OR IGNORE INTO tag VALUES (?, ?, ?)",
            identifier,
            tag,
            box.now(),
        )
    return {"success": True, "tags_added": tags}, 201


@bp.delete("/contacts/<contact>/tags/<path:tag>")
def delete(contact: str, tag: str) -> dict[str, Any]:
    box = here()
    identifier = find(box, contact)["identifier"]
    if not box.store.run("DELETE FROM tag WHERE identifier = ? AND tag = ?", identifier, tag):
        raise missing("Tag")
    return {"success": True, "deleted_at": box.now()}
