"""The payload is salt, row ids and answers and nothing else; the commitment binds all of it."""

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmark_data.study_facts import sealed_bytes
from evaluator.sealing import answers, boxes
from evaluator.sealing.errors import SealingError
from tests.sealing.builders import KEY

SALT = bytes(range(32))
ROW_ID, RESPONSE = np.array([7, -1]), np.array([0.25, 0.5])
PAYLOAD = SALT + struct.pack("<qqdd", 7, -1, 0.25, 0.5)


def test_a_payload_is_salt_then_ids_then_answers_little_endian():
    assert answers.payload(ROW_ID, RESPONSE, SALT) == PAYLOAD


def test_the_commitment_is_the_sha256_of_the_payload():
    assert answers.commitment(PAYLOAD) == hashlib.sha256(PAYLOAD).hexdigest()


def test_a_sealed_payload_has_the_size_that_the_bundle_is_held_to():
    assert len(boxes.seal(PAYLOAD, KEY.public)) == sealed_bytes(2)


@given(
    st.lists(
        st.tuples(st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False, allow_infinity=False)),
        max_size=20,
        unique_by=lambda pair: pair[0],
    )
)
def test_answers_come_back_to_the_last_bit(pairs):
    row_id = np.array([pair[0] for pair in pairs], np.int64)
    response = np.array([pair[1] for pair in pairs], np.float64)
    content = answers.payload(row_id, response, SALT)
    found = answers.answers(content, len(pairs), answers.commitment(content))
    assert (found.row_id == row_id).all()
    assert found.response.tobytes() == response.tobytes()
    assert found.salt == SALT


def test_two_salts_give_two_commitments_to_the_same_answers():
    first, second = (answers.payload(ROW_ID, RESPONSE, answers.new_salt()) for _ in range(2))
    assert answers.commitment(first) != answers.commitment(second)


@pytest.mark.parametrize(
    ("content", "n_rows", "what"),
    [
        (PAYLOAD[:-1], 2, "is not what 2 rows have"),
        (PAYLOAD, 3, "is not what 3 rows have"),
        (PAYLOAD[:-1] + b"\x00", 2, "not those that the study's commitment was made of"),
    ],
)
def test_a_payload_of_another_size_or_content_is_refused(content, n_rows, what):
    with pytest.raises(SealingError, match=what):
        answers.answers(content, n_rows, answers.commitment(PAYLOAD))


@pytest.mark.parametrize(
    ("row_id", "response"),
    [([1, 1], [0.1, 0.2]), ([1, 2], [0.1, np.nan]), ([1, 2], [np.inf, 0.1])],
)
def test_answers_that_are_none_are_refused_even_where_they_were_committed_to(row_id, response):
    content = answers.payload(np.array(row_id), np.array(response), SALT)
    with pytest.raises(SealingError, match="a row twice, or an answer that is no number"):
        answers.answers(content, 2, answers.commitment(content))


@pytest.mark.parametrize(
    ("row_id", "response", "salt"),
    [(ROW_ID, RESPONSE[:1], SALT), (ROW_ID, RESPONSE, SALT[:-1]), (ROW_ID[None], RESPONSE[None], SALT)],
)
def test_a_payload_needs_a_salt_and_an_answer_a_row(row_id, response, salt):
    with pytest.raises(SealingError, match="one answer for each row"):
        answers.payload(row_id, response, salt)


def test_answers_are_put_in_the_order_of_the_query():
    found = answers.answers(PAYLOAD, 2, answers.commitment(PAYLOAD))
    assert found.in_order_of(np.array([-1, 7])).tolist() == [0.5, 0.25]
    for others in ([7], [7, 8], [7, -1, 3]):
        with pytest.raises(SealingError, match="not those of the rows that the study's query asks about"):
            found.in_order_of(np.array(others))


def test_answers_do_not_show_themselves():
    found = answers.answers(PAYLOAD, 2, answers.commitment(PAYLOAD))
    assert "0.25" not in repr(found)
    assert repr(SALT) not in repr(found)
