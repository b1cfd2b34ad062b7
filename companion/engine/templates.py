"""Which contexts a model family was trained to be given, and which to produce from them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from companion.beatmap import Mode
from companion.engine.events import ContextType
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Template:
    """One combination of contexts in training; the order of both is the order in a prompt."""

    given: tuple[ContextType, ...]
    produced: tuple[ContextType, ...]

    @classmethod
    def from_train_config(cls, entry: Mapping[str, Iterable[str]]) -> Self:
        """Read one entry of ``context_types``."""
        return cls(
            tuple(ContextType(kind) for kind in entry["in"]),
            tuple(ContextType(kind) for kind in entry["out"]),
        )

    @classmethod
    def all_from_train_config(cls, data: Mapping[str, Any]) -> tuple[Self, ...]:
        """Read all of ``context_types`` in a training configuration's ``data`` part."""
        return tuple(cls.from_train_config(entry) for entry in data["context_types"])

    def fits(self, given: Collection[ContextType], wanted: Collection[ContextType]) -> bool:
        """Whether everything wanted is produced from no more than what is given."""
        return all(kind in self.produced for kind in wanted) and all(
            kind is ContextType.NONE or kind in given for kind in self.given
        )

    @property
    def n_given(self) -> int:
        """How many contexts have to be given; the empty one does not count."""
        return sum(kind is not ContextType.NONE for kind in self.given)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a generation is given and what it produces, one context after the other."""

    template: Template
    produced: tuple[ContextType, ...]
    """The template's contexts up to the last one that is wanted."""


def plan(
    templates: Iterable[Template],
    given: Collection[ContextType],
    wanted: Collection[ContextType],
    mode: Mode,
    *,
    original_quirks: bool = False,
) -> Plan:
    """Choose the template that makes the most of what is given.

    With nothing in particular wanted, everything is produced. Scroll speeds are a context of their
    own only in mania.

    Args:
        templates: The family's.
        given: Contexts that are there, as input or finished.
        wanted: Contexts that should come out.
        mode: The map's.
        original_quirks: Whether everything includes scroll speeds outside mania, too.

    Raises:
        OptionRefused: The family was not trained for this combination.
    """
    templates = tuple(templates)
    fitting = [template for template in templates if template.fits(given, wanted)]
    if not fitting:
        raise OptionRefused(_misfit(templates, given, wanted))
    template = max(fitting, key=lambda candidate: candidate.n_given)
    available = _without_sv(template.produced, mode)
    if not wanted:
        return Plan(template, template.produced if original_quirks else available)
    remaining = [kind for kind in wanted if kind in available]
    if not remaining:
        raise OptionRefused(f"Nothing that was asked for exists in {mode.name.lower()} maps.")
    last = max(template.produced.index(kind) for kind in remaining)
    produced = template.produced[: last + 1]
    return Plan(template, produced if original_quirks else _without_sv(produced, mode))


def _misfit(
    templates: Collection[Template],
    given: Collection[ContextType],
    wanted: Collection[ContextType],
) -> str:
    """Why no template fits, and what would be possible."""
    asked, source = ", ".join(wanted) or "anything", ", ".join(given) or "the song alone"
    known = dict.fromkeys(kind for template in templates for kind in template.produced)
    text = f"This model cannot produce {asked} from {source}."
    if all(kind in known for kind in wanted):
        needs = dict.fromkeys(" and ".join(t.given) for t in templates if t.given)
        return f"{text} It has to be given {', or '.join(needs)}." if needs else text
    return f"{text} What it produces: {', '.join(known)}."


def _without_sv(kinds: tuple[ContextType, ...], mode: Mode) -> tuple[ContextType, ...]:
    if mode is Mode.MANIA:
        return kinds
    return tuple(kind for kind in kinds if kind is not ContextType.SV)
