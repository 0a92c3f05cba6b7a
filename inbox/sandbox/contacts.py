"""Contacts of the organisation, their tags, and what their phones can do."""

from secrets import token_hex
from typing import Any

from flask import Blueprint

from inbox.sandbox import addresses, asked, numbers, phones
from inbox.sandbox.box import Box, here
from inbox.sandbox.errors import Answer, Problem, invalid, missing
from inbox.sandbox.store import Row

bp = Blueprint("contacts", __name__)

ORDERS = {
    "recent": "created_at DESC, rowid DESC",
    "oldest": "created_at, rowid",
    "name_asc": "name IS NULL, name COLLATE NOCASE",
    "name_desc": "name IS NULL, name COLLATE NOCASE DESC",
}


def remember(box: Box, address: str, name: str | None = None) -> str:
    """Make sure that the address is a contact; gives its contact id."""
    row = box.store.row("SELECT * FROM contact WHERE identifier = ?", address)
    if row is None:
        contact_id = f"ct_{token_hex(8)}"
        box.store.add(
            "contact",
            identifier=address,
            contact_id=contact_id,
            name=name or phones.of(box, address).name,
            created_at=box.now(),
        )
        return contact_id
    if row["deleted_at"] is not None:
        box.store.run("UPDATE contact SET deleted_at = NULL WHERE identifier = ?", address)
    return str(row["contact_id"])


def short(box: Box, address: str) -> dict[str, Any]:
    """Who it is, as chats and groups show it."""
    sql = "SELECT contact_id, identifier, name FROM contact WHERE identifier = ?"
    row = box.store.row(sql, address)
    if row is None:
        remember(box, address)
        return short(box, address)
    return dict(row)


def find(box: Box, identifier: str) -> Row:
    row = box.store.row(
        "SELECT * FROM contact WHERE identifier = ? AND deleted_at IS NULL",
        addresses.read(identifier),
    )
    if row is None:
        raise missing("Contact")
    return row


def shown(box: Box, row: Row) -> dict[str, Any]:
    address = row["identifier"]
    tags = box.store.rows("SELECT tag FROM tag WHERE identifier = ? ORDER BY tag", address)
    last = box.store.number("SELECT max(time_sent) FROM message WHERE chat = ?", address)
    return {
        "id": address,
        "contact_id": row["contact_id"],
        "identifier": address,
        "type": addresses.kind(address),
        "name": row["name"],
        "tags": [tag["tag"] for tag in tags],
        "created_at": row["created_at"],
        "last_message_time": last or None,
    }


@bp.get("/contacts")
def index() -> dict[str, Any]:
    box, page = here(), asked.lenient_page()
    order = ORDERS[asked.lenient_choice("sort", *ORDERS)]
    sql = f"SELECT * FROM contact WHERE deleted_at IS NULL ORDER BY {order}"  # noqa: S608
    wanted = asked.search()
    rows = [r for r in box.store.rows(sql) if wanted in f"{r['identifier']} {r['name']}".lower()]
    found = [shown(box, row) for row in page.of(rows)]
    return {"contacts": found, "pagination": page.info(len(rows))}


@bp.post("/contacts")
def create() -> Answer:
    box, body = here(), asked.body()
    identifier = addresses.read(asked.text(body, "identifier", required=True) or "")
    name = asked.text(body, "name")
    with box.store.transaction():
        row = box.store.row("SELECT * FROM contact WHERE identifier = ?", identifier)
        if row is not None and row["deleted_at"] is None:
            raise Problem(409, "Contact already exists.")
        remember(box, identifier)
        if name is not None:
            box.store.run("UPDATE contact SET name = ? WHERE identifier = ?", name, identifier)
        return shown(box, find(box, identifier)), 201


@bp.get("/contacts/<contact>")
def one(contact: str) -> dict[str, Any]:
    return shown(here(), find(here(), contact))


@bp.patch("/contacts/<contact>")
def rename(contact: str) -> dict[str, Any]:
    box, body = here(), asked.body()
    if "name" not in body:
        raise invalid("name is missing.")
    row = find(box, contact)
    name = asked.text(body, "name")
    box.store.run("UPDATE contact SET name = ? WHERE identifier = ?", name, row["identifier"])
    return shown(box, find(box, contact))


@bp.delete("/contacts/<contact>")
def delete(contact: str) -> dict[str, Any]:
    box, now = here(), here().now()
    row = find(box, contact)
    box.store.run("UPDATE contact SET deleted_at = ? WHERE identifier = ?", now, row["identifier"])
    return {"success": True, "deleted_at": now}


@bp.get("/contacts/<contact>/capabilities")
def capabilities(contact: str) -> dict[str, Any]:
    box, address = here(), addresses.read(contact)
    person = phones.of(box, address)
    numbers.require(box)
    if not person.checkable:
        raise Problem(503, "No active devices available.")
    kind = addresses.kind(address)
    can = {"imessage": person.imessage, "sms": kind == "phone", "facetime": person.imessage}
    return {
        "contact": address,
        "type": kind,
        "capabilities": can,
        "last_checked": box.now(),
    }
