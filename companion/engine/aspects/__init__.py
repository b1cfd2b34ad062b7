"""Choosing some aspects of existing objects anew: their hitsounds, or where they are.

The map's own events are given to the model token by token as if it had written them; only the
tokens of the wanted aspects are chosen by it, among those that keep the object what it is. So
rhythm and everything else stay exactly as they are, and whatever is chosen knows what came before
it. May import the engine's events, encoding, vocabulary and modding, and ``companion.beatmap``.
"""

from companion.engine.aspects.aspect import Aspect, Draw
from companion.engine.aspects.catalogue import aspect_of
from companion.engine.aspects.object_events import ObjectEvents

__all__ = ["Aspect", "Draw", "ObjectEvents", "aspect_of"]
