"""Names and addresses as templates write them."""

import pytest

from inbox.web_templates import initials, shown, tone


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Carol Chen", "CC"),
        ("ana maría del río", "AR"),
        ("Cher", "C"),
        ("+1 415 555 0132", "#"),
        ("", "#"),
        (None, "#"),
        ("Dr. O’Neil 3rd", "DO"),
        ("李 小龍", "李小"),
    ],
)
def test_initials_are_of_the_first_and_last_word(name, letters):
    assert initials(name) == letters


def test_a_person_always_has_the_same_of_eight_colours():
    assert {tone(id) for id in range(100)} == set(range(1, 9))
    assert tone(12) == tone(12)
    assert tone(None) == 1


def test_nothing_is_shown_for_no_number():
    assert shown(None) == ""
    assert shown("+14155550132", "US") == "(415) 555-0132"
