"""Sealed boxes open with their key and with no other, and say nothing when they do not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluator.sealing import boxes, keys
from evaluator.sealing.errors import SealingError
from tests.sealing.builders import KEY, SIGNING


@given(st.binary(max_size=300))
def test_what_is_sealed_is_opened_and_the_size_tells_no_more_than_the_size(content):
    sealed = boxes.seal(content, KEY.public)
    assert boxes.open(sealed, KEY) == content
    assert len(sealed) == len(content) + boxes.OVERHEAD_BYTES


def test_the_same_content_is_never_sealed_alike():
    assert boxes.seal(b"answers", KEY.public) != boxes.seal(b"answers", KEY.public)


@given(st.integers(0, 54), st.integers(1, 255))
def test_a_box_with_any_byte_changed_does_not_open(place, flip):
    sealed = bytearray(boxes.seal(b"answers", KEY.public))
    sealed[place] ^= flip
    with pytest.raises(SealingError, match="sealed to another key, or was changed"):
        boxes.open(bytes(sealed), KEY)


@pytest.mark.parametrize("sealed", [b"", b"short", bytes(48), bytes(100)])
def test_what_is_no_box_is_refused(sealed):
    with pytest.raises(SealingError, match=f"does not open with key {KEY.public.shown}"):
        boxes.open(sealed, KEY)


def test_another_key_opens_nothing():
    with pytest.raises(SealingError):
        boxes.open(boxes.seal(b"answers", KEY.public), keys.new(keys.Kind.SEALING))


def test_signing_keys_neither_seal_nor_open():
    with pytest.raises(SealingError, match="a signing key does not seal"):
        boxes.seal(b"answers", SIGNING.public)
    with pytest.raises(SealingError, match="a signing key opens nothing"):
        boxes.open(bytes(100), SIGNING)


def test_a_public_key_whose_secret_everybody_knows_is_refused():
    with pytest.raises(SealingError, match="no key that anything can be sealed to"):
        boxes.seal(b"answers", keys.PublicKey(keys.Kind.SEALING, bytes(32)))
