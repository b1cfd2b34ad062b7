"""``companion mod``: what the rules and the model find in a map."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import typer

from companion.beatmap import Mode
from companion.bridge import wire
from companion.checks import level_name
from companion.cli.progress import Progress
from companion.cli.terminal import error_json, one_line
from companion.cli.workbench import Workbench
from companion.engine.cancellation import CancelToken
from companion.engine.requests import ScoreProgress, verify_overlap
from companion.errors import CompanionError, OptionRefused
from companion.findings import Severity, timestamp
from companion.journal import Journal
from companion.session import ShownFinding, StartScore

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from companion.cli.terminal import Terminal
    from companion.findings import Finding
    from companion.settings import Settings

HEADINGS = {
    Severity.PROBLEM: "problems",
    Severity.WARNING: "warnings",
    Severity.MINOR: "minor",
    Severity.SUGGESTION: "suggestions",
}


@dataclass(frozen=True, slots=True)
class ModWish:
    """What is wanted of a look at a map."""

    with_model: bool = True
    with_dismissed: bool = False
    level: str | None = None
    """How hard the map is for this once; what is remembered or its name and stars when ``None``."""
    fail_on: str | None = None
    """The severity from which on findings are a failure."""
    lookback: float | None = None
    """Leading part of a window that is not judged; the model's own when ``None``."""
    lookahead: float | None = None
    """Trailing part of a window that is not judged; the model's own when ``None``."""


@dataclass(frozen=True, slots=True)
class Scan:
    """How the model's part went."""

    seconds: float = 0.0
    error: CompanionError | None = None
    """Why the model could not look at the map."""


def print_findings(settings: Settings, terminal: Terminal, path: Path, wish: ModWish) -> None:
    """Print all findings, gravest first; of a folder, what the rules find in the set.

    Those of a map are the overlay's: the rules look at the set around it and at its files, too.

    When the model cannot look at the map, the rules' findings are printed all the same, and the
    exit status is 2. With `wish.fail_on` it is 1 when something of this severity or a graver one is
    there.

    Raises:
        UnreadableBeatmap: The map cannot be read.
        OptionRefused: There is no such severity to fail on or no such level, the model is to look
            at a folder or a level is said of one, or nothing of a window would be judged.
    """
    limit = _limit(wish.fail_on)
    verify_overlap(wish.lookback, wish.lookahead)
    if path.is_dir():
        if wish.with_model:
            raise OptionRefused("The model looks at one map; for a folder add --rules-only.")
        if wish.level is not None:
            raise OptionRefused("--level is that of one map; name its .osu file.")
        from companion.cli.mapset_modding import print_set_findings

        journal = Journal(settings.data_folder)
        found = print_set_findings(terminal, path, journal, with_dismissed=wish.with_dismissed)
        _fail(found, limit)
        return
    bench = Workbench(settings, path, wish.level)
    bench.look_around()
    if wish.with_dismissed:
        bench.session.restore_dismissed()  # for this look only: nothing is written down
    scan = _scan(bench, terminal, wish) if wish.with_model else Scan()
    findings = sorted(bench.session.board.shown, key=_by_importance)
    hidden = _hidden_count(bench)
    terminal.result(_text(bench, findings, hidden), _value(bench, findings, hidden, scan))
    if scan.error is not None:
        terminal.note(f"companion: {one_line(str(scan.error))}")
        raise typer.Exit(2)
    _fail([shown.finding for shown in findings], limit)


def _hidden_count(bench: Workbench) -> int:
    """How many findings are there but dismissed, by themselves or with their rule."""
    hidden = bench.session.review.dismissed
    return len(hidden.findings) + sum(rule.count for rule in hidden.rules)


def _limit(fail_on: str | None) -> int:
    """How grave a finding must not be, as its place in the order of severities."""
    if fail_on is None:
        return -1
    try:
        return Severity(fail_on).place
    except ValueError:
        raise OptionRefused(f"“{fail_on}” is no severity; choose {', '.join(Severity)}.") from None


def _fail(findings: Iterable[Finding], limit: int) -> None:
    if any(finding.severity.place <= limit for finding in findings):
        raise typer.Exit(1)


