"""A certificate is right or refused with its reason: changed content, another key, an unknown version, hostile JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nacl.signing import VerifyKey

from evaluator.sealing import certificates, keys
from evaluator.sealing.errors import SealingError
from tests.sealing.builders import KEY, SIGNING

CONTENT = {"certifies": "model A has an R² of 0.5", "score": 0.5, "targets": ["SynthA"], "rank": None}
PUBLIC = SIGNING.public


def changed(**parts):
    return json.dumps(json.loads(certificates.sign(CONTENT, SIGNING).file()) | parts)


def with_content(**parts):
    return changed(content=CONTENT | {"holdout_certificate": 1} | parts)


def test_a_certificate_is_right_for_its_key_its_fingerprint_and_the_digits_that_are_shown():
    file = certificates.sign(CONTENT, SIGNING).file()
    for key in (PUBLIC, PUBLIC.id, PUBLIC.shown):
        assert certificates.verify(file, key) == CONTENT | {"holdout_certificate": 1}


def test_the_signed_text_is_canonical_json_and_the_signature_ed25519():
    signed = certificates.sign({"certifies": "ä", "b": 1, "a": [0.1, True]}, SIGNING)
    assert signed.content == '{"a":[0.1,true],"b":1,"certifies":"\\u00e4","holdout_certificate":1}'
    VerifyKey(PUBLIC.raw).verify(signed.content.encode(), bytes.fromhex(signed.signature))
    certificates.verify_text(signed.content, signed.signature, PUBLIC)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text().filter(lambda key: key != "holdout_certificate"), json_values, max_size=4))
def test_any_content_comes_back_from_its_file(content):
    content = content | {"certifies": "words"}
    file = certificates.sign(content, SIGNING).file()
    assert certificates.verify(file, PUBLIC) == json.loads(json.dumps(content)) | {"holdout_certificate": 1}


@pytest.mark.parametrize(
    ("file", "what"),
    [
        (with_content(score=0.6), "it was changed after it was signed"),
        (with_content(more=1), "it was changed after it was signed"),
        (changed(signature="00" * 64), "it was changed after it was signed"),
        (changed(signature="zz"), "it was changed after it was signed"),
        (changed(signature=None), "it was changed after it was signed"),
        (with_content(holdout_certificate=2), "is of version '2'; this version of Holdout knows version 1"),
        (changed(content=[1]), "is of version 'None'"),
        (changed(public_key=keys.new(keys.Kind.SIGNING).public.text), f"not with {PUBLIC.shown}"),
        (changed(public_key="x"), "this is not a key"),
        (changed(public_key=KEY.public.text), "this is a public sealing key"),
        (changed(also=1), "not exactly content, public_key and signature"),
        ("[]", "not exactly content, public_key and signature"),
        ("{", "it is not JSON"),
        ("[" * 100_000, "it is not JSON"),
        ('{"content": NaN}', "NaN stands in it"),
        ('{"content": 1, "content": 2}', "a key stands twice"),
        ('{"content": ' + "9" * 5000 + "}", "it is not JSON"),
        (b"\xff\xfe\xff", "it is not JSON"),
        (" " * ((1 << 20) + 1), "at most 1,048,576 bytes"),
    ],
)
def test_whatever_is_wrong_is_said_in_a_sentence(file, what):
    with pytest.raises(SealingError, match=what):
        certificates.verify(file, PUBLIC)


def test_nested_too_deep_is_refused():
    deep = []
    for _ in range(20):
        deep = [deep]
    with pytest.raises(SealingError, match="nested too deep"):
        certificates.verify(with_content(deep=deep), PUBLIC)


@pytest.mark.parametrize("key", ["", PUBLIC.id[:15], "0" * 64, PUBLIC.id + "0"])
def test_a_fingerprint_that_is_short_or_another_ones_is_refused(key):
    with pytest.raises(SealingError, match="is signed with key"):
        certificates.verify(certificates.sign(CONTENT, SIGNING).file(), key)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ({}, "in words what it certifies"),
        ({"certifies": 1}, "in words what it certifies"),
        (CONTENT | {"holdout_certificate": 1}, "nothing of 'holdout_certificate'"),
        (CONTENT | {"x": float("nan")}, "write what is undefined as null"),
        (CONTENT | {"x": float("inf")}, "write what is undefined as null"),
        (CONTENT | {"x": b"bytes"}, "cannot stand in a certificate"),
        (CONTENT | {"x": {1: 2}}, "1 is no name of JSON"),
    ],
)
def test_what_cannot_be_certified_is_not_signed(content, what):
    with pytest.raises(SealingError, match=what):
        certificates.sign(content, SIGNING)


def test_a_sealing_key_signs_nothing():
    with pytest.raises(SealingError, match="a sealing key signs nothing"):
        certificates.sign(CONTENT, KEY)
