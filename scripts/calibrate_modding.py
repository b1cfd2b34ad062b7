"""Teach a small checkpoint what its surprises mean: `python scripts/calibrate_modding.py`.

Detectors are fitted to faults planted into maps of songs that the bundled model was trained on,
thresholds to good maps of songs that it was not (``companion.training.detecting`` and
``calibration``). Both go into the checkpoint's ``generation_config.json``. How well faults are then
found is what `companion evaluate FOLDER... --held-out --only faults` says.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.beatmap import Mode  # noqa: E402, TC001
from companion.engine.loaded_model import LoadedModel  # noqa: E402
from companion.engine.modding.detectors import Detectors, detectors_to_json  # noqa: E402
from companion.training.calibration import calibrated, good_maps  # noqa: E402
from companion.training.detecting import FaultRows, fit_detectors, gather_rows  # noqa: E402
from companion.training.library import SongSet, find_sets, split  # noqa: E402

DATA = ROOT.parent / "shared" / "data"


def fitted(model: LoadedModel, sets: list[SongSet], maps_per_song: int) -> Detectors:
    by_mode: dict[Mode, FaultRows] = {}
    for name, mode, rows in gather_rows(model, sets, maps_per_song):
        by_mode.setdefault(mode, FaultRows()).add(rows)
        n = sum(map(len, rows.faulty.values()))
        print(f"  {name}: {len(rows.clean)} objects, {n} faults", flush=True)
    return fit_detectors(by_mode)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--model", type=Path, default=ROOT / "companion" / "models" / "bundled")
    parser.add_argument("--data", type=Path, default=DATA, help="folder with real beatmapsets")
    parser.add_argument("--maps", type=int, default=1, help="maps per song and mode")
    parser.add_argument(
        "--keep-detectors", action="store_true", help="set the thresholds anew and nothing else"
    )
    args = parser.parse_args()
    model = LoadedModel.load(args.model, "auto")
    trained, left_out = split(find_sets([args.data / "real", args.data / "real_extra"]))
    settings = model.modding
    if not args.keep_detectors:
        settings = replace(settings, detectors=fitted(model, list(trained), args.maps))
    settings = calibrated(model, list(good_maps(model, left_out, args.maps)), settings)
    told = dict(settings.kinds)
    for mode, detectors in settings.detectors.items():
        told |= {f"{mode.name.lower()} {f}": one.rarity for f, one in detectors.items()}
    for name, rarity in told.items():
        print(f"  {name:>24} from {rarity.from_bits:5.2f} bits, half at +{rarity.halving_bits:.2f}")
    path = args.model / "generation_config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content["modding"] |= {
        "kinds": {key: one.to_json() for key, one in settings.kinds.items()},
        "detectors": detectors_to_json(settings.detectors),
    }
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
