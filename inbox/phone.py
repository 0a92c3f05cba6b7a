"""Addresses of people: phone numbers as +15550001111, e-mail addresses in lower case."""

import re
from dataclasses import dataclass

import phonenumbers

from inbox.errors import Refused

EMAIL = re.compile(r"[^@\s,;<>]+@[^@\s,;<>]+\.[^@\s,;<>.]+")
GROUP = re.compile(r"grp_[A-Za-z0-9]+")


@dataclass(frozen=True)
class Address:
    """`kind` is phone, email or group; `value` the one canonical spelling of it."""

    kind: str
    value: str


def read(text: str, region: str | None = None) -> Address:
    """What a person typed, as an address. `region` (like US) reads numbers without a country code.

    Raises Refused with a sentence that names what was typed.
    """
    text = text.strip()
    if not text:
        raise Refused("Type a phone number or an e-mail address.")
    if "@" in text:
        if not EMAIL.fullmatch(text):
            raise Refused(f"“{text}” is not an e-mail address.")
        return Address("email", text.lower())
    return Address("phone", _e164(text, region))


def _e164(text: str, region: str | None) -> str:
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException as error:
        if error.error_type == error.INVALID_COUNTRY_CODE and not text.startswith("+"):
            raise Refused(f"“{text}” needs its country code, like +1 415 555 0132.") from None
        raise Refused(f"“{text}” is not a phone number.") from None
    if not phonenumbers.is_possible_number(number) or number.extension:
        raise Refused(f"“{text}” is not a whole phone number.")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def from_provider(text: str) -> Address:
    """What the provider calls somebody. Never refuses: an odd one is kept as it came."""
    text = text.strip()
    if GROUP.fullmatch(text):
        return Address("group", text)
    if "@" in text:
        return Address("email", text.lower())
    digits = re.sub(r"[\s().-]", "", text)
    return Address("phone", digits or text)


def shown(value: str, region: str | None = "US") -> str:
    """A number as people of `region` write it; anything else as it is."""
    try:
        number = phonenumbers.parse(value, None)
    except phonenumbers.NumberParseException:
        return value
    home = phonenumbers.region_code_for_country_code(number.country_code or 0)
    national = region is not None and number.country_code == phonenumbers.country_code_for_region(
        region
    )
    style = phonenumbers.PhoneNumberFormat
    if national and home:
        return phonenumbers.format_number(number, style.NATIONAL)
    return phonenumbers.format_number(number, style.INTERNATIONAL)


def masked(value: str) -> str:
    """An address as logs may carry it."""
    return f"…{value[-4:]}" if len(value) > 6 else "…"
