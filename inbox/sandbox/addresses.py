"""Addresses as the provider takes them: E.164, e-mail or group id, nothing else."""

import re

from inbox.sandbox.errors import Problem, invalid

PHONE = re.compile(r"\+[1-9][0-9]{6,14}")
EMAIL = re.compile(r"[^@\s,]+@[^@\s,]+\.[^@\s,.]+")
GROUP = re.compile(r"grp_[A-Za-z0-9]+")
EMERGENCY = {"911", "112", "999", "+911", "+112", "+999", "+1911"}


def kind(address: str) -> str:
    """phone, email or group."""
    if GROUP.fullmatch(address):
        return "group"
    return "email" if "@" in address else "phone"


def read(text: str) -> str:
    """A phone number or e-mail address in its one spelling, or a 400."""
    if text in EMERGENCY:
        raise Problem(403, "Emergency numbers cannot be reached.")
    if PHONE.fullmatch(text):
        return text
    if EMAIL.fullmatch(text):
        return text.lower()
    raise invalid("An address must be an E.164 number or an e-mail address, percent-encoded.")
