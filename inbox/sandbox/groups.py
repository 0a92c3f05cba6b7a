"""Groups: named threads with several people. Their members cannot be changed (501)."""

from secrets import token_hex
from typing import Any

from flask import Blueprint

from inbox.sandbox import addresses, asked, contacts
from inbox.sandbox.box import Box, here
from inbox.sandbox.errors import Answer, Problem, invalid, missing
from inbox.sandbox.store import Row

bp = Blueprint("groups", __name__)


def find(box: Box, group_id: str) -> Row:
    row = box.store.row(
        "SELECT * FROM chat_group WHERE group_id = ? AND deleted_at IS NULL", group_id
    )
    if row is None:
        raise missing("Group")
    return row


def of_members(box: Box, members: list[str]) -> str | None:
    """The one group with exactly these people."""
    row = box.store.row(
        "SELECT group_id FROM chat_group WHERE member_set = ? AND deleted_at IS NULL",
        _set(members),
    )
    return row["group_id"] if row else None


def members(box: Box, group_id: str) -> list[str]:
    rows = box.store.rows(
        "SELECT identifier FROM member WHERE group_id = ? ORDER BY rowid", group_id
    )
    return [row["identifier"] for row in rows]


def people_in(box: Box, chat: str) -> list[str]:
    """Who reads a chat: the members of a group, or the one person."""
    return members(box, chat) if addresses.kind(chat) == "group" else [chat]


def add(
    box: Box,
    people: list[str],
    *,
    name: str | None = None,
    chat_guid: str | None = None,
    group_id: str | None = None,
) -> str:
    """Make a group; gives its id."""
    group_id = group_id or f"grp_{token_hex(8)}"
    now = box.now()
    box.store.add(
        "chat_group",
        group_id=group_id,
        name=name,
        chat_guid=chat_guid,
        member_set=_set(people),
        created_at=now,
    )
    for address in people:
        contacts.remember(box, address)
        box.store.add("member", group_id=group_id, identifier=address, added_at=now)
    return group_id


def participants(box: Box, group_id: str) -> list[dict[str, Any]]:
    return [contacts.short(box, address) for address in members(box, group_id)]


def shown(box: Box, row: Row) -> dict[str, Any]:
    group_id = row["group_id"]
    counted = "SELECT count(*) FROM message WHERE chat = ?"
    last = box.store.row(
        "SELECT * FROM message WHERE chat = ? ORDER BY time_sent DESC, seq DESC LIMIT 1", group_id
    )
    return {
        "group_id": group_id,
        "name": row["name"],
        "chat_guid": row["chat_guid"],
        "icon_url": None,
        "member_count": len(members(box, group_id)),
        "message_count": box.store.number(counted, group_id),
        "last_message_text": last["text"] if last else None,
        "last_message_time": last["time_sent"] if last else None,
        "last_message_direction": last["direction"] if last else None,
        "created_at": row["created_at"],
    }


@bp.get("/groups")
def index() -> dict[str, Any]:
    box, page, wanted = here(), asked.lenient_page(), asked.search()
    rows = box.store.rows("SELECT * FROM chat_group WHERE deleted_at IS NULL ORDER BY rowid DESC")
    found = [shown(box, row) for row in rows if wanted in (row["name"] or "").lower()]
    found = _sorted(
        found, asked.lenient_choice("sort", "recent", "oldest", "name_asc", "name_desc")
    )
    return {"groups": page.of(found), "pagination": page.info(len(found))}


@bp.post("/groups")
def create() -> Answer:
    box, body = here(), asked.body()
    name = asked.text(body, "name", required=True) or ""
    people = _people(body.get("members", []))
    chat_guid = asked.text(body, "chat_guid")
    if len(name) > 255:
        raise invalid("name has at most 255 characters.")
    with box.store.transaction():
        _refuse_twins(box, people, chat_guid)
        new = [a for a in people if _unknown(box, a)]
        row = find(box, add(box, people, name=name, chat_guid=chat_guid))
        return {**shown(box, row), "added_members": people, "created_contacts": new}, 201


@bp.get("/groups/<group_id>")
def one(group_id: str) -> dict[str, Any]:
    return shown(here(), find(here(), group_id))


@bp.patch("/groups/<group_id>")
def rename(group_id: str) -> dict[str, Any]:
    box = here()
    find(box, group_id)
    name = asked.text(asked.body(), "name", required=True)
    box.store.run("UPDATE chat_group SET name = ? WHERE group_id = ?", name, group_id)
    return shown(box, find(box, group_id))


@bp.delete("/groups/<group_id>")
def delete(group_id: str) -> dict[str, Any]:
    box, now = here(), here().now()
    find(box, group_id)
    box.store.run("UPDATE chat_group SET deleted_at = ? WHERE group_id = ?", now, group_id)
    return {"success": True, "deleted_at": now}


@bp.get("/groups/<group_id>/members")
def index_members(group_id: str) -> dict[str, Any]:
    box, page = here(), asked.lenient_page()
    group = find(box, group_id)
    rows = box.store.rows("SELECT * FROM member WHERE group_id = ? ORDER BY rowid", group_id)
    found = [
        {"id": r["identifier"], **contacts.short(box, r["identifier"]), "added_at": r["added_at"]}
        for r in page.of(rows)
    ]
    return {
        "group_id": group_id,
        "group_name": group["name"],
        "icon_url": None,
        "members": found,
        "pagination": page.info(len(rows)),
    }


@bp.post("/groups/<group_id>/members")
def add_member(group_id: str) -> Answer:
    find(here(), group_id)
    return {"error": "Coming soon", "message": "Adding group members is coming soon"}, 501


@bp.delete("/groups/<group_id>/members/<contact>")
def remove_member(group_id: str, contact: str) -> Answer:
    find(here(), group_id)
    return {"error": "Coming soon", "message": "Removing group members is coming soon"}, 501


def _people(asked_for: Any) -> list[str]:
    if not isinstance(asked_for, list) or not all(isinstance(m, str) for m in asked_for):
        raise invalid("members must be a list of addresses.")
    return list(dict.fromkeys(addresses.read(member) for member in asked_for))


def _refuse_twins(box: Box, people: list[str], chat_guid: str | None) -> None:
    linked = "SELECT 1 FROM chat_group WHERE chat_guid = ? AND deleted_at IS NULL"
    if chat_guid and box.store.row(linked, chat_guid):
        raise Problem(409, "A group with this chat_guid already exists.")
    if people and not chat_guid and of_members(box, people):
        raise Problem(409, "A group with the same participants already exists.")


def _unknown(box: Box, address: str) -> bool:
    return box.store.row("SELECT 1 FROM contact WHERE identifier = ?", address) is None


def _set(people: list[str]) -> str:
    return ",".join(sorted(people))


def _sorted(found: list[dict[str, Any]], order: str) -> list[dict[str, Any]]:
    if order.startswith("name"):
        return sorted(found, key=lambda g: g["name"] or "", reverse=order == "name_desc")
    return sorted(
        found, key=lambda g: g["last_message_time"] or g["created_at"], reverse=order == "recent"
    )
