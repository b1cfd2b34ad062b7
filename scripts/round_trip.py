"""Write real maps down as events, make maps of the events, and write those down again.

Takes every ``.osu`` file below the given folders and in the ``.tar.zst`` archives there. Prints for
each mode how many maps come back exactly, and each map that does not with its first difference.

What counts as the same is `Said`: everything that events say, on their grid of whole milliseconds,
whole pixels and hundredths of velocity. Left out is what no token holds, when an anchor is
(`retime` spreads the anchors of a slider evenly again), and what has no effect: a scroll speed that
is in force already, and all but the last of several switches of kiai in the same millisecond.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import dataclass, fields, replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from companion.beatmap import Document, Mode  # noqa: E402
from companion.engine.encoding import (  # noqa: E402
    EncodingOptions,
    encode_kiai,
    encode_map,
    encode_red_lines,
    encode_scroll_speeds,
    retime,
)
from companion.engine.encoding.positions import columns_as_positions, in_pixels  # noqa: E402
from companion.engine.encoding.scroll_speeds import main_beat_length_of  # noqa: E402
from companion.engine.events import Event, EventType, merge  # noqa: E402
from companion.engine.postprocess import MapHeader, PostprocessOptions, write_map  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence

    from companion.beatmap import Beatmap

FINE = EncodingOptions(
    add_distances=False, position_precision_px=1, position_split_axes=True, types_first=True
)
"""The finest grid that events have; distances say nothing that places do not."""
SHAPES = {
    "types first": FINE,
    "types last": replace(FINE, types_first=False, slider_version=2, sustain_interval_ms=8000),
}


@dataclass(frozen=True, slots=True)
class Said:
    """What a map says as events."""

    objects: tuple[Event, ...]
    timing: tuple[Event, ...]
    """Beats up to the last event; some objects are none, such as sliders of 100 points."""
    kiai: tuple[tuple[int, int], ...]
    """Times in ms and whether it is on from there, where that changes."""
    speeds: tuple[tuple[int, int], ...]
    """In mania: times in ms and new scroll speeds in hundredths, where they change."""

    @classmethod
    def by(cls, beatmap: Beatmap, encoding: EncodingOptions) -> Said:
        """Write a map down."""
        objects = encode_map(beatmap, encoding)
        last_ms = max((event.time_ms for event in objects), default=0)
        return cls(
            tuple(retime(objects, None, types_first=encoding.types_first)),
            tuple(encode_red_lines(beatmap.red_lines, encoding, last_ms)),
            tuple(_kiai(beatmap, encoding)),
            tuple(_speeds(beatmap, encoding)) if beatmap.mode is Mode.MANIA else (),
        )

    def unlike(self, other: Said) -> dict[str, tuple[object, object]]:
        """For each part that differs, the first things in it that do."""
        found: dict[str, tuple[object, object]] = {}
        for field in fields(self):
            pairs = zip_longest(getattr(self, field.name), getattr(other, field.name))
            different = next(((one, two) for one, two in pairs if one != two), None)
            if different is not None:
                found[field.name] = different
        return found


def _kiai(beatmap: Beatmap, encoding: EncodingOptions) -> Iterator[tuple[int, int]]:
    events = encode_kiai(beatmap, encoding)
    return _changes(events, EventType.KIAI, 0)


def _speeds(beatmap: Beatmap, encoding: EncodingOptions) -> Iterator[tuple[int, int]]:
    main_ms, reds = main_beat_length_of(beatmap), beatmap.red_lines
    # In the beginning it is the first red line's own one.
    ratio = main_ms / reds[0].beat_length if main_ms and reds and reds[0].beat_length else 1.0
    first = round(100 * min(max(ratio, 0.01), 10))
    return _changes(encode_scroll_speeds(beatmap, encoding), EventType.SCROLL_SPEED, first)


def _changes(events: Iterable[Event], kind: EventType, current: int) -> Iterator[tuple[int, int]]:
    """Times and values where the value is not in force already; of one time only the last."""
    values = {event.time_ms: event.value for event in events if event.kind is kind}
    for time_ms, value in values.items():
        if value != current:
            yield time_ms, value
        current = value


def written(beatmap: Beatmap, encoding: EncodingOptions) -> Beatmap:
    """The map made of a map's events."""
    events = in_pixels(encode_map(beatmap, encoding), encoding)
    if beatmap.mode is Mode.MANIA:
        events = columns_as_positions(events, beatmap.keycount)
        events = merge(encode_scroll_speeds(beatmap, encoding), events)
    header = MapHeader(
        mode=beatmap.mode,
        cs=beatmap.keycount if beatmap.mode is Mode.MANIA else 4,
        slider_multiplier=beatmap.slider_multiplier,
    )
    text = write_map(
        merge(encode_kiai(beatmap, encoding), events),
        header,
        beatmap.red_lines,
        PostprocessOptions.of(encoding),
    )
    return Document.parse(text.encode()).beatmap


@contextlib.contextmanager
def real_maps(folders: Sequence[Path]) -> Generator[list[Path]]:
    """All maps below folders, those in archives unpacked to a temporary folder."""
    with tempfile.TemporaryDirectory() as unpacked:
        for archive in (path for folder in folders for path in sorted(folder.rglob("*.tar.zst"))):
            subprocess.run(["tar", "--zstd", "-xf", str(archive), "-C", unpacked], check=True)
        roots = (*folders, Path(unpacked))
        yield [path for root in roots for path in sorted(root.rglob("*.osu"))]


def main() -> int:
    """Exit status 1 when a second trip changes what the first one has made."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--shape", choices=SHAPES, default="types first")
    options = parser.parse_args()
    encoding = SHAPES[options.shape]
    total, same, unsteady = Counter[Mode](), Counter[Mode](), Counter[Mode]()
    with real_maps(options.folders) as paths:
        for path in paths:
            before = Document.parse(path.read_bytes()).beatmap
            after = written(before, encoding)
            said = Said.by(after, encoding)
            unlike = Said.by(before, encoding).unlike(said)
            again = said.unlike(Said.by(written(after, encoding), encoding)) if unlike else {}
            total[before.mode] += 1
            same[before.mode] += not unlike
            unsteady[before.mode] += bool(again)
            for part, (one, two) in again.items():
                print(f"{path.name}: again: {part}: {one} became {two}")
            for part, (one, two) in unlike.items():
                print(f"{path.name}: {part}: {one} became {two}")
    print(f"{'mode':8}{'maps':>6}{'exact':>7}{'steady':>8}")
    for mode, n in sorted(total.items()):
        print(f"{mode.name:8}{n:6}{same[mode]:7}{n - unsteady[mode]:8}")
    return 1 if unsteady else 0


if __name__ == "__main__":
    sys.exit(main())
