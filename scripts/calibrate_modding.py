"""Tell a small checkpoint how surprising good maps are to it, and try what it finds then.

Maps of songs that the bundled model was not trained on are scored as they are. For each kind
of event the surprisal is found that so many events per minute exceed as `BUDGET` allows, and by
how many bits half as many. The result goes into the checkpoint's ``generation_config.json``. Then
faults are planted into the same maps, one at a time, and it is printed where in the list of
findings they come out.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import statistics
import sys
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.beatmap import Circle, Document, Mode, TextEdit  # noqa: E402
from companion.engine.cancellation import CancelToken  # noqa: E402
from companion.engine.loaded_model import LoadedModel  # noqa: E402
from companion.engine.modding import MapModder, ModdingSettings, object_fields  # noqa: E402
from companion.engine.modding.record import Rarity, rarity_key  # noqa: E402
from companion.engine.requests import ScoreRequest  # noqa: E402
from companion.training.library import find_sets, split  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from companion.beatmap import HitObject
    from companion.engine.conditioning import Conditioning
    from companion.findings import Finding

DATA = ROOT.parent / "shared" / "data"
BUDGET = {
    "t": 1.5,
    "t:tail": 0.4,
    "circle": 0.2,
    "slider_head": 0.2,
    "spinner": 0.05,
    "spinner_end:tail": 0.05,
    "hold_note": 0.2,
    "hold_note_end:tail": 0.2,
    "last_anchor:tail": 0.1,
    "slider_end:tail": 0.1,
    "bezier_anchor:tail": 0.05,
    "perfect_anchor:tail": 0.05,
    "red_anchor:tail": 0.05,
    "snap": 0.2,
    "snap:tail": 0.1,
    "dist": 0.2,
    "pos": 0.3,
    "column": 0.3,
    "new_combo": 0.2,
    "new_combo:missing": 0.2,
    "hitsound": 0.4,
    "hitsound:tail": 0.2,
    "volume": 0.2,
    "volume:tail": 0.1,
    "scroll_speed": 0.2,
    "drumroll": 0.1,
    "drumroll_end:tail": 0.1,
    "denden": 0.1,
    "denden_end:tail": 0.1,
}
"""Findings per minute of a good map, by kind of event (`record.rarity_key`)."""
LEAST_BITS = 1.0
"""Nothing is a surprise that is not at least twice as unlikely as the model meant to be."""
UNKNOWN_BITS, UNKNOWN_HALVING_BITS = 8.0, 1.0
"""Threshold and halving for kinds that none of the maps has."""
HALVING_RANGE = (0.3, 2.0)
MINOR_FROM, WARNING_FROM = 1.5, 2.5


@dataclass(frozen=True, slots=True)
class Case:
    """A map to judge by."""

    name: str
    document: Document
    audio: Path
    conditioning: Conditioning

    @property
    def minutes(self) -> float:
        """Time with objects."""
        items = self.document.beatmap.hit_objects
        return max(items[-1].end_ms - items[0].start_ms, 1.0) / 60_000


def cases(model: LoadedModel, data: Path, per_song: int) -> Iterator[Case]:
    """Maps of the songs left out of training, osu! and mania."""
    _, held_out = split(find_sets([data / "real", data / "real_extra"]))
    for song_set in held_out:
        for mode in (Mode.OSU, Mode.MANIA):
            maps = [one for one in song_set.maps if one.mode == mode]
            # Of the difficulties of a song the middle ones.
            maps.sort(key=lambda one: len(Document.parse(one.path.read_bytes()).lines))
            middle = maps[max((len(maps) - per_song) // 2, 0) :][:per_song]
            for one in middle:
                document = Document.parse(one.path.read_bytes())
                song = model.listen(song_set.audio)
                about = model.conditioning_of(document, song)
                yield Case(one.path.stem, document, song_set.audio, about)


def excesses(model: LoadedModel, case: Case) -> dict[str, list[float]]:
    """Surprisal beyond the entropy of every event that could be shown, by kind."""
    open_settings = ModdingSettings(kinds=dict.fromkeys(BUDGET, Rarity(-99.0, 1.0, 1.0)))
    song = model.listen(case.audio)
    scan = model.scan(case.document, song, case.conditioning)
    modders = [
        MapModder(case.document, context.events, model.prompting.encoding, open_settings)
        for context in scan.contexts
    ]
    found: dict[str, list[float]] = {}
    token = CancelToken()
    for batch in model.scored(scan, song, case.document, case.conditioning, token):
        for scored in batch:
            for modder, judged in zip(modders, model.judged(scan, scored), strict=True):
                for item, part in modder.surprises(judged):
                    found.setdefault(rarity_key(item, part), []).append(item.excess_bits)
    return found


def threshold(values: Sequence[float], n: float) -> float:
    """What about `n` of the values exceed; beyond the highest one for less than one of them.

    For fractions of an event the tail is taken to halve with every bit.
    """
    ordered = sorted(values, reverse=True)
    if n < 1:
        return ordered[0] - math.log2(max(n, 0.05))
    return ordered[min(int(n), len(ordered) - 1)]


def lower_third(values: Sequence[float]) -> float:
    """What a third of the values do not reach."""
    return sorted(values)[len(values) // 3]


def rarity_of(per_map: Sequence[tuple[Sequence[float], float]], per_minute: float) -> Rarity:
    """The threshold of a map that surprises little, and how many bits halve the rate beyond it.

    A third of the maps surprise even less. The others would have more findings than the budget,
    but of those only the most surprising are shown, twice the budget at most; and a fault in a map
    that is otherwise easy to foresee is not measured by maps that are not.
    """
    if not per_map:
        return Rarity(UNKNOWN_BITS, UNKNOWN_HALVING_BITS, per_minute)
    at = lower_third([threshold(v, per_minute * minutes) for v, minutes in per_map])
    beyond = lower_third([threshold(v, per_minute * minutes / 4) for v, minutes in per_map])
    low, high = HALVING_RANGE
    halving = min(max((beyond - at) / 2, low), high)
    return Rarity(round(max(at, LEAST_BITS), 2), round(halving, 2), per_minute)


def calibrate(model: LoadedModel, judged_by: Sequence[Case]) -> dict[str, object]:
    """The ``modding`` part of the configuration."""
    by_kind: dict[str, list[tuple[Sequence[float], float]]] = {kind: [] for kind in BUDGET}
    for case in judged_by:
        found = excesses(model, case)
        for kind, bits in found.items():
            by_kind[kind].append((bits, case.minutes))
        print(f"  {case.name}: {sum(map(len, found.values()))} events", flush=True)
    kinds = {kind: rarity_of(by_kind[kind], rate) for kind, rate in BUDGET.items()}
    for kind, rarity in kinds.items():
        print(f"  {kind:>20} from {rarity.from_bits:5.2f} bits, half at +{rarity.halving_bits:.2f}")
    return {
        "lookback": model.judging_windows().lookback,
        "lookahead": model.judging_windows().lookahead,
        "minor_from": MINOR_FROM,
        "warning_from": WARNING_FROM,
        "kinds": {kind: [r.from_bits, r.halving_bits, r.per_minute] for kind, r in kinds.items()},
    }


# --------------------------------------------------------------------------- planted faults


def changed(document: Document, item: HitObject, fields: object_fields.ObjectFields) -> Document:
    line = document.lines[item.line]
    edit = TextEdit(item.line, (line.whole,), (fields.joined() + line.ending,))
    return document.apply([edit])


def moved(document: Document, item: HitObject, beats: float) -> Document | None:
    """An object some part of a beat later, where there is room."""
    beatmap = document.beatmap
    red = beatmap.timing_at(item.start_ms)
    if red is None or not isinstance(item, Circle):
        return None
    time_ms = int(item.start_ms + beats * red.beat_length)
    later = (o.start_ms for o in beatmap.hit_objects if o.start_ms > item.start_ms)
    if next(later, 0.0) < time_ms + 20:
        return None
    offset_ms = beatmap.time_offset_ms
    fields = object_fields.split(document.lines[item.line].raw).with_start(time_ms - offset_ms)
    return changed(document, item, fields)


def far(document: Document, item: HitObject) -> Document | None:
    """A circle in the opposite corner of the playfield."""
    if not isinstance(item, Circle) or document.beatmap.mode is not Mode.OSU:
        return None
    dx = (500 if item.x < 256 else 12) - round(item.x)
    dy = (372 if item.y < 192 else 12) - round(item.y)
    return changed(
        document, item, object_fields.split(document.lines[item.line].raw).shifted(dx, dy)
    )


def recombined(document: Document, item: HitObject) -> Document | None:
    """A new combo where there was none, or none where there was one."""
    if document.beatmap.mode is not Mode.OSU:
        return None
    fields = object_fields.split(document.lines[item.line].raw)
    fields = fields.without_new_combo() if item.new_combo else fields.with_new_combo()
    return changed(document, item, fields)


def resounded(document: Document, item: HitObject) -> Document | None:
    """A finish where there was none."""
    if not isinstance(item, Circle) or item.hitsound & 4:
        return None
    sound = object_fields.Sound(4, item.sample.normal_set, item.sample.addition_set)
    fields = object_fields.split(document.lines[item.line].raw).with_sound(sound)
    return changed(document, item, fields)


FAULTS: dict[str, Callable[[Document, HitObject], Document | None]] = {
    "moved by 1/4 beat": lambda document, item: moved(document, item, 0.25),
    "moved by 1/8 beat": lambda document, item: moved(document, item, 0.125),
    "moved across the screen": far,
    "new combo changed": recombined,
    "finish added": resounded,
}


def findings_of(model: LoadedModel, case: Case, document: Document, near_ms: int) -> list[Finding]:
    request = ScoreRequest(document, case.audio, case.conditioning, near_ms)
    return [f for p in model.score(request, CancelToken()) for f in p.findings]


def rank_of(found: Sequence[Finding], document: Document, old: HitObject, line: int) -> int | None:
    """Place of the best finding about the changed object or the one after it; 1 is the top."""
    items = document.beatmap.hit_objects
    at = next(i for i, item in enumerate(items) if item.line == line)
    following = items[at + 1].start_ms if at + 1 < len(items) else None
    about = {round(old.start_ms), round(items[at].start_ms)}
    if following is not None:
        about.add(round(following))
    ordered = sorted(found, key=lambda finding: -finding.weight)
    for place, finding in enumerate(ordered, start=1):
        if about.intersection(finding.objects):
            return place
    return None


def plant(model: LoadedModel, judged_by: Sequence[Case], n_each: int, seed: int) -> None:
    """Plant faults and print where they come out, beside the clean maps' rate of findings."""
    dice = random.Random(seed)
    rates: list[float] = []
    for case in judged_by:
        found = findings_of(model, case, case.document, 0)
        rates.append(len(found) / case.minutes)
        raised = sum(finding.weight >= MINOR_FROM for finding in found) / case.minutes
        often = Counter(finding.code for finding in found).most_common(3)
        print(f"  {case.name}: {rates[-1]:.1f} a minute, {raised:.1f} above taste; {often}")
    print(f"clean maps: {statistics.median(rates):.1f} findings a minute in the middle one")
    for name, make in FAULTS.items():
        ranks: list[float] = []
        top = shown = tried = graded_up = 0
        for case in judged_by:
            items = list(case.document.beatmap.hit_objects[4:-4])
            dice.shuffle(items)
            planted = 0
            for item in items:
                if planted == n_each:
                    break
                document = make(case.document, item)
                if document is None:
                    continue
                planted += 1
                tried += 1
                found = findings_of(model, case, document, round(item.start_ms))
                rank = rank_of(found, document, item, item.line)
                if rank is not None:
                    shown += 1
                    top += rank <= max(round(case.minutes), 1)
                    graded_up += sorted(f.weight for f in found)[-rank] >= MINOR_FROM
                ranks.append(rank if rank is not None else float("inf"))
        if tried:
            print(
                f"{name}: shown {shown / tried:.0%}, above taste {graded_up / tried:.0%}, "
                f"among the first of each minute {top / tried:.0%}, "
                f"median place {statistics.median(ranks):.0f} ({tried} planted)"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--model", type=Path, default=ROOT / "companion" / "models" / "bundled")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with real beatmapsets")
    parser.add_argument("--maps", type=int, default=1, help="maps per song and mode")
    parser.add_argument("--faults", type=int, default=3, help="faults of each sort per map")
    parser.add_argument("--lookback", type=float, help="leading part that is not judged")
    parser.add_argument("--lookahead", type=float, help="trailing part that is not judged")
    parser.add_argument("--only-try", action="store_true", help="plant faults, write nothing")
    args = parser.parse_args()
    model = LoadedModel.load(args.model, "auto")
    overlap = {n: getattr(args, n) for n in ("lookback", "lookahead") if getattr(args, n)}
    model = replace(model, modding=replace(model.modding, **overlap))
    judged_by = list(cases(model, args.data, args.maps))
    if not args.only_try:
        settings = calibrate(model, judged_by)
        path = args.model / "generation_config.json"
        content = json.loads(path.read_text(encoding="utf-8"))
        path.write_text(json.dumps({**content, "modding": settings}, indent=1) + "\n")
        model = replace(model, modding=ModdingSettings.from_json(settings))
    plant(model, judged_by, args.faults, seed=1)


if __name__ == "__main__":
    main()
