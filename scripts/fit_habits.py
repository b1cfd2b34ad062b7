"""Teach a checkpoint what a map tells of its rhythm: `python scripts/fit_habits.py --data DATA`.

DATA is as for ``train_bundled.py``; the sets left out there are left out here. The weights go into
the checkpoint's ``generation_config.json``; it takes a minute.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.engine.model.bundled.configuration import NetworkSizes  # noqa: E402
from companion.engine.model.bundled.folder import RHYTHM  # noqa: E402
from companion.engine.vocabulary import Vocabulary  # noqa: E402
from companion.training.habits import fit_habits  # noqa: E402
from companion.training.material import gather  # noqa: E402


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--model", type=Path, default=ROOT / "companion" / "models" / "bundled")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--cache", type=Path, default=Path("runs/bundled"))
    args = parser.parse_args()
    vocabulary = Vocabulary.from_file(args.model / "tokenizer.json")
    material = gather(args.data, args.cache, NetworkSizes(), vocabulary)
    songs = (*material.paired, *material.silent)
    habits = fit_habits(chart for song in songs for chart in song.charts)
    path = args.model / "generation_config.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    content[RHYTHM] = habits.to_json()
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    print(f"fitted to {sum(len(song.charts) for song in songs)} maps")


if __name__ == "__main__":
    main()
