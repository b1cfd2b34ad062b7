from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from companion.engine.audio import load_audio

if TYPE_CHECKING:
    from pathlib import Path


def test_a_song_of_another_rate_sounds_as_recorded(goldens: Path):
    recorded = sorted((goldens / "common").glob("*.samples.npz"))
    assert recorded
    for file in recorded:
        song = file.with_name(file.name.replace(".samples.npz", ".wav"))
        with np.load(file) as arrays:
            expected = arrays["norm"]
        np.testing.assert_array_equal(load_audio(song, 16000).samples, expected)
