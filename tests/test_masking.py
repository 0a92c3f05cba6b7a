"""What an admin may read of an event: its shape, and nothing that people wrote or are called."""

import json
import string

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from inbox.masking import FIELDS, OTHERS, SIZES, TIMES, masked
from tests.processes import received, received_in_group

SECRETIVE = sorted(OTHERS)
# No words of ours are made of these.
FOREIGN = "ΓΔΘΛΞΠΣΦΨΩ0123456789 \n\"'<>&{}[]:,/\\@+-_.%"
words = st.text(st.sampled_from(FOREIGN), min_size=3).filter(lambda s: any(c > "Ͱ" for c in s))
fields = st.sampled_from(sorted(FIELDS)) | st.text(max_size=12)


def inside(leaf):
    """Events of any shape with `leaf` somewhere in them."""
    noise = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | leaf
    return st.recursive(
        st.dictionaries(fields, noise, max_size=4),
        lambda inner: st.dictionaries(fields, inner | st.lists(inner | noise, max_size=4)),
        max_leaves=12,
    )


def letters(text):
    return {char for char in text if char > "Ͱ"}


@given(inside(words))
@example({"text": "Ωmega"})
@example({"event": "ΩΩΩ"})
@example({"message_id": "ΩΩΩ"})
@example({"ΩΩΩ": "ΩΩΩ"})
@example({"data": {"attachments": ["https://ΩΩΩ.example/ΩΩΩ?ΩΩΩ"]}})
def test_no_text_of_an_event_comes_out(event):
    shown = masked(json.dumps(event))

    assert not letters(shown) & set(FOREIGN)


@given(
    st.sampled_from(SECRETIVE) | st.text(alphabet="qxzj", min_size=1),
    st.text(string.ascii_letters + string.digits + " ", min_size=6).filter(lambda s: s.strip()),
)
def test_ordinary_words_are_not_shown_either(field, text):
    longer = "Zq" + text + "qZ"

    shown = masked(json.dumps({field: longer, "data": [{field: longer}]}))

    assert longer not in shown
    assert f"{len(longer)} characters" in shown


@given(st.lists(st.sampled_from(SECRETIVE), min_size=1), st.data())
def test_what_is_shown_depends_on_the_length_of_a_text_alone(names, data):
    size = data.draw(st.integers(1, 30))
    one, other = (
        {name: data.draw(st.text(string.ascii_uppercase, min_size=size, max_size=size))}
        for name in (names[0], names[0])
    )

    assert masked(json.dumps(one)) == masked(json.dumps(other))


@given(
    st.sampled_from(sorted(FIELDS - SIZES)) | st.text(max_size=8),
    st.from_regex(r"[1-9][0-9]{9,13}", fullmatch=True),
    st.sampled_from(["+{}", "{}", "tel:+{}", "msg_{}", "a_{}_b", "iMessage;-;+{}", "Call +{} now"]),
)
def test_no_phone_number_comes_out_but_its_last_two_digits(field, digits, form):
    shown = masked(json.dumps({field: form.format(digits)}))

    assert digits not in shown
    assert digits[:-2] not in shown


@given(st.sampled_from(sorted(FIELDS - SIZES - TIMES)), st.integers(10**6, 10**15 - 1))
def test_a_phone_number_that_is_a_number_is_hidden(field, number):
    assert str(number) not in masked(json.dumps({field: number}))


@given(st.sampled_from(sorted(FIELDS)), st.sampled_from(["whsec_", "bl_", "sk_live_", "WHSEC_"]))
def test_a_secret_is_hidden_wherever_it_stands(field, prefix):
    for secret in ("Abc123Def456Ghi7", "abcdefghijkl", "a1b2c3d4"):
        assert secret not in masked(json.dumps({field: prefix + secret}))


@given(st.binary(max_size=200))
def test_whatever_the_bytes_there_is_an_answer(raw):
    assert isinstance(masked(raw), str)


@pytest.mark.parametrize("raw", [b"[" * 100_000, b'{"a":' * 50_000, b"", b"\xff\xfe", b"NaN"])
def test_odd_bytes_have_an_answer_too(raw):
    assert len(masked(raw)) < 1000


def test_an_event_of_a_mebibyte_is_shown_in_part():
    raw = json.dumps({"participants": [{"name": "A", "text": "B" * 9}] * 30_000})

    shown = masked(raw)

    assert "(and 29900 more)" in shown
    assert len(shown) < 50_000


def test_the_shape_and_the_providers_words_stay_readable():
    event = received(
        "+14155550132",
        "Meet me at noon",
        attachments=[{"url": "https://bucket.blooio.com/a.jpg?token=abc", "name": "a.jpg"}],
    )

    shown = json.loads(masked(json.dumps(event)))

    assert list(shown) == list(event)
    for name in ("event", "message_id", "status", "protocol", "timestamp", "is_group"):
        assert shown[name] == event[name]
    assert shown["sender"] == "(number ending in 32)"
    assert shown["text"] == "(text hidden, 15 characters)"
    assert shown["attachments"] == [
        {"url": "(address at blooio.com hidden)", "name": "(text hidden, 5 characters)"}
    ]


def test_names_of_people_and_groups_are_hidden():
    event = received_in_group("grp_abc", "Loft 4B", "linh@example.com", "hi") | {
        "participants": [{"contact_id": "ct_1", "identifier": "+14155550132", "name": "Ann"}]
    }

    shown = masked(json.dumps(event))

    for secret in ("Loft", "Ann", "linh", "example.com", "4155550132"):
        assert secret not in shown
    assert '"group_id": "grp_abc"' in shown
    assert '"contact_id": "ct_1"' in shown


def test_an_unknown_field_is_there_but_not_to_be_read():
    shown = json.loads(masked('{"event":"new.thing","pin":1234,"note":"x","deep":{"secret":true}}'))

    assert shown["event"] == "new.thing"
    assert list(shown.values())[1:3] == ["(number hidden)", "(text hidden, 1 characters)"]
    assert "pin" not in str(shown) and "secret" not in str(shown)