def _scan(bench: Workbench, terminal: Terminal, wish: ModWish) -> Scan:
    """Let the model look at the whole map."""
    started = time.perf_counter()
    try:
        bench.open_song()
        order = next((o for o in bench.session.drain() if isinstance(o, StartScore)), None)
        if order is None:  # a map without objects or timing has nothing to score
            return Scan()
        info = bench.load_model()
        terminal.note(f"{info.name} listens to {order.request.audio_path.name} …")
        started = time.perf_counter()
        request = replace(order.request, lookback=wish.lookback, lookahead=wish.lookahead)
        answers = bench.perform(order.job_id, bench.engine.score(request, CancelToken()))
        with Progress(terminal, "windows") as progress:
            for answer in answers:
                bench.session.drain()
                if isinstance(answer, ScoreProgress):
                    progress.show(answer.done, answer.total)
    except CompanionError as error:
        return Scan(time.perf_counter() - started, error)
    return Scan(time.perf_counter() - started)


def _by_importance(shown: ShownFinding) -> tuple[int, float, int]:
    finding = shown.finding
    return finding.severity.place, -finding.weight, finding.at.start_ms


def _text(bench: Workbench, findings: Sequence[ShownFinding], hidden: int) -> str:
    beatmap = bench.document.beatmap
    judged = level_name(bench.level, beatmap.mode)
    stars = f"{bench.stars:.2f} stars" if bench.stars is not None else "star rating unknown"
    lines = [
        f"{beatmap.artist} - {beatmap.title} [{beatmap.version}] by {beatmap.creator}: "
        f"{len(beatmap.hit_objects)} objects, {stars}, judged as {judged}"
    ]
    for severity in Severity:
        of_kind = [shown for shown in findings if shown.finding.severity is severity]
        if of_kind:
            lines += ["", f"{HEADINGS[severity]} ({len(of_kind)})"]
        for shown in of_kind:
            lines += _lines(shown)
    if not findings:
        lines += ["", "Nothing to complain about."]
    if hidden:
        lines += ["", f"{hidden} dismissed; --all shows them."]
    return "\n".join(lines)


def _lines(shown: ShownFinding) -> Iterator[str]:
    finding = shown.finding
    at = timestamp(finding.at.start_ms) if finding.editor_link else "         "
    named = not finding.file or finding.file in finding.message
    where = "" if named else f"{finding.file}: "
    what = f"{finding.category} ({shown.source}): {where}{finding.message}{_bits(finding)}"
    yield f"  {at}  {what}"
    for surprise in shown.support:
        too = "The model finds this surprising, too:"
        yield f"             {too} {surprise.message}{_bits(surprise)}"
    if finding.editor_link:
        yield f"             {finding.editor_link}"


def _bits(finding: Finding) -> str:
    return "" if finding.surprisal_bits is None else f" {finding.surprisal_bits:.1f} bits."


def _value(
    bench: Workbench, findings: Sequence[ShownFinding], hidden: int, scan: Scan
) -> dict[str, Any]:
    model = bench.model
    return {
        "map": map_value(bench),
        "model": {"name": model.name, "family": model.family, "digest": model.digest}
        if model
        else None,
        "model_error": error_json(scan.error) if scan.error else None,
        "scan_s": round(scan.seconds, 3),
        "dismissed_count": hidden,
        "findings": [_finding_value(shown) for shown in findings],
    }


def map_value(bench: Workbench) -> dict[str, Any]:
    """What a script wants to know about the map."""
    beatmap = bench.document.beatmap
    return {
        "path": str(bench.path),
        "digest": bench.document.digest,
        "artist": beatmap.artist,
        "title": beatmap.title,
        "creator": beatmap.creator,
        "difficulty_name": beatmap.version,
        "mode": {Mode.OSU: "osu", Mode.TAIKO: "taiko", Mode.CATCH: "catch"}.get(
            beatmap.mode, "mania"
        ),
        "star_rating": bench.stars,
        "level": bench.level.name.lower(),
        "objects": len(beatmap.hit_objects),
    }


def _finding_value(shown: ShownFinding) -> dict[str, Any]:
    return wire.finding(shown).model_dump(mode="json")


def rule_values(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """Findings of the rules as they go over the wire."""
    return [_finding_value(ShownFinding(finding, "rule")) for finding in findings]
