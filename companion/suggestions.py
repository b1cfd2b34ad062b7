"""Life of a generated passage: generated, checked, offered, then accepted, rejected or stale.

A suggestion is made for a base document. As long as a newer revision has the same ground under the
range (the same object lines in it, the same timing that governs it), the suggestion moves along
with it; otherwise it is stale. Generated lines replace only objects whose whole extent lies in the
range.

What the rules say of the map with a variant in it is known before the mapper decides: variants that
bring problems come after those that do not.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from companion.beatmap import splice_section
from companion.checks import findings_brought, run_checks
from companion.engine.taking import lines_taken
from companion.errors import OptionRefused, RequestError, StaleEdit, UnknownId
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from companion.beatmap import Document, HitObject, TextEdit, TimeRange, TimingPoint
    from companion.engine.cancellation import CancelToken
    from companion.engine.requests import (
        Aspect,
        Engine,
        Passage,
        RegenerateOptions,
        RegenerateRequest,
        VariantRank,
    )
    from companion.findings import Finding

KEPT_SUGGESTIONS: Final = 12
"""Older ones that have ended are forgotten."""


class SuggestionState(StrEnum):
    """Where a suggestion is in its life."""

    GENERATING = "generating"
    """Passages are still coming."""
    OFFERED = "offered"
    """Complete; the mapper decides."""
    ACCEPTED = "accepted"
    """Written into the map."""
    REJECTED = "rejected"
    """Dropped by the mapper."""
    STALE = "stale"
    """The map changed under it."""
    FAILED = "failed"
    """Generating ended with an error."""
    CANCELLED = "cancelled"
    """Generating was called off."""

    @property
    def open(self) -> bool:
        """Whether it may still be accepted, now or later."""
        return self in {SuggestionState.GENERATING, SuggestionState.OFFERED}


@dataclass(frozen=True, slots=True)
class CheckedVariant:
    """What the rules would find in the map with a variant in it."""

    variant: int
    findings: tuple[Finding, ...]
    """Within the suggestion's range, less what they find without the variant."""

    @property
    def n_problems(self) -> int:
        """How many of them are problems."""
        return sum(finding.severity is Severity.PROBLEM for finding in self.findings)


