"""A map the way it was read when the analysing networks were trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from companion.beatmap import Slider
from companion.engine.encoding.as_written import as_written, slider_multiplier_for
from companion.engine.encoding.moments import GoverningLines, moment
from companion.engine.encoding.options import EncodingOptions
from companion.engine.encoding.slider_spans import slider_duration, stated_length

if TYPE_CHECKING:
    from datetime import timedelta

    from companion.beatmap import Beatmap, HitObject

AS_TRAINED = EncodingOptions(original_quirks=True)


@dataclass(frozen=True, slots=True)
class MapAsTrained:
    """A map with what it takes to know when its sliders end."""

    beatmap: Beatmap
    """With objects in the order of the file."""
    lines: GoverningLines
    slider_multiplier: float

    @classmethod
    def of(cls, beatmap: Beatmap) -> Self:
        """The view of a map."""
        written = as_written(beatmap, AS_TRAINED)
        lines = GoverningLines(written.timing_points)
        return cls(written, lines, slider_multiplier_for(written, AS_TRAINED))

    def duration_of(self, slider: Slider) -> timedelta:
        """From a slider's head to its end."""
        return slider_duration(slider, stated_length(slider), self.lines, self.slider_multiplier)

    def end_of(self, hit: HitObject) -> timedelta:
        """When an object ends."""
        if isinstance(hit, Slider):
            return moment(hit.start_ms) + self.duration_of(hit)
        return moment(hit.end_ms)
