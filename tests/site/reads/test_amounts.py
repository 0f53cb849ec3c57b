"""Durations and sizes as people read them."""

import pytest

from leaderboard.reads.amounts import duration, memory, size


@pytest.mark.parametrize(
    ("wall_s", "text"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (59.4, "59 s"),
        (60, "1 min"),
        (190, "3 min 10 s"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (90_000, "1 d 1 h"),
    ],
)
def test_a_duration_has_two_units_at_most(wall_s, text):
    assert duration(wall_s) == text


def test_memory_turns_to_gigabytes_when_it_is_long():
    assert [memory(512.4), memory(9_999), memory(20_480)] == ["512 MB", "9,999 MB", "20.0 GB"]


def test_sizes_are_read_in_their_unit():
    assert [size(100), size(2048), size(5 << 20), size(3 << 30)] == ["100 bytes", "2.0 kB", "5.0 MB", "3.0 GB"]
