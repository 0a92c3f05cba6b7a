"""What the demo people do once a message has reached them: a tapback, then an answer."""

import re
import zlib

from inbox.sandbox import addresses, groups, messages, phones, speech
from inbox.sandbox.box import Box
from inbox.sandbox.people import Person
from inbox.sandbox.store import Row

SHORTEST, LONGEST = 1.5, 4.0
TAPBACK_EVERY = 3


def heard(box: Box, message: Row) -> None:
    """Plan what comes back. Nothing unless the demo is on and there is somebody who answers."""
    speaker = _speaker(box, message["chat"]) if box.options.demo else None
    if speaker is None:
        return
    pause = _pause(message["message_id"])
    what = {"message_id": message["message_id"], "speaker": speaker.address}
    outbound = "SELECT count(*) FROM message WHERE chat = ? AND direction = 'outbound'"
    if speaker.tapback and box.store.number(outbound, message["chat"]) % TAPBACK_EVERY == 1:
        box.later(pause / 2, "react", **what)
    box.later(pause, "answer", **what)


def answer(box: Box, message_id: str, speaker: str) -> None:
    """Say something, unless a newer message of ours will be answered instead."""
    message = messages.get(box, message_id)
    newer = "SELECT count(*) FROM message WHERE chat = ? AND direction = 'outbound' AND seq > ?"
    if box.store.number(newer, message["chat"], message["seq"]):
        return
    person = phones.of(box, speaker)
    group = message["chat"] if addresses.kind(message["chat"]) == "group" else None
    said = box.store.rows(
        "SELECT text FROM message WHERE chat = ? AND direction = 'inbound' ORDER BY seq",
        message["chat"],
    )
    lines = _lines(box, group) or person.lines
    text = reply(person, lines, message["text"] or "", [row["text"] for row in said])
    files = box.addresses(person.along(text))
    speech.say(box, speaker, text, group=group, to=message["internal_id"], attachments=files)


def react(box: Box, message_id: str, speaker: str) -> None:
    person = phones.of(box, speaker)
    speech.react(box, speaker, message_id, person.tapback or "like")


def reply(person: Person, lines: tuple[str, ...], asked: str, said: list[str]) -> str:
    """An answer to what was asked if they know one that they have not given yet, else a line."""
    for words, line in person.knows:
        if line not in said and re.search(rf"\b(?:{words})\b", asked, re.IGNORECASE):
            return line
    fresh = [line for line in lines if line not in said]
    return fresh[0] if fresh else lines[len(said) % len(lines)]


def _speaker(box: Box, chat: str) -> Person | None:
    """Who answers in this chat; in a group the members do, by turns."""
    members = [phones.of(box, member) for member in groups.people_in(box, chat)]
    people = [person for person in members if person.answers and person.lines]
    inbound = "SELECT count(*) FROM message WHERE chat = ? AND direction = 'inbound'"
    return people[box.store.number(inbound, chat) % len(people)] if people else None


def _lines(box: Box, group: str | None) -> tuple[str, ...]:
    return next((g.lines for g in box.options.groups if g.group_id == group), ())


def _pause(message_id: str) -> float:
    """Different for each message, the same for the same one."""
    return SHORTEST + (LONGEST - SHORTEST) * (zlib.crc32(message_id.encode()) % 1000) / 1000
