from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion.beatmap.numbers import (
    MAX_COORDINATE,
    format_number,
    number_or,
    parse_number,
    parse_whole,
    whole_or,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [("12", 12.0), (" 12.5 ", 12.5), ("1E-05", 1e-5), ("-3", -3.0), ("2147483647", 2147483647.0)],
)
def test_numbers_are_read_as_the_clients_read_them(text: str, value: float) -> None:
    assert parse_number(text) == value


@pytest.mark.parametrize(
    "text", ["", "x", "NaN", "inf", "-Infinity", "2.4E+15", "1_000", "1,5", "12 3"]
)
def test_what_is_no_number_or_too_high_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_number(text)


def test_coordinates_have_a_smaller_limit() -> None:
    assert parse_number("131072", MAX_COORDINATE) == 131072
    with pytest.raises(ValueError, match="out of range"):
        parse_number("131073", MAX_COORDINATE)


def test_decimals_of_whole_numbers_are_cut_off_towards_zero() -> None:
    assert parse_whole("12.9") == 12
    assert parse_whole("-12.9") == -12
    assert whole_or("x", 7) == 7
    assert number_or("x", 0.5) == 0.5
    assert number_or("0.25", 0.5) == 0.25


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5.0, "5"),
        (-0.0, "0"),
        (0.1 + 0.2, "0.3"),
        (1e-5, "0.00001"),
        (-133.333333333333, "-133.333333333333"),
        (2.4e15, "2400000000000000"),
    ],
)
def test_numbers_are_written_without_noise(value: float, text: str) -> None:
    assert format_number(value) == text


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_cannot_be_written(value: float) -> None:
    with pytest.raises(ValueError, match="cannot be written"):
        format_number(value)


@given(st.floats(min_value=-1e9, max_value=1e9))
def test_a_written_number_reads_back_nearly_equal(value: float) -> None:
    assert abs(parse_number(format_number(value)) - value) <= 1e-6
