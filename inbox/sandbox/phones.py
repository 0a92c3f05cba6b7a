"""The phone at the other end: the declared person or a stranger, and what was changed since."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from inbox.sandbox import addresses
from inbox.sandbox.box import Box
from inbox.sandbox.errors import invalid
from inbox.sandbox.people import TRAITS, Person


def of(box: Box, address: str) -> Person:
    declared = next((p for p in box.options.people if p.address == address), None)
    person = declared or stranger(box, address)
    row = box.store.row("SELECT traits FROM person WHERE address = ?", address)
    return replace(person, **json.loads(row["traits"])) if row else person


def stranger(box: Box, address: str) -> Person:
    return Person(
        address,
        imessage=box.options.stranger_imessage,
        receipts=box.options.stranger_receipts,
    )


def change(box: Box, address: str, traits: Mapping[str, Any]) -> Person:
    """Set traits (see `people.TRAITS`) of anybody; null takes an error away."""
    address = addresses.read(address)
    for name, value in traits.items():
        kind = TRAITS.get(name)
        if kind is None or not (isinstance(value, kind) or (value is None and kind is str)):
            raise invalid(f"A person cannot be changed like this: {name}.")
    with box.store.transaction():
        row = box.store.row("SELECT traits FROM person WHERE address = ?", address)
        merged = {**(json.loads(row["traits"]) if row else {}), **traits}
        box.store.run(
            "INSERT OR REPLACE INTO person (address, traits) VALUES (?, ?)",
            address,
            json.dumps(merged),
        )
    return of(box, address)


def road(box: Box, members: list[str]) -> str:
    """The protocol of a message to all of them: iMessage only if everybody has it."""
    protocols = {of(box, member).protocol for member in members}
    return next((p for p in ("sms", "rcs") if p in protocols), "imessage")
