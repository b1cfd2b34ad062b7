"""Composes the demo beatmapset: the song and the map in ``companion/demo/mapset``.

    python scripts/compose_demo.py            # write both
    python scripts/compose_demo.py --check    # exit 1 when the committed map is not current

The map's bytes and the song's samples are the same on every run; the OGG container's stream number
is not, so ``--check`` compares the map alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import soundfile

from demo_set import map_file, mix

MAPSET = Path(__file__).resolve().parent.parent / "companion" / "demo" / "mapset"
_COMPRESSION = 0.55
"""Of libsndfile's 0 (best) to 1 (smallest): about 110 kbit/s here."""
_BLOCK_FRAMES = 1 << 16


def write_song(path: Path) -> None:
    """Render the song and encode it as Ogg Vorbis."""
    samples = mix.render().astype(np.float32)
    with soundfile.SoundFile(
        path,
        "w",
        samplerate=mix.RATE_HZ,
        channels=2,
        format="OGG",
        subtype="VORBIS",
        compression_level=_COMPRESSION,
    ) as file:
        # in blocks: libsndfile's Vorbis encoder overflows the stack on one long write
        for first in range(0, len(samples), _BLOCK_FRAMES):
            file.write(samples[first : first + _BLOCK_FRAMES])


def main() -> int:
    """Write or check the set; 0 when all is well."""
    parser = argparse.ArgumentParser(description="Compose the demo beatmapset.")
    parser.add_argument("--check", action="store_true", help="only compare the committed map")
    options = parser.parse_args()
    data, faults = map_file.compose()
    target = MAPSET / map_file.MAP_FILE
    if options.check:
        current = target.is_file() and target.read_bytes() == data
        print("the demo map is current" if current else "run scripts/compose_demo.py")
        return 0 if current else 1
    MAPSET.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    song = MAPSET / map_file.AUDIO_FILE
    write_song(song)
    print(f"{target.name}: {len(data)} bytes, {len(faults)} planted faults")
    print(f"{song.name}: {song.stat().st_size / 1e6:.2f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
