"""The bundled model: a small network of the companion's own over V29's output vocabulary.

The sound is heard together with the beat of the map's red lines; a frame-wise head says where
objects probably lie; a decoder writes V29's events and chooses times by pointing at what was
heard. ``grid``, ``conditions`` and ``sound`` prepare inputs, ``hearing`` and ``writing`` are the
two halves of ``network``, ``folder`` reads and writes checkpoints, ``backbone`` puts it all behind
the engine's interface. Importing this package loads torch.
"""

from __future__ import annotations

from companion.engine.model.bundled.backbone import BundledBackbone
from companion.engine.model.bundled.folder import load, save

__all__ = ["BundledBackbone", "load", "save"]
