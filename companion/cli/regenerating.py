"""``companion regenerate``, ``hitsounds`` and ``undo``: the commands that write."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from companion.beatmap import TimeRange, storage
from companion.bridge.keeping import level_of
from companion.bridge.surroundings import Surroundings
from companion.cli.modding import map_value, rule_values
from companion.cli.notice import confirm_notice
from companion.cli.progress import SongProgress
from companion.cli.rule_report import rule_report
from companion.cli.workbench import Workbench
from companion.engine.cancellation import CancelToken
from companion.engine.requests import Aspect, Passage, RegenerateOptions, Replace
from companion.engine.seeds import chosen_seed
from companion.errors import OptionRefused, RangeRefused
from companion.findings import counted, timestamp
from companion.session import CheckVariants, StartRegenerate
from companion.suggestions import check_variants, generate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from companion.beatmap import Beatmap
    from companion.cli.terminal import Terminal
    from companion.cli.workbench import Written
    from companion.settings import Settings
    from companion.suggestions import Suggestion

RELOAD_HINT = "Press Ctrl+L in the editor to load it."


@dataclass(frozen=True, slots=True)
class Wish:
    """The command's options; ``None`` means the engine's default."""

    start_ms: int | None = None
    """``None`` begins with the first object."""
    end_ms: int | None = None
    """``None`` ends with the last object."""
    difficulty: float | None = None
    seed: int | None = None
    guidance: float | None = None
    temperature: float | None = None
    replace: str = "all"
    keep: Sequence[str] = ()
    change_green_lines: bool = False
    variants: int = 1
    diffusion: Path | None = None
    out: Path | None = None
    in_place: bool = False
    acknowledge: bool = False

    def range_in(self, beatmap: Beatmap) -> TimeRange:
        """The time range in a map.

        Raises:
            RangeRefused: An end is left to the map, and it has no objects.
        """
        if self.start_ms is not None and self.end_ms is not None:
            return TimeRange(self.start_ms, self.end_ms)
        mapped = beatmap.mapped_range
        if mapped is None:
            raise RangeRefused("The map has no objects yet.")
        return TimeRange(
            mapped.start_ms if self.start_ms is None else self.start_ms,
            mapped.end_ms if self.end_ms is None else self.end_ms,
        )

    def options(self) -> RegenerateOptions:
        """The engine's options.

        Raises:
            OptionRefused: One of them is out of range, or two exclude each other.
        """
        if self.out is not None and self.in_place:
            raise OptionRefused("Give either --out or --in-place, not both.")
        if self.out is not None and self.out.exists():
            raise OptionRefused(f"{self.out} exists already; choose another name.")
        plain = RegenerateOptions()
        options = RegenerateOptions(
            difficulty=self.difficulty,
            seed=chosen_seed(self.seed),
            guidance=plain.guidance if self.guidance is None else self.guidance,
            temperature=plain.temperature if self.temperature is None else self.temperature,
            replace=cast("Replace", self.replace),  # verified below, as is what is kept
            keep=cast("frozenset[Aspect]", frozenset(self.keep)),
            change_green_lines=self.change_green_lines,
            variants=self.variants,
            diffusion_folder=self.diffusion,
        )
        options.verify()
        return options


def regenerate_section(settings: Settings, terminal: Terminal, path: Path, wish: Wish) -> None:
    """Generate a section; print it, or write it where the wish says.

    Raises:
        CompanionError: Anything that keeps it from being done; the map is then as it was.
    """
    options = wish.options()
    bench = Workbench(settings, path)
    show_notice(bench, terminal, acknowledged=wish.acknowledge)
    bench.session.fair_use.require_generating()  # before the song and the model are loaded
    bench.open_song()
    wanted = wish.range_in(bench.document.beatmap)
    suggestion = _generate(bench, terminal, wanted, options)
    best = suggestion.order[0] if suggestion.order else suggestion.variants[0]
    _tell_findings(terminal, suggestion, best)
    written: Written | None = None
    if wish.in_place or wish.out is not None:
        planned = bench.session.plan_accept(suggestion.id, best, storage.read(bench.path))
        written = bench.accept(planned) if wish.out is None else bench.write_copy(planned, wish.out)
    terminal.result(
        _text(suggestion, best, written), _value(bench, suggestion, best, written, wish)
    )


def undo_last_write(settings: Settings, terminal: Terminal, path: Path) -> None:
    """Take back the companion's last write to a map.

    Raises:
        CompanionError: There is nothing to undo, or it cannot be undone; the map is as it was.
    """
    bench = Workbench(settings, path)
    planned, written = bench.take_back()
    left = len(bench.session.undo_steps) - 1
    terminal.result(
        f"{planned.description}. {RELOAD_HINT}",
        {
            "map": map_value(bench),
            "undone": planned.description,
            "digest": planned.document.digest,
            "backup": str(written.backup),
            "steps_left": left,
        },
    )


def show_notice(bench: Workbench, terminal: Terminal, *, acknowledged: bool) -> None:
    """Show the fair-use notice the first time, and ask; `--acknowledge` answers beforehand."""
    if confirm_notice(bench.session.fair_use, terminal, acknowledged=acknowledged):
        bench.acknowledge()


def _generate(
    bench: Workbench, terminal: Terminal, wanted: TimeRange, options: RegenerateOptions
) -> Suggestion:
    """Generate all variants of the section, telling of each passage as it comes."""
    session = bench.session
    number = session.revision.number if session.revision is not None else 0
    suggestion = session.regenerate("command", number, wanted, options)
    order = next(o for o in session.drain() if isinstance(o, StartRegenerate))
    bench.engine.require_able(order.request)
    info = bench.load_model()
    span = suggestion.range
    terminal.note(
        f"{info.name} writes {timestamp(span.start_ms)} - {timestamp(span.end_ms)}, "
        f"seed {options.seed} …"
    )
    passages = generate(order.request, bench.engine, CancelToken())
    reached = dict.fromkeys(range(options.variants), span.start_ms)
    with SongProgress(terminal, span) as progress:
        for value in bench.perform(order.job_id, passages):
            session.drain()
            if isinstance(value, Passage):
                reached[value.variant] = value.range.end_ms
                progress.reach(min(reached.values()))
    for left in session.drain():
        if isinstance(left, CheckVariants):
            judge = partial(
                Surroundings(partial(level_of, bench.journal)).judge,
                bench.path,
                level=bench.session.stated_level,
            )
            session.variants_checked(left.suggestion, check_variants(left.suggestion, judge))
    return session.suggestions.get(suggestion.id)


def _tell_findings(terminal: Terminal, suggestion: Suggestion, best: int) -> None:
    """Say what the rules find that the map does not have, most of all in the variant taken."""
    for variant in suggestion.variants:
        if variant != best:
            found = counted(suggestion.findings(variant) or ())
            terminal.note(f"Variant {variant + 1} is left: the rules find {found} new in it.")
    if len(suggestion.variants) > 1:
        why = "it suits what follows best"
        if suggestion.order[:1] != suggestion.ranking[:1]:
            why = "variants that bring problems come last"
        terminal.note(f"Variant {best + 1} is taken: {why}.")
    for line in rule_report("new in it", suggestion.findings(best) or ()):
        terminal.note(line)


def _text(suggestion: Suggestion, best: int, written: Written | None) -> str:
    if written is None:
        return "\n".join(line.decode("utf-8", "replace") for line in suggestion.lines(best))
    count = len(suggestion.lines(best))
    text = f"{count} objects written to {written.path}."
    if written.backup is None:
        return text
    return f"{text} {RELOAD_HINT}\nBackup: {written.backup}\n“companion undo” takes it back."


def _value(
    bench: Workbench, suggestion: Suggestion, best: int, written: Written | None, wish: Wish
) -> dict[str, Any]:
    model, options = bench.model, suggestion.options
    return {
        "map": map_value(bench),
        "range": {"start_ms": suggestion.range.start_ms, "end_ms": suggestion.range.end_ms},
        "settings": {
            "difficulty": options.difficulty,
            "seed": options.seed,
            "guidance": options.guidance,
            "temperature": options.temperature,
            "replace": options.replace,
            "keep": sorted(options.keep),
            "change_green_lines": options.change_green_lines,
        },
        "model": {"name": model.name, "family": model.family, "digest": model.digest}
        if model
        else None,
        "best_variant": best,
        "variants": [
            {
                "variant": variant,
                "mean_logprob": suggestion.mean_logprob(variant),
                "lines": [line.decode("utf-8", "replace") for line in suggestion.lines(variant)],
                "findings": rule_values(suggestion.findings(variant) or ()),
            }
            for variant in suggestion.variants
        ],
        "written": str(written.path) if written else None,
        "in_place": wish.in_place,
        "backup": str(written.backup) if written and written.backup else None,
    }
