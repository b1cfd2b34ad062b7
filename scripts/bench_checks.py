"""Time the rules: all difficulty checks on maps of several sizes, and a whole set's set checks.

The maps are made of circles, sliders and lines as real ones are. Reading the file is timed apart,
and all times are the processor's, so that a busy machine tells the same. With ``--checks`` the
slowest checks are named; with ``--json`` one object is printed.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.beatmap import Document, Mode  # noqa: E402
from companion.beatmap.star_rating import star_rating  # noqa: E402
from companion.checks import Difficulty, Mapset, check_difficulty, check_set  # noqa: E402
from companion.checks.catalogue import DIFFICULTY_CHECKS, SET_CHECKS  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

SIZES = (500, 1000, 2000, 5000, 10_000)
LIMITS_MS = {2000: 50.0, 10_000: 300.0}
SET_SIZE, SET_OBJECTS, SET_LIMIT_MS = 12, 1000, 300.0
BEAT_MS = 300


def map_text(n_objects: int, mode: Mode = Mode.OSU, part: float = 1.0) -> bytes:
    """A map that reads like a real one: rhythms, curves, hit sounds, a green line now and then.

    ``part`` of its objects are there: so the difficulties of a set have one rhythm.
    """
    draw, kept = random.Random(1), random.Random(part)
    lines = [
        "osu file format v14", "", "[General]", "AudioFilename: song.mp3", f"Mode: {int(mode)}",
        "PreviewTime: 30000", "[Metadata]", "Title:Song", "Artist:Band", "Creator:Mapper",
        f"Version:Part {part}", "Tags:rock english", "[Difficulty]", "HPDrainRate:5",
        "CircleSize:4", "OverallDifficulty:8", "ApproachRate:9", "SliderMultiplier:1.8",
        "SliderTickRate:1", "[TimingPoints]", f"0,{BEAT_MS},4,2,1,60,1,0",
    ]  # fmt: skip
    objects: list[str] = []
    ms, velocity, next_line = 1200, 1.0, 0
    for n in range(n_objects):
        if ms >= next_line:
            velocity, volume = draw.choice((0.8, 1.0, 1.25)), draw.randint(40, 90)
            lines.append(f"{ms},{-100 / velocity},4,2,1,{volume},0,{draw.randint(0, 1)}")
            next_line = ms + 16 * BEAT_MS
        x, y, bits = draw.randint(60, 450), draw.randint(60, 320), draw.choice((0, 0, 2, 4, 8))
        new_combo = 4 if n % 8 == 0 else 0
        if mode is not Mode.MANIA and draw.random() < 0.4:
            points = [(x + draw.randint(-60, 60), y + draw.randint(-60, 60)) for _ in "ab"]
            curve = "|".join([draw.choice("BPL"), *(f"{a}:{b}" for a, b in points)])
            sounds = f"{bits}|0,0:0|0:0,0:0:0:0:"
            line = f"{x},{y},{ms},{2 + new_combo},0,{curve},1,{90 * velocity},{sounds}"
            ms += BEAT_MS
        else:
            line = f"{x},{y},{ms},{1 + new_combo},{bits},0:0:0:0:"
            ms += BEAT_MS // draw.choice((1, 2, 2, 4))
        if kept.random() < part:
            objects.append(line)
    lines += ["[Colours]", "Combo1 : 255,128,64", "Combo2 : 64,128,255", "[HitObjects]", *objects]
    return ("\r\n".join(lines) + "\r\n").encode()


def best_ms(work: Callable[[], object], rounds: int) -> float:
    """The median of several runs."""
    times: list[float] = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        times.append((time.process_time() - started) * 1000)
    return statistics.median(times)


def fresh(data: bytes) -> Difficulty:
    """A difficulty with its map read and its stars known, but nothing else."""
    difficulty = Difficulty(Document.parse(data), "a.osu")
    assert difficulty.beatmap.hit_objects
    assert difficulty.stars is not None
    return difficulty


def time_difficulty(n_objects: int, mode: Mode, rounds: int) -> dict[str, float]:
    """How long reading and checking a map takes, in ms; each round starts anew."""
    data = map_text(n_objects, mode)
    subjects = iter([fresh(data) for _ in range(rounds)])
    return {
        "read_ms": best_ms(lambda: Document.parse(data).beatmap, rounds),
        "stars_ms": best_ms(lambda: star_rating(data), rounds),
        "check_ms": best_ms(lambda: check_difficulty(next(subjects)), rounds),
    }


def time_set(rounds: int) -> dict[str, float]:
    """How long a set's checks take at first, and after one of its difficulties was saved."""
    maps = [map_text(SET_OBJECTS, part=0.3 + 0.7 * n / SET_SIZE) for n in range(SET_SIZE)]
    known = tuple(fresh(data) for data in maps)
    started = time.process_time()
    check_set(Mapset(known))
    first_ms = (time.process_time() - started) * 1000
    saved = iter([fresh(maps[3]) for _ in range(rounds)])
    after_ms = best_ms(lambda: check_set(Mapset((*known[:3], next(saved), *known[4:]))), rounds)
    return {"first_ms": first_ms, "after_a_save_ms": after_ms}


