"""What becomes of a message after it was accepted: sent, delivered, read, or failed."""

import http.client
import json
from collections.abc import Sequence
from urllib.parse import urlsplit

from inbox.sandbox import addresses, behaviour, groups, messages, payloads, phones, webhooks
from inbox.sandbox.box import Box
from inbox.sandbox.people import Person
from inbox.sandbox.store import Row

SENT, DELIVERED, READ, FAILED = 0.3, 0.5, 1.0, 1.0
BIGGEST = 16 * 1024 * 1024
FETCH_TIMEOUT = 5.0


def begin(box: Box, message: Row, members: Sequence[str], *, refused: bool = False) -> str:
    """Start it on its way; gives the status to answer, queued or failed."""
    if refused or any(phones.of(box, member).refused for member in members):
        box.store.run(
            "UPDATE message SET status = 'failed', protocol = 'unknown', error = ?"
            " WHERE message_id = ?",
            "Rejected before dispatch.",
            message["message_id"],
        )
        return "failed"
    box.later(SENT, "sent", message_id=message["message_id"])
    if box.options.attachments == "head" and message["attachments"] != "[]":
        box.later(0, "fetch", message_id=message["message_id"])
    return "queued"


def sent(box: Box, message_id: str) -> None:
    """It left: the protocol is known, and so is what comes next."""
    message, members = _with_members(box, message_id)
    if message["status"] != "queued":
        return
    people = [phones.of(box, member) for member in members]
    protocol = phones.road(box, members)
    if protocol != "imessage" and addresses.kind(message["chat"]) == "email":
        fail(box, message_id, "no_imessage", "This address has no iMessage.")
        return
    _link_group(box, message["chat"])
    box.store.run(
        "UPDATE message SET status = 'sent', protocol = ?, guid = ? WHERE message_id = ?",
        protocol,
        messages.new_guid(),
        message_id,
    )
    _tell(box, message_id, "sent", sent_at=box.now())
    _after_sent(box, message_id, protocol, people)


def delivered(box: Box, message_id: str) -> None:
    message, members = _with_members(box, message_id)
    if message["status"] != "sent":
        return
    box.store.run(
        "UPDATE message SET status = 'delivered', time_delivered = ? WHERE message_id = ?",
        box.now(),
        message_id,
    )
    _tell(box, message_id, "delivered", delivered_at=box.now())
    person = phones.of(box, members[0])
    if message["protocol"] == "imessage" and len(members) == 1 and person.receipts:
        box.later(READ, "read", message_id=message_id)
    behaviour.heard(box, message)


def read(box: Box, message_id: str) -> None:
    """Only the webhook says read; the status one can ask for stays delivered."""
    _tell(box, message_id, "read", read_at=box.now())


def fail(box: Box, message_id: str, code: str | None, error: str) -> None:
    box.store.run(
        "UPDATE message SET status = 'failed', error_code = ?, error = ?,"
        " protocol = replace(protocol, 'pending', 'unknown') WHERE message_id = ?",
        code,
        error,
        message_id,
    )
    _tell(box, message_id, "failed", error_code=code, error_message=error)


def fetch(box: Box, message_id: str) -> None:
    """Ask for the size of each attachment; what is missing or too big fails the message."""
    message = messages.get(box, message_id)
    for attachment in json.loads(message["attachments"]):
        if not _fits(attachment["url"]):
            with box.store.transaction():
                fail(box, message_id, "attachment_failed", "An attachment could not be fetched.")
            return


def _after_sent(box: Box, message_id: str, protocol: str, people: list[Person]) -> None:
    failing = next((person for person in people if person.fails), None)
    if failing is not None:
        box.later(
            FAILED,
            "failed",
            message_id=message_id,
            code=failing.error_code,
            error=failing.fails,
        )
    elif protocol == "imessage" or all(person.sms_receipts for person in people):
        box.later(DELIVERED, "delivered", message_id=message_id)
    else:
        behaviour.heard(box, messages.get(box, message_id))


def _with_members(box: Box, message_id: str) -> tuple[Row, list[str]]:
    message = messages.get(box, message_id)
    return message, groups.people_in(box, message["chat"])


def _link_group(box: Box, chat: str) -> None:
    """The first message into a group makes its thread on the phone."""
    box.store.run(
        "UPDATE chat_group SET chat_guid = ? WHERE group_id = ? AND chat_guid IS NULL",
        f"iMessage;+;chat{chat.removeprefix('grp_')}",
        chat,
    )


def _tell(box: Box, message_id: str, status: str, **more: object) -> None:
    message = messages.get(box, message_id)
    webhooks.emit(box, payloads.status(box, message, status, **more))


def _fits(url: str) -> bool:
    split = urlsplit(url)
    secure = split.scheme == "https"
    connect = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = connect(split.hostname or "", split.port, timeout=FETCH_TIMEOUT)
    try:
        connection.request("HEAD", f"{split.path or '/'}?{split.query}".rstrip("?"))
        response = connection.getresponse()
        return response.status == 200 and int(response.headers.get("Content-Length", 0)) <= BIGGEST
    except (OSError, http.client.HTTPException, ValueError):
        return False
    finally:
        connection.close()
