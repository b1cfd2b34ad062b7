"""What of a request a model understands: what it can write from what, and which wishes it ignores.

Known from a checkpoint's settings and vocabulary alone; nothing here needs its weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from companion.engine import checkpoint
from companion.engine.conditioning import Conditioning
from companion.engine.events import ContextType
from companion.engine.map_requests import WRITABLE, MapOptions, Unknown
from companion.engine.templates import plan
from companion.engine.vocabulary import Vocabulary
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from companion.engine.map_requests import MapRequest
    from companion.engine.model.settings import ModelSettings

TELLING_ENCODERS = ("v30", "v31")
"""Families whose encoder is told star rating and mapper, whatever stands in their prompts."""
_TEMPERATURES = ("timing_temperature", "mania_column_temperature", "taiko_hit_temperature")


class Understanding(Protocol):
    """What is known of a model without its weights; a `Backbone` is one."""

    @property
    def vocabulary(self) -> Vocabulary:
        """The tokens it speaks."""
        ...

    @property
    def settings(self) -> ModelSettings:
        """What its files say."""
        ...


@dataclass(frozen=True, slots=True)
class Described:
    """A checkpoint as its files describe it."""

    vocabulary: Vocabulary
    settings: ModelSettings

    @classmethod
    def in_folder(cls, folder: Path) -> Described:
        """Read a checkpoint's files, but for its weights.

        Raises:
            ModelMissing: There is no checkpoint.
            CheckpointMismatch: It does not describe one.
        """
        settings = checkpoint.settings_of(folder)
        return cls(Vocabulary.from_file(folder / checkpoint.VOCABULARY), settings)


def writable_by(settings: ModelSettings) -> Collection[ContextType]:
    """The contexts that a model writes."""
    return {kind for template in settings.prompts.templates for kind in template.produced}


def plan_contexts(settings: ModelSettings, request: MapRequest) -> list[ContextType]:
    """What is to be written beside the timing.

    Raises:
        OptionRefused: The model cannot write that from what it is given.
    """
    known = writable_by(settings)
    wanted = request.unfinished(tuple(kind for kind in WRITABLE if kind in known))
    hears_apart = ContextType.TIMING in known
    if request.red_lines is None and not (hears_apart or settings.encoding.add_timing):
        raise OptionRefused(
            "This model cannot hear timing: it needs a map with red lines, or a tempo."
        )
    if request.red_lines is None and not hears_apart and ContextType.MAP not in wanted:
        raise OptionRefused(
            "This model hears timing only while it writes objects; ask for the map, too."
        )
    if not wanted:
        return []
    timed = request.red_lines is not None or hears_apart or request.super_timing is not None
    given = (*request.given, *((ContextType.TIMING,) if timed else ()))
    quirks = request.options.original_quirks
    chosen = plan(settings.prompts.templates, given, wanted, request.header.mode)
    shown = (*chosen.template.given, *chosen.template.produced)
    for kind in (ContextType.GD, ContextType.NO_HS):
        if kind in request.given and kind not in shown:
            raise OptionRefused(f"This model cannot be given {kind}; leave it out.")
    return [kind for kind in wanted if quirks or kind in chosen.produced]


def ignored_in(settings: ModelSettings, about: Conditioning) -> list[str]:
    """Names of what is said of a map that a model with these settings knows nothing of."""
    plain = Conditioning()
    return [
        name
        for name, is_told in _told(settings).items()
        if not is_told and getattr(about, name) != getattr(plain, name)
    ]


def ignored_wishes(settings: ModelSettings, request: MapRequest) -> tuple[str, ...]:
    """Names of wishes in a request that a model with these settings knows nothing of."""
    ignored = ignored_in(settings, request.conditioning)
    usual, options = MapOptions(), request.options
    # Where times come before their types, no temperature can wait for a type. Where they come after
    # them, nothing but a time can follow, and a bias of all times changes nothing.
    idle = ("time_bias",) if settings.encoding.types_first else _TEMPERATURES
    if not options.original_quirks or not settings.encoding.types_first:
        ignored += [name for name in idle if getattr(options, name) != getattr(usual, name)]
    return tuple(ignored)


def unknown_values(model: Understanding, request: MapRequest) -> tuple[Unknown, ...]:
    """Values in a request that a model has never met, of wishes that it knows as such."""
    shown = [
        kind
        for template in model.settings.prompts.templates
        for kind in (*template.given, *template.produced)
    ]
    contexts = [Unknown("in_context", kind.value) for kind in request.given if kind not in shown]
    return (*unknown_in(model, request.conditioning), *contexts)


def unknown_in(model: Understanding, about: Conditioning) -> Iterator[Unknown]:
    """Values of what is said of a map that a model has never met."""
    words, told = model.vocabulary, _told(model.settings)
    for wish in ("descriptors", "negative_descriptors"):
        for name in getattr(about, wish) or () if told[wish] else ():
            if isinstance(name, str) and name not in words.descriptor_index:
                yield Unknown(wish, name)
    mapper = about.mapper_id
    if mapper is not None and told["mapper_id"] and mapper not in words.mapper_index:
        yield Unknown("mapper_id", str(mapper))
    style = about.beatmap_id
    if style is not None and told["beatmap_id"] and style not in words.style_index:
        yield Unknown("beatmap_id", str(style))


def _told(settings: ModelSettings) -> dict[str, bool]:
    has, by_encoder = settings.prompts, settings.family in TELLING_ENCODERS
    # The bundled model's encoder hears star rating and number of keys.
    is_bundled = settings.family == "bundled"
    return {
        "difficulty": has.add_diff_token or by_encoder,
        "mapper_id": has.add_mapper_token or by_encoder,
        "beatmap_id": has.add_style_token,
        "year": has.add_year_token,
        "hitsounded": has.add_hitsounded_token,
        "cs": has.add_cs_token,
        "keycount": has.add_keycount_token or is_bundled,
        "hold_note_ratio": has.add_hold_note_ratio_token,
        "scroll_speed_ratio": has.add_scroll_speed_ratio_token,
        "slider_multiplier": has.add_global_sv_token and settings.encoding.add_sv,
        "descriptors": has.add_descriptors,
        "negative_descriptors": has.add_descriptors,
    }