@dataclass(frozen=True, slots=True)
class Part:
    """A variant of which only a part is new: the rest of its objects is as the map has it."""

    variant: int
    of: int
    """The generated variant."""
    take: Aspect
    """What is taken of it."""
    lines: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A generated passage on offer, with its variants."""

    id: str
    request_id: str
    job_id: str
    base_revision: int
    base: Document
    range: TimeRange
    options: RegenerateOptions
    state: SuggestionState = SuggestionState.GENERATING
    passages: tuple[Passage, ...] = ()
    ranking: tuple[int, ...] = ()
    """Variants, best first, as the model sees it; empty while unknown."""
    parts: tuple[Part, ...] = ()
    """Further variants, made of those that were generated."""
    complete: bool = False
    """Whether all its passages are there."""
    checked: tuple[CheckedVariant, ...] = ()
    """What the rules say; nothing of a variant that they have not looked at."""
    reason: str | None = None
    accepted_variant: int | None = None

    @property
    def variants(self) -> tuple[int, ...]:
        """Numbers of the variants that have passages, then those of parts."""
        generated = sorted({passage.variant for passage in self.passages})
        return (*generated, *(part.variant for part in self.parts))

    def part(self, variant: int) -> Part | None:
        """What a variant is a part of; None for one that was generated."""
        return next((part for part in self.parts if part.variant == variant), None)

    @property
    def order(self) -> tuple[int, ...]:
        """Variants, best first: as ranked, but those that bring problems last; empty if unknown."""
        n_problems = {checked.variant: checked.n_problems for checked in self.checked}
        return tuple(sorted(self.ranking, key=lambda variant: n_problems.get(variant, 0) > 0))

    def findings(self, variant: int) -> tuple[Finding, ...] | None:
        """What a variant would bring; None as long as the rules have not looked at it."""
        return next((one.findings for one in self.checked if one.variant == variant), None)

    def lines(self, variant: int) -> tuple[bytes, ...]:
        """The object lines of a variant, in time order."""
        part = self.part(variant)
        if part is not None:
            return part.lines
        passages = [p for p in self.passages if p.variant == variant]
        return tuple(line for p in sorted(passages, key=_start) for line in p.lines)

    def green_lines(self, variant: int) -> tuple[TimingPoint, ...] | None:
        """The green lines that a variant's objects are made for, in time order.

        None where they do not change: objects that stay keep those that they were made for.
        """
        part = self.part(variant)
        if not self.options.green_lines_change or (part and part.take != "rhythm"):
            return None
        variant = variant if part is None else part.of
        passages = [p for p in self.passages if p.variant == variant]
        return tuple(point for p in sorted(passages, key=_start) for point in p.green_lines)

    def mean_logprob(self, variant: int) -> float | None:
        """How sure the model was of a variant; weighs passages by their number of objects."""
        part = self.part(variant)
        variant = variant if part is None else part.of
        passages = [p for p in self.passages if p.variant == variant]
        weights = [max(1, len(p.lines)) for p in passages]
        if not passages:
            return None
        return sum(p.mean_logprob * w for p, w in zip(passages, weights, strict=True)) / sum(
            weights
        )


class Suggestions:
    """The suggestions of one open map, oldest first. Every change gives the changed value back."""

    def __init__(self) -> None:
        self._by_id: dict[str, Suggestion] = {}

    def __iter__(self) -> Iterator[Suggestion]:
        return iter(self._by_id.values())

    def get(self, suggestion_id: str) -> Suggestion:
        """The suggestion; raises `UnknownId`."""
        try:
            return self._by_id[suggestion_id]
        except KeyError:
            raise UnknownId("This suggestion is not known any more.") from None

    def of_job(self, job_id: str) -> Suggestion | None:
        """The suggestion a job fills."""
        return next((s for s in self if s.job_id == job_id), None)

    def add(self, suggestion: Suggestion) -> Suggestion:
        """Take a new one in; forgets the oldest ended ones beyond `KEPT_SUGGESTIONS`."""
        self._by_id[suggestion.id] = suggestion
        ended = deque(s.id for s in self if not s.state.open)
        while len(self._by_id) > KEPT_SUGGESTIONS and ended:
            del self._by_id[ended.popleft()]
        return suggestion

    def extend(self, suggestion: Suggestion, passage: Passage) -> Suggestion:
        """A passage has arrived."""
        return self._put(replace(suggestion, passages=(*suggestion.passages, passage)))

    def rank(self, suggestion: Suggestion, rank: VariantRank) -> Suggestion:
        """The variants have been compared."""
        return self._put(replace(suggestion, ranking=rank.order))

    def complete(self, suggestion: Suggestion) -> Suggestion:
        """All passages are there."""
        return self._put(replace(suggestion, complete=True))

    def take(self, suggestion: Suggestion, variant: int, take: Aspect) -> Suggestion:
        """Make a further variant of a part of one; a part that there is already is not made again.

        Raises:
            RequestError: It is not on offer, or has no such variant.
            OptionRefused: This part is none of what is new, or cannot be taken by itself.
        """
        _require_offered(suggestion, variant)
        if any((part.of, part.take) == (variant, take) for part in suggestion.parts):
            return suggestion
        if suggestion.part(variant) is not None:
            raise UnknownId("Only of a whole variant a part can be taken.")
        if take in suggestion.options.kept:
            raise OptionRefused(
                f"This suggestion keeps the map's own {take}, so there is nothing to take."
            )
        lines = lines_taken(
            suggestion.base,
            suggestion.range,
            suggestion.lines(variant),
            suggestion.green_lines(variant),
            take,
        )
        part = Part(suggestion.variants[-1] + 1, variant, take, lines)
        return self._put(replace(suggestion, parts=(*suggestion.parts, part)))

    def check(self, suggestion: Suggestion, checked: Iterable[CheckedVariant]) -> Suggestion:
        """The rules have looked at the variants."""
        return self._put(replace(suggestion, checked=tuple(checked)))

    def end(
        self, suggestion: Suggestion, state: SuggestionState, reason: str | None = None
    ) -> Suggestion:
        """Move to another state."""
        return self._put(replace(suggestion, state=state, reason=reason))

    def accept(self, suggestion: Suggestion, variant: int) -> Suggestion:
        """A variant is in the file now."""
        return self._put(
            replace(suggestion, state=SuggestionState.ACCEPTED, accepted_variant=variant)
        )

    def reject(self, suggestion_id: str) -> Suggestion:
        """The mapper drops it.

        Raises:
            UnknownId: there is none with this id.
            RequestError: it has been decided on already.
        """
        suggestion = self.get(suggestion_id)
        if not suggestion.state.open:
            raise RequestError(f"This suggestion is {suggestion.state} already.")
        return self.end(suggestion, SuggestionState.REJECTED)

    def rebase(self, document: Document, revision: int) -> tuple[Suggestion, ...]:
        """The map has a new revision: open suggestions move along or become stale."""
        return tuple(self._rebased(s, document, revision) for s in list(self) if s.state.open)

    def _rebased(self, suggestion: Suggestion, document: Document, revision: int) -> Suggestion:
        difference = ground_difference(suggestion.base, document, suggestion.range)
        if difference is not None:
            return self.end(suggestion, SuggestionState.STALE, difference)
        return self._put(replace(suggestion, base=document, base_revision=revision))

    def _put(self, suggestion: Suggestion) -> Suggestion:
        self._by_id[suggestion.id] = suggestion
        return suggestion


def _start(passage: Passage) -> int:
    return passage.range.start_ms


def splice(
    suggestion: Suggestion, variant: int, current: Document
) -> tuple[tuple[TextEdit, ...], Document]:
    """The edits that put a variant into the current document, and the document they give.

    Raises:
        RequestError: the suggestion cannot be accepted, or has no such variant.
        StaleEdit: the map changed under the suggestion.
    """
    _require_offered(suggestion, variant)
    difference = ground_difference(suggestion.base, current, suggestion.range)
    if difference is not None:
        raise StaleEdit(difference)
    return _spliced(suggestion, variant, current)


def _require_offered(suggestion: Suggestion, variant: int) -> None:
    if suggestion.state is not SuggestionState.OFFERED:
        reason = f" {suggestion.reason}" if suggestion.reason else ""
        raise RequestError(f"This suggestion is {suggestion.state}.{reason}")
    if variant not in suggestion.variants:
        raise UnknownId("This suggestion has no such variant.")


def _spliced(
    suggestion: Suggestion, variant: int, current: Document
) -> tuple[tuple[TextEdit, ...], Document]:
    lines, points = suggestion.lines(variant), suggestion.green_lines(variant)
    edits = splice_section(current, suggestion.range, lines, points)
    return edits, current.apply(edits)


def check_variants(
    suggestion: Suggestion, judge: Callable[[Document], Iterable[Finding]] = run_checks
) -> tuple[CheckedVariant, ...]:
    """Have the rules, which `judge` asks, look at the map with each variant in it.

    Takes as long as to check the map once more than there are variants.
    """
    base = suggestion.base
    before = tuple(judge(base))
    return tuple(
        CheckedVariant(
            variant,
            findings_brought(
                before,
                judge(_spliced(suggestion, variant, base)[1]),
                suggestion.range,
            ),
        )
        for variant in suggestion.variants
    )


def ground_difference(base: Document, current: Document, span: TimeRange) -> str | None:
    """Why what was generated on `base` does not fit `current`, as a sentence; None when it does."""
    if base.digest == current.digest:
        return None
    if not current.readable:
        return "The file cannot be read any more; generate the section again once it can."
    if _object_lines(base, span) != _object_lines(current, span):
        return "The objects in this section have changed since; generate it again."
    if _timing(base, span) != _timing(current, span):
        return "The timing of this section has changed since; generate it again."
    return None


def _object_lines(document: Document, span: TimeRange) -> tuple[bytes, ...]:
    """Raw lines of all objects that lie in the range, wholly or in part."""
    return tuple(document.lines[item.line].raw for item in _touching(document, span))


def _touching(document: Document, span: TimeRange) -> Iterator[HitObject]:
    for item in document.beatmap.hit_objects:
        if item.start_ms < span.end_ms and item.end_ms >= span.start_ms:
            yield item


def _timing(document: Document, span: TimeRange) -> tuple[object, ...]:
    """What a passage's rhythm and slider lengths rest on: red lines, velocities, base velocity."""
    beatmap = document.beatmap
    inside = (p for p in beatmap.timing_points if span.contains(p.time_ms))
    governing = beatmap.timing_at(span.start_ms)
    return (
        beatmap.mode,
        beatmap.slider_multiplier,
        None if governing is None else _grid(governing),
        beatmap.velocity_at(span.start_ms),
        tuple(_grid(point) for point in inside),
    )


def _grid(point: TimingPoint) -> tuple[object, ...]:
    length = point.beat_length if point.uninherited else point.velocity
    return point.time_ms, point.uninherited, length, point.meter


def preview(base: Document, lines: Sequence[bytes]) -> Document:
    """Generated lines alone as a map with the base's settings and timing."""
    kept = [line.whole for line in base.lines if line.section not in {"HitObjects", "Events"}]
    body = b"".join([*kept, b"\n[HitObjects]\n", *(line + b"\n" for line in lines)])
    return type(base).parse(base.bom + body)


def generate(
    request: RegenerateRequest, engine: Engine, token: CancelToken
) -> Iterator[Passage | VariantRank]:
    """The work of a regeneration: its passages, then, of several variants, how they compare."""
    lines: dict[int, list[bytes]] = {}
    for passage in engine.regenerate(request, token):
        lines.setdefault(passage.variant, []).extend(passage.lines)
        yield passage
    if len(lines) > 1:
        yield engine.rank(request, [lines[variant] for variant in sorted(lines)], token)
