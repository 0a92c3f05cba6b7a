import pytest

from inbox import phone
from inbox.errors import Refused
from inbox.phone import Address


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        ("(415) 555-0132", "+14155550132"),
        ("+1 415 555 0132", "+14155550132"),
        ("+44 20 7946 0958", "+442079460958"),
        (" 415.555.0132 ", "+14155550132"),
    ],
)
def test_numbers_are_read_as_people_write_them(typed, value):
    assert phone.read(typed, "US") == Address("phone", value)


def test_an_email_address_has_one_spelling():
    assert phone.read(" Ana@Example.COM ") == Address("email", "ana@example.com")


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("", "Type a phone number"),
        ("hello", "“hello” is not a phone number"),
        ("415", "“415” is not a whole phone number"),
        ("415 555 0132 x9", "not a whole phone number"),
        ("a@b", "“a@b” is not an e-mail address"),
    ],
)
def test_what_cannot_be_read_is_named(typed, says):
    with pytest.raises(Refused, match=says):
        phone.read(typed, "US")


def test_without_a_region_the_country_code_is_asked_for():
    with pytest.raises(Refused, match="needs its country code"):
        phone.read("415 555 0132")


@pytest.mark.parametrize(
    ("said", "address"),
    [
        ("+1 (415) 555-0132", Address("phone", "+14155550132")),
        ("Ana@Example.com", Address("email", "ana@example.com")),
        ("grp_abc123", Address("group", "grp_abc123")),
        ("22395", Address("phone", "22395")),
    ],
)
def test_what_the_provider_says_is_never_refused(said, address):
    assert phone.from_provider(said) == address


@pytest.mark.parametrize(
    ("value", "region", "shown"),
    [
        ("+14155550132", "US", "(415) 555-0132"),
        ("+14155550132", "GB", "+1 415-555-0132"),
        ("ana@example.com", "US", "ana@example.com"),
        ("22395", "US", "22395"),
    ],
)
def test_a_number_is_shown_as_the_line_s_region_writes_it(value, region, shown):
    assert phone.shown(value, region) == shown


def test_logs_see_only_the_end():
    assert phone.masked("+14155550132") == "…0132"
