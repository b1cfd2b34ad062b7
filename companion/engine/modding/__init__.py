"""MaiMod: from how surprising each event of a map is to findings in a mapper's words.

``record`` holds what the model said of one event; ``groups`` puts events together to the parts
of objects they describe; ``rules`` decides what is worth showing and under which category;
``features`` sums an object and its surroundings up and ``habits`` what is usual in the whole map,
in which ``detectors`` read faults and ``suspects`` the event that tells of one; ``selection`` picks
what stands out in the map at hand; ``wording`` puts it into words; ``fixes`` makes the edit the
model would make; ``findings`` composes them. All of it is pure and free of torch. May import
``companion.beatmap``, ``companion.findings`` and the torch-free values of ``companion.engine``.
"""

from __future__ import annotations

from companion.engine.modding.findings import CODE_PREFIX, MapModder
from companion.engine.modding.record import JudgedEvent, ModdingSettings
from companion.engine.modding.rules import Topic
from companion.engine.modding.selection import Candidate, Chosen, Selection

__all__ = [
    "CODE_PREFIX",
    "Candidate",
    "Chosen",
    "JudgedEvent",
    "MapModder",
    "ModdingSettings",
    "Selection",
    "Topic",
]
