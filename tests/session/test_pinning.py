"""Conditioning moves only when it has moved far."""

from __future__ import annotations

from dataclasses import replace

import pytest

from companion.engine.conditioning import Conditioning
from companion.session.pinning import pin

BASE = Conditioning(difficulty=4.2, cs=4.0, note_density=3.0, song_length_ms=60_000.0)


def test_the_first_is_taken_as_it_is():
    assert pin(None, BASE) == (BASE, None)


@pytest.mark.parametrize(
    "changes", [{}, {"difficulty": 4.6}, {"difficulty": 3.8}, {"note_density": 3.3}]
)
def test_small_changes_keep_the_pinned_one(changes):
    pinned, note = pin(BASE, replace(BASE, **changes))
    assert pinned is BASE
    assert note is None


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"difficulty": 4.8}, "star rating"),
        ({"difficulty": None}, "star rating"),
        ({"cs": 4.2}, "circle size"),
        ({"hitsounded": False}, "hitsounds"),
        ({"slider_multiplier": 1.6}, "slider velocity"),
        ({"note_density": 4.0}, "note density"),
        ({"song_length_ms": 61_000.0}, "song"),
        ({"cs": 5.0, "hitsounded": False}, "circle size"),
    ],
)
def test_large_changes_are_followed_with_a_reason(changes, word):
    current = replace(BASE, **changes)
    pinned, note = pin(BASE, current)
    assert pinned is current
    assert note is not None
    assert word in note


def test_a_slow_drift_is_followed_once_it_is_far():
    pinned = BASE
    for stars in (4.4, 4.6, 4.7):
        pinned, _ = pin(pinned, replace(BASE, difficulty=stars))
    assert pinned is BASE
    pinned, note = pin(pinned, replace(BASE, difficulty=4.71))
    assert pinned.difficulty == 4.71
    assert note is not None
    assert "4.2 to 4.71 stars" in note
