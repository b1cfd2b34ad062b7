"""Positions refined by diffusion: where objects lie, drawn anew around what a model has written.

Owns the osu-diffusion network, its checkpoints and the way from events to events, and that from a
section's objects to their lines. May import the engine's events, encoding, groups, checkpoints and
cancellation, and ``companion.beatmap``. Importing it loads torch.
"""

from companion.engine.diffusion.classes import ClassTable, MapTraits
from companion.engine.diffusion.model import DiffusionModel, DiffusionSettings, load
from companion.engine.diffusion.refining import refine_positions
from companion.engine.diffusion.schedule import NoiseSchedule
from companion.engine.diffusion.section import refine_section, traits_of
from companion.engine.diffusion.sequence import PointSequence
from companion.engine.diffusion_options import DiffusionOptions

__all__ = [
    "ClassTable",
    "DiffusionModel",
    "DiffusionOptions",
    "DiffusionSettings",
    "MapTraits",
    "NoiseSchedule",
    "PointSequence",
    "load",
    "refine_positions",
    "refine_section",
    "traits_of",
]