def slowest(n_objects: int, mode: Mode) -> list[tuple[str, float]]:
    """The checks that take longest on a map; a fact counts for who asks first."""
    difficulty = fresh(map_text(n_objects, mode))
    times = [
        (check.code, best_ms(lambda c=check: list(c.run(difficulty)), 1))
        for check in DIFFICULTY_CHECKS
    ]
    return sorted(times, key=lambda row: -row[1])[:8]


def main() -> int:
    """Exit status 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--checks", action="store_true", help="name the slowest checks")
    parser.add_argument("--json", action="store_true", help="print one object instead")
    options = parser.parse_args()
    rows = {
        mode: {size: time_difficulty(size, mode, options.rounds) for size in SIZES} for mode in Mode
    }
    whole_set = time_set(options.rounds)
    if options.json:
        named = {mode.name: sizes for mode, sizes in rows.items()}
        print(json.dumps({"difficulty": named, "set": whole_set}))
        return 0
    kept = True
    print(f"{'mode':8}{'objects':>9}{'read':>9}{'stars':>9}{'check':>9}{'µs each':>9}{'limit':>8}")
    for mode, sizes in rows.items():
        for size, row in sizes.items():
            limit = LIMITS_MS.get(size)
            kept &= limit is None or row["check_ms"] <= limit
            print(
                f"{mode.name:8}{size:9}{row['read_ms']:9.1f}{row['stars_ms']:9.1f}"
                f"{row['check_ms']:9.1f}{row['check_ms'] / size * 1000:9.1f}"
                f"{'' if limit is None else f'{limit:8.0f}'}"
            )
    kept &= whole_set["after_a_save_ms"] <= SET_LIMIT_MS
    print(
        f"\na set of {SET_SIZE}: {whole_set['first_ms']:.0f} ms at first, "
        f"{whole_set['after_a_save_ms']:.0f} ms after a save (limit {SET_LIMIT_MS:.0f})"
    )
    if options.checks:
        mapset = Mapset(tuple(fresh(map_text(SET_OBJECTS, part=n / 12)) for n in range(4, 12)))
        print("\nslowest on a set of 8")
        rows_ = [(c.code, best_ms(lambda c=c: list(c.run(mapset)), 1)) for c in SET_CHECKS]
        for code, ms in sorted(rows_, key=lambda row: -row[1])[:5]:
            print(f"  {code:32}{ms:8.1f}")
        for mode in Mode:
            print(f"\nslowest on 10,000 objects of {mode.name}")
            for code, ms in slowest(10_000, mode):
                print(f"  {code:32}{ms:8.1f}")
    return 0 if kept else 1


if __name__ == "__main__":
    sys.exit(main())
