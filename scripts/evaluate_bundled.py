"""Judge a bundled model by folders of beatmap sets with their songs.

`python scripts/evaluate_bundled.py FOLDER... [--checkpoint DIR] [--json]`. A folder holds one
folder per set. Intervals are 95 % bootstrap intervals over songs.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402

from companion.engine import checkpoint  # noqa: E402
from companion.engine.model.bundled import BundledBackbone  # noqa: E402
from companion.training.evaluate import Baseline, Effort, Examiner  # noqa: E402
from companion.training.figures import Findings, intervals, summary  # noqa: E402
from companion.training.hearings import MapListener  # noqa: E402
from companion.training.library import MODES, find_sets  # noqa: E402

GATES = {
    "osu": {"head_f1": 0.72, "displacement_auc": 0.93},
    "mania": {"head_f1": 0.83},
}
LEAST_GAIN_BITS = 1.0
"""What the right sound must be worth per moment (chords and slider tails together are one)."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+", metavar="FOLDER")
    parser.add_argument("--checkpoint", type=Path, default=ROOT / "companion/models/bundled")
    parser.add_argument("--json", action="store_true")
    parser.add_argument(
        "--held-out", action="store_true", help="only the sets that its training left out"
    )
    parser.add_argument("--maps-per-song", type=int, default=3)
    parser.add_argument("--windows-per-map", type=int, default=8)
    parser.add_argument("--continued-windows", type=int, default=4)
    parser.add_argument("--threads", type=int, default=0, help="0: as many as torch likes")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    if options.threads:
        torch.set_num_threads(options.threads)
    backbone = checkpoint.load(options.checkpoint, "cpu")
    if not isinstance(backbone, BundledBackbone):
        sys.exit(f"{options.checkpoint} holds no bundled model.")
    listener = MapListener(backbone)
    counts = options.checkpoint / "unigram.json"
    baseline = None
    if counts.is_file():
        baseline = Baseline(json.loads(counts.read_text(encoding="utf-8")), listener)
    sets = find_sets(options.folders)
    if options.held_out:
        config = checkpoint.read_json(options.checkpoint / checkpoint.CONFIG)
        names = set(config.get("training", {}).get("held_out", ()))
        sets = tuple(one for one in sets if one.name in names)
    if len(sets) < 2:
        sys.exit("At least two sets are needed: one lends its sound to the other.")
    effort = Effort(options.maps_per_song, options.windows_per_map, options.continued_windows)
    examiner = Examiner(listener, baseline, effort)
    found: dict[str, dict[str, Findings]] = {mode: {} for mode in MODES}
    for index, one in enumerate(sets):
        other = next(s for s in (*sets[index + 1 :], *sets) if s.title != one.title)
        print(f"{index + 1}/{len(sets)} {one.name}", file=sys.stderr, flush=True)
        for mode, findings in examiner.examine(one, other):
            found[mode][one.name] = findings
    result = {
        mode: summary(list(songs.values())) | {"intervals": intervals(songs)}
        for mode, songs in found.items()
        if songs
    }
    if options.json:
        print(json.dumps({"modes": result, "gates": gates(result)}, indent=1))
    else:
        show(result)


def gates(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    checked: dict[str, dict[str, Any]] = {}
    for mode, wanted in GATES.items():
        if mode not in result:
            continue
        one = result[mode]
        for name, least in wanted.items():
            checked[f"{mode} {name}"] = {
                "value": one[name],
                "least": least,
                "met": one[name] >= least,
            }
        gain = one["moment_shuffled_bits"] - one["moment_bits"]
        checked[f"{mode} gain by the right sound, bits per moment"] = {
            "value": gain,
            "least": LEAST_GAIN_BITS,
            "met": gain >= LEAST_GAIN_BITS,
        }
        for kind, bits in one["bits"].items():
            base = one["unigram_bits"][kind]
            if not math.isnan(base):
                checked[f"{mode} {kind} below unigram"] = {
                    "value": bits,
                    "most": base,
                    "met": bits < base,
                }
    return checked


def show(result: dict[str, Any]) -> None:
    for mode, one in result.items():
        print(f"\n{mode}: {one['songs']} songs, {one['maps']} maps, {one['windows']} windows")
        for name in (
            "moment_bits",
            "moment_shuffled_bits",
            "rhythm_bits",
            "rhythm_shuffled_bits",
            "head_f1",
            "head_ratio",
            "displacement_auc",
            "continued_f1",
            "continued_ratio",
            "continued_off_tick",
        ):
            span = one["intervals"].get(name)
            shown = f"  ({span[0]:.3f} to {span[1]:.3f})" if span else ""
            print(f"  {name:20} {one[name]:.3f}{shown}")
        print(f"  {'bits per':12} {'right':>7} {'other':>7} {'unigram':>8} {'in kind':>8} {'n':>7}")
        for kind, bits in one["bits"].items():
            other = one["shuffled_bits"][kind]
            base, within = one["unigram_bits"][kind], one["unigram_in_kind_bits"][kind]
            n = one["tokens"][kind]
            print(f"  {kind:12} {bits:7.2f} {other:7.2f} {base:8.2f} {within:8.2f} {n:7}")
    print()
    for name, gate in gates(result).items():
        bound = f">= {gate['least']}" if "least" in gate else f"< {gate['most']:.2f}"
        print(f"{'ok  ' if gate['met'] else 'MISS'} {name}: {gate['value']:.3f} {bound}")


if __name__ == "__main__":
    main()
