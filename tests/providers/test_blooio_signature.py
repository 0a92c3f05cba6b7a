"""A webhook is believed when a secret signed exactly these bytes, lately."""

import json
from pathlib import Path

import pytest

from inbox.providers.blooio_signature import sign, sign_bare, verify
from inbox.providers.wire import an_object

FILE = Path(__file__).parent.parent / "contract" / "blooio-vectors.json"
VECTORS = {v["name"].split()[0]: v for v in json.loads(FILE.read_text(encoding="utf-8"))}
SECRET = VECTORS["V2"]["secret"]
T = VECTORS["V2"]["t"]
BODY = VECTORS["V2"]["body"].encode()
GOOD = VECTORS["V2"]["header"]
V1 = GOOD.partition(",")[2]


def check(header, body=BODY, secrets=(SECRET,), now=T, bare=True):
    return verify(header, body, secrets, now=now, bare=bare)


@pytest.mark.parametrize("name", ["V1", "V2", "V4"])
def test_the_published_examples_are_good_and_signed_alike(name):
    vector = VECTORS[name]
    body = vector["body"].encode()

    assert check(vector["header"], body, [vector["secret"]], vector["t"]) is None
    assert sign(body, vector["secret"], vector["t"]) == vector["header"]


def test_the_same_json_written_differently_is_another_body():
    pretty = json.dumps(json.loads(BODY), indent=2, ensure_ascii=False).encode()
    assert len(pretty) == VECTORS["V3"]["body_len"]

    assert check(GOOD, pretty) == "mismatch"
    assert check(VECTORS["V3"]["header"], pretty) is None
    assert check(VECTORS["V3"]["header"]) == "mismatch"


@pytest.mark.parametrize("position", [0, 150, 299])
def test_one_changed_byte_is_a_mismatch(position):
    changed = bytearray(BODY)
    changed[position] ^= 1

    assert check(GOOD, bytes(changed)) == "mismatch"


def test_one_good_signature_of_several_is_enough_in_any_order_with_blanks():
    old, new = VECTORS["V5"]["header"].split(",")[1:]

    assert check(VECTORS["V5"]["header"]) is None
    assert check(f"{new},{old},t={T}") is None
    assert check(f" t={T}, \t{old} ,  {new} ") is None
    assert check(f"t={T},v0=abc,{new},hint=") is None
    assert check(f"t={T},{old}") == "mismatch"


def test_uppercase_hex_is_good():
    assert check(f"t={T},v1={V1[3:].upper()}") is None


@pytest.mark.parametrize(
    ("age", "reason"),
    [(0, None), (299, None), (300, None), (301, "stale"), (-300, None), (-301, "stale")],
)
def test_a_signature_is_good_for_five_minutes_both_ways(age, reason):
    assert check(GOOD, now=T + age) == reason


def test_an_old_forgery_is_a_mismatch_not_stale():
    assert check(f"t={T},v1={'0' * 64}", now=T + 9999) == "mismatch"


@pytest.mark.parametrize("header", [None, "", "  "])
def test_a_missing_header_is_missing(header):
    assert check(header) == "missing"


@pytest.mark.parametrize(
    "header",
    [
        f"t={T}",
        V1,
        f"t=abc,{V1}",
        f"t=,{V1}",
        f"t=-{T},{V1}",
        f"t= {T},{V1}",
        f"t=1e9,{V1}",
        f"t={'9' * 5000},{V1}",
        f"t=١٢٣,{V1}",
        f"t={T},t={T},{V1}",
        f"t={T},v1=zz",
        f"t={T},v1=",
        f"t={T},{V1}0",
        f"t={T},{V1},v1=short",
        f"t={T}," + ",".join([V1] * 6),
        f"t={T},{V1},",
        f"t={T};{V1}",
        f"T={T},{V1}",
        f"t={T},v1={'é' * 64}",
        "é",
        "\x00",
        ",",
        "=",
        "a" * 63,
        "a" * 65,
        "ａ" * 64,
    ],
)
def test_a_malformed_header_is_malformed(header):
    assert check(header) == "malformed"


def test_the_tutorials_bare_form_is_taken_only_where_it_is_allowed():
    bare = VECTORS["N1"]["header"]

    assert check(bare) is None
    assert check(bare, now=0) is None
    assert check(bare.upper()) is None
    assert check(bare, bare=False) == "malformed"
    assert check(bare, BODY + b" ") == "mismatch"
    assert sign_bare(BODY, SECRET) == bare


def test_a_captured_signature_sent_bare_signs_nothing_that_is_an_object():
    captured, stolen = V1[3:], str(T).encode() + b"." + BODY

    assert check(captured) == "mismatch"
    assert check(captured, stolen) is None
    assert an_object(stolen) is None


@pytest.mark.parametrize("name", ["N2", "N3"])
def test_wrong_ways_of_signing_are_mismatches(name):
    assert check(VECTORS[name]["header"]) == "mismatch"


@pytest.mark.parametrize("secrets", [[], [""], ["", ""]])
def test_without_a_secret_everything_is_refused(secrets):
    assert check(sign(BODY, "", T), secrets=secrets) == "no secret"
    assert check(sign_bare(BODY, ""), secrets=secrets) == "no secret"
    assert check(None, secrets=secrets) == "no secret"


def test_both_secrets_are_good_during_a_change_and_the_old_one_no_longer_after_it():
    old, new = "whsec_old_secret", SECRET

    for secret in (old, new):
        assert check(sign(BODY, secret, T), secrets=[new, old]) is None
    assert check(sign(BODY, old, T), secrets=[new]) == "mismatch"


def test_an_empty_body_and_one_that_is_not_text_are_signed_like_any_other():
    for body in (b"", b"\xff\x00"):
        assert check(sign(body, SECRET, T), body) is None
