from __future__ import annotations

import numpy as np
import pytest

from companion.engine.audio import Waveform
from companion.engine.loaded_model import Song
from companion.training.evaluation.songs import repeated


def song_of(samples: np.ndarray, name: str) -> Song:
    return Song(Waveform(samples.astype(np.float32), 100, name), 50)


@pytest.mark.parametrize("n", [10, 250, 1000])
def test_lent_sound_is_as_long_as_the_song_and_never_silent(n: int):
    sound = np.sin(np.arange(400)) + 2
    sound[:40] = sound[-40:] = 0  # fades
    lent = repeated(song_of(sound, "short"), song_of(np.zeros(n), "long"))
    assert lent.waveform.samples.shape == (n,)
    assert (lent.waveform.samples > 0.5).all()
    assert lent.waveform.cut(max(n - 50, 0), 50).min() >= (0 if n < 50 else 0.5)


def test_lent_sound_is_not_taken_for_the_song_that_lends():
    short = song_of(np.ones(400), "short")
    ids = {repeated(short, song_of(np.zeros(n), "long")).waveform.audio_id for n in (900, 901)}
    assert len(ids | {"short"}) == 3
