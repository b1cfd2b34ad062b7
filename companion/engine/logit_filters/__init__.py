"""What may come next: small rules that change a model's predictions before a token is chosen.

Each rule is a class with one method, `LogitFilter.apply`; `companion.engine.decoding` applies them
in order. The order of the released inference is: guidance, monotonic time, time bias, temperature,
lookback bias, then (when sampling) top-k and top-p.
"""

from __future__ import annotations

from companion.engine.logit_filters.concurrent_objects import NoConcurrentObjects
from companion.engine.logit_filters.grammar import ObjectGrammar
from companion.engine.logit_filters.guidance import Guidance, InvertedGuidance, LogitMixer
from companion.engine.logit_filters.history import LogitFilter, TokenHistory
from companion.engine.logit_filters.lookback import LookbackMask, LookbackRedistribution
from companion.engine.logit_filters.planned_onsets import PlannedOnsets
from companion.engine.logit_filters.temperature import (
    ConditionalTemperature,
    Temperature,
    TemperatureRule,
    temperature_rules,
)
from companion.engine.logit_filters.times import (
    MonotonicTime,
    TimeBias,
    TimeFence,
)
from companion.engine.logit_filters.truncation import TopK, TopP
from companion.engine.logit_filters.types_last_grammar import TypesLastGrammar

__all__ = [
    "ConditionalTemperature",
    "Guidance",
    "InvertedGuidance",
    "LogitFilter",
    "LogitMixer",
    "LookbackMask",
    "LookbackRedistribution",
    "MonotonicTime",
    "NoConcurrentObjects",
    "ObjectGrammar",
    "PlannedOnsets",
    "Temperature",
    "TemperatureRule",
    "TimeBias",
    "TimeFence",
    "TokenHistory",
    "TopK",
    "TopP",
    "TypesLastGrammar",
    "temperature_rules",
]
