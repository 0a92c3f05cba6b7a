"""Chats: everything said with one person or group. A chat begins with its first message."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint

from inbox.sandbox import addresses, asked, contacts, groups
from inbox.sandbox.box import Box, here
from inbox.sandbox.errors import invalid, missing
from inbox.sandbox.store import Row

bp = Blueprint("chats", __name__)

SUMMARY = """
SELECT chat, count(*) AS message_count,
  sum(direction = 'inbound') AS inbound_count, sum(direction = 'outbound') AS outbound_count,
  min(time_sent) AS first_message_time, max(time_sent) AS last_message_time,
  max(CASE direction WHEN 'inbound' THEN time_sent END) AS last_inbound_time,
  max(CASE direction WHEN 'outbound' THEN time_sent END) AS last_outbound_time
FROM message
"""


@dataclass(frozen=True)
class Chat:
    """`members` are the people in it; `several` is true when it was asked for by a list of
    addresses, and `created` when that list made a new group."""

    id: str
    members: tuple[str, ...]
    several: bool = False
    created: bool = False

    @property
    def is_group(self) -> bool:
        return addresses.kind(self.id) == "group"


def resolve(box: Box, chat_id: str, *, create: bool = False) -> Chat:
    """The chat of a path value; `create` makes the group of a list of addresses."""
    if addresses.GROUP.fullmatch(chat_id):
        groups.find(box, chat_id)
        return Chat(chat_id, tuple(groups.members(box, chat_id)))
    if "," not in chat_id:
        return Chat(addresses.read(chat_id), (addresses.read(chat_id),))
    return _of_several(box, chat_id.split(","), create)


def begun(box: Box, chat_id: str) -> Row:
    """The summary of a chat that has messages; 404 for one that has none."""
    sql = f"{SUMMARY} WHERE chat = ? GROUP BY chat"
    row = box.store.row(sql, resolve(box, chat_id).id)
    if row is None:
        raise missing("Chat")
    return row


def _of_several(box: Box, listed: list[str], create: bool) -> Chat:
    people = list(dict.fromkeys(addresses.read(address) for address in listed))
    if len(people) < 2:
        raise invalid("A list of recipients needs at least two.")
    group_id = groups.of_members(box, people)
    if group_id is None and not create:
        raise missing("Chat")
    found = group_id or groups.add(box, people)
    return Chat(found, tuple(people), several=True, created=group_id is None)


@bp.get("/chats")
def index() -> dict[str, Any]:
    box, page, wanted = here(), asked.lenient_page(), asked.search()
    found = [shown(box, row) for row in box.store.rows(f"{SUMMARY} GROUP BY chat")]
    found = [chat for chat in found if wanted in _names(chat)]
    newest_first = asked.lenient_choice("sort", "recent", "oldest") == "recent"
    found.sort(key=lambda chat: chat["last_message_time"], reverse=newest_first)
    return {"chats": page.of(found), "pagination": page.info(len(found))}


@bp.get("/chats/<chat>")
def one(chat: str) -> dict[str, Any]:
    row = begun(here(), chat)
    return {**shown(here(), row), "first_message_time": row["first_message_time"]}


def shown(box: Box, row: Row) -> dict[str, Any]:
    counted = {name: row[name] for name in row.keys() if name[-5:] in ("count", "_time")}  # noqa: SIM118
    del counted["first_message_time"]
    return {
        **_identity(box, row["chat"]),
        **counted,
        "background_url": None,
        "background_id": None,
        "last_message": _last(box, row["chat"]),
    }


def _identity(box: Box, chat: str) -> dict[str, Any]:
    if addresses.kind(chat) != "group":
        return {
            "id": chat,
            "type": addresses.kind(chat),
            "is_group": False,
            "group_id": None,
            "group_name": None,
            "member_count": 1,
            "contact": contacts.short(box, chat),
        }
    group = box.store.row("SELECT name FROM chat_group WHERE group_id = ?", chat)
    return {
        "id": chat,
        "type": "group",
        "is_group": True,
        "group_id": chat,
        "group_name": group["name"] if group else None,
        "member_count": len(groups.members(box, chat)),
        "contact": None,
    }


def _last(box: Box, chat: str) -> dict[str, Any]:
    row = box.store.row(
        "SELECT message_id, text, direction, time_sent FROM message WHERE chat = ?"
        " ORDER BY time_sent DESC, seq DESC LIMIT 1",
        chat,
    )
    return dict(row) if row else {}


def _names(chat: dict[str, Any]) -> str:
    contact = chat["contact"] or {}
    return f"{chat['id']} {chat['group_name']} {contact.get('name')}".lower()
