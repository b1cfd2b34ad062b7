"""When objects begin, decided before anything is written.

A decoder that chooses one object after the other goes on as it has begun: one object too many makes
the next one likelier. What is heard at a moment does not depend on that, nor what the map does at
the same place of other measures. So where a network hears beginnings apart from what it writes,
`planner` joins both and plans the beginnings of a window; objects are then written to the plan.
``ticks`` are the places, ``habits`` what the rest of a map tells of them, ``plan`` what comes out.
"""

from __future__ import annotations

from companion.engine.rhythm.habits import NOTHING_KNOWN, Habits, KnownOnsets
from companion.engine.rhythm.plan import OnsetPlan
from companion.engine.rhythm.planner import OnsetPlanner
from companion.engine.rhythm.times import onset_times

__all__ = ["NOTHING_KNOWN", "Habits", "KnownOnsets", "OnsetPlan", "OnsetPlanner", "onset_times"]
