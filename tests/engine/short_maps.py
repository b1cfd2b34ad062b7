"""What keeps whole maps by random weights short."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import soundfile

from companion.engine.whole_map import WholeMap

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from companion.engine.window_writer import GenerationOptions


def cut_clip(goldens: Path, folder: Path, seconds: int) -> Path:
    """The beginning of the recorded clip."""
    pcm, rate_hz = soundfile.read(goldens / "common" / "clip40.wav", dtype="int16")
    path = folder / "clip.wav"
    soundfile.write(path, pcm[: seconds * rate_hz], rate_hz)
    return path


def shorten_windows(monkeypatch: pytest.MonkeyPatch, max_tokens: int) -> None:
    """Random weights write on until they are stopped."""

    def short(whole: WholeMap) -> GenerationOptions:
        return replace(usual.fget(whole), max_tokens=max_tokens)

    usual: Any = WholeMap._options
    monkeypatch.setattr(WholeMap, "_options", property(short))
