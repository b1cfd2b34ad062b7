"""Time what a mapper waits for: the real daemon, through its WebSocket, on a three-minute map.

The map is the real one nearest to three minutes in ``../shared/data``, if that is there, and else
the demo's, played several times in a row. Every save moves another object, so that no scan meets
anything it has seen before. With ``--json`` one object is printed instead of the table.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import soundfile  # noqa: E402

from companion.beatmap import Circle, Document, Mode, TextEdit  # noqa: E402
from companion.demo.client import DaemonClient, connected  # noqa: E402
from companion.demo.files import unpack  # noqa: E402
from companion.errors import DemoFailed  # noqa: E402
from protocol.messages import (  # noqa: E402
    AcknowledgeNotice,
    FindingsDelta,
    GetSnapshot,
    JobChanged,
    MapRevised,
    ModelChanged,
    PassageAdded,
    Regenerate,
    RegenerateOptions,
    ServerMessage,
    Snapshot,
    SuggestionChanged,
)

if TYPE_CHECKING:
    from collections.abc import Generator

REAL_MAPS = ROOT.parent / "shared" / "data" / "real"
TARGET_MS = 180_000
SECTION_MS = 10_000
SHIFT_MS = 23
"""How far each save moves an object: off every tick, so that a rule finds it."""
PATIENCE_S = 300.0
LIMITS = {
    "first_rule_finding_ms": 150.0,
    "full_scan_s": 15.0,
    "rescan_s": 1.5,
    "first_passage_s": 2.0,
}


@dataclass
class Measured:
    """All values of each measure, in the order of measuring."""

    values: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, value: float) -> None:
        """Note one more value."""
        self.values.setdefault(name, []).append(value)

    def median(self, name: str) -> float:
        """The middle one of a measure's values."""
        return statistics.median(self.values[name])


# --------------------------------------------------------------------------- the map


def prepare_map(folder: Path, wanted: Path | None) -> Path:
    """Put a map of about three minutes and its song into a folder of their own."""
    source = wanted or real_map()
    if source is None:
        return repeated_demo(folder)
    target = folder / "Songs" / "bench"
    target.mkdir(parents=True)
    song = Document.parse(source.read_bytes()).beatmap.audio_filename
    shutil.copy(source.parent / song, target / song)
    return Path(shutil.copy(source, target / source.name))


def real_map() -> Path | None:
    """The osu! map whose length is nearest to three minutes; of those the one with most objects."""
    best: tuple[float, Path] | None = None
    for path in sorted(REAL_MAPS.glob("*/*.osu")):
        beatmap = Document.parse(path.read_bytes()).beatmap
        if beatmap.mode is not Mode.OSU or len(beatmap.red_lines) > 5:
            continue
        misfit = abs(beatmap.last_ms - TARGET_MS) - len(beatmap.hit_objects) / 1000
        if best is None or misfit < best[0]:
            best = (misfit, path)
    return best[1] if best else None


def repeated_demo(folder: Path) -> Path:
    """The demo's song and objects several times in a row."""
    path = unpack(folder)
    document = Document.parse(path.read_bytes())
    beatmap = document.beatmap
    song_path = path.parent / beatmap.audio_filename
    samples, rate_hz = soundfile.read(song_path, dtype="float32", always_2d=True)
    red = beatmap.red_lines[0]
    measure_ms = red.beat_length * red.meter
    period_ms = measure_ms * np.ceil(len(samples) * 1000 / rate_hz / measure_ms)
    times = int(np.ceil(TARGET_MS / period_ms))
    period = round(period_ms * rate_hz / 1000)
    padded = np.zeros((period, samples.shape[1]), dtype=np.float32)
    padded[: len(samples)] = samples[:period]
    soundfile.write(song_path, np.tile(padded, (times, 1)), rate_hz)
    lines = [line.whole for line in document.lines]
    last = max(item.line for item in beatmap.hit_objects)
    later: list[bytes] = []
    for n in range(1, times):
        for item in beatmap.hit_objects:
            raw = document.lines[item.line].raw
            later.append(shifted(raw, round(n * period_ms)) + b"\r\n")
    path.write_bytes(b"".join([*lines[: last + 1], *later, *lines[last + 1 :]]))
    return path


def shifted(line: bytes, by_ms: int) -> bytes:
    """An object line at another time; the end of a spinner moves along."""
    fields = line.split(b",")
    fields[2] = str(int(fields[2]) + by_ms).encode()
    if int(fields[3]) & 8:
        fields[5] = str(int(fields[5]) + by_ms).encode()
    return b",".join(fields)


def movable(document: Document, n: int) -> list[int]:
    """Lines of circles with room after them, spread over the map."""
    items = document.beatmap.hit_objects
    lines = [
        item.line
        for item, following in itertools.pairwise(items)
        if isinstance(item, Circle) and following.start_ms - item.start_ms > 3 * SHIFT_MS
    ]
    if len(lines) < n:
        raise SystemExit("The map has too few circles to move.")
    return [lines[(2 * i + 1) * len(lines) // (2 * n)] for i in range(n)]


# --------------------------------------------------------------------------- the daemon


@contextmanager
def running(
    map_path: Path, folder: Path, model: Path | None, threads: int
) -> Generator[dict[str, str]]:
    """A daemon of its own that has the map open; gives port and token."""
    command = [sys.executable, "-m", "companion", "run", "--map", str(map_path), "--port", "0"]
    command += ["--no-browser", "--json-ready", "--data", str(folder / "data")]
    command += ["--threads", str(threads), "--device", "cpu"]
    if model is not None:
        command += ["--model", str(model)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "HOME": str(folder)}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        ready = process.stdout.readline()
        if not ready:
            raise SystemExit(f"The daemon ended with {process.wait()} before it was ready.")
        yield json.loads(ready)
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Bench:
    """Measures one run of the daemon."""

    def __init__(self, client: DaemonClient, map_path: Path, measured: Measured) -> None:
        self._client = client
        self._map_path = map_path
        self._measured = measured

    async def play(self, n_saves: int, n_sections: int) -> None:
        """Wait for the first scan, save, and regenerate."""
        await self._first_scan()
        document = Document.parse(self._map_path.read_bytes())
        for line in movable(document, n_saves):
            document = await self._save(document, line)
        request = AcknowledgeNotice(request_id=self._client.new_id())
        await self._client.ask(request)
        for n in range(n_sections):
            await self._regenerate(document, n, n_sections)

    async def _first_scan(self) -> None:
        started = time.perf_counter()
        client = self._client
        await client.ask(GetSnapshot(request_id=client.new_id()))
        ended_s = await self._scan_ended(None)
        ready_s = await self._model_ready(started)
        self._measured.add("cold_scan_s", ended_s - started)
        self._measured.add("full_scan_s", ended_s - ready_s)

    async def _save(self, document: Document, line: int) -> Document:
        old = document.lines[line]
        new = shifted(old.raw, SHIFT_MS) + old.ending
        document = document.apply([TextEdit(line, (old.whole,), (new,))])
        mark, started = self._client.mark, time.perf_counter()
        self._map_path.write_bytes(document.to_bytes())
        _, revision = await self._client.wait_for(_revision_of, "new revision", mark)
        ended_s = await self._scan_ended(revision, mark)
        at_s, _ = await self._client.wait_for(
            lambda m: m if _has_rule_finding(m, revision) else None, "rule finding", mark
        )
        self._measured.add("first_rule_finding_ms", (at_s - started) * 1000)
        self._measured.add("rescan_s", ended_s - started)
        return document

    async def _regenerate(self, document: Document, n: int, of: int) -> None:
        client = self._client
        mark = client.mark
        await client.ask(GetSnapshot(request_id=client.new_id()))
        _, state = await client.wait_for(
            lambda m: m.map if isinstance(m, Snapshot) else None, "snapshot", mark
        )
        start_ms = round(document.beatmap.last_ms * (n + 0.5) / of)
        mark, started = client.mark, time.perf_counter()
        reply = await client.ask(
            Regenerate(
                request_id=client.new_id(),
                base_revision=state.revision,
                start_ms=start_ms,
                end_ms=start_ms + SECTION_MS,
                options=RegenerateOptions(seed=n),
            )
        )

        def is_over(message: ServerMessage) -> str | None:
            if not isinstance(message, SuggestionChanged):
                return None
            suggestion = message.suggestion
            over = suggestion.id == reply.suggestion_id and suggestion.state != "generating"
            return f"{suggestion.state} {suggestion.reason or ''}" if over else None

        ended_s, state_text = await client.wait_for(is_over, "suggestion", mark, PATIENCE_S)
        if not state_text.startswith("offered"):
            raise SystemExit(f"A section could not be generated: {state_text}")
        first_s, _ = await client.wait_for(
            lambda m: m if isinstance(m, PassageAdded) and m.objects else None, "object", mark
        )
        self._measured.add("first_passage_s", first_s - started)
        self._measured.add("section_s", ended_s - started)

    async def _scan_ended(self, revision: int | None, mark: int = 0) -> float:
        def ended(message: ServerMessage) -> str | None:
            jobs = message.jobs if isinstance(message, Snapshot) else ()
            jobs = (message.job,) if isinstance(message, JobChanged) else jobs
            for job in jobs:
                if job.kind != "score" or (revision is not None and job.revision != revision):
                    continue
                if job.state == "failed":
                    raise SystemExit(f"The scan failed: {job.error.message if job.error else ''}")
                if job.state == "done":
                    return job.id
            return None

        at_s, _ = await self._client.wait_for(ended, "end of the scan", mark, PATIENCE_S)
        return at_s

    async def _model_ready(self, otherwise_s: float) -> float:
        def ready(message: ServerMessage) -> bool | None:
            if isinstance(message, ModelChanged) and message.model.state == "ready":
                return True
            return None

        try:
            at_s, _ = await self._client.wait_for(ready, "loaded model", 0, 0.5)
        except DemoFailed:
            return otherwise_s
        return at_s


def _revision_of(message: ServerMessage) -> int | None:
    return message.map.revision if isinstance(message, MapRevised) and message.map else None


def _has_rule_finding(message: ServerMessage, revision: int) -> bool:
    return (
        isinstance(message, FindingsDelta)
        and message.revision == revision
        and any(finding.source == "rule" for finding in message.added)
    )


# --------------------------------------------------------------------------- the report


def report(measured: Measured, map_path: Path, n_objects: int, threads: int) -> dict[str, object]:
    """Medians of everything, and how much faster a rescan is."""
    medians = {name: round(measured.median(name), 3) for name in measured.values}
    speedup = measured.median("full_scan_s") / measured.median("rescan_s")
    return {
        **medians,
        "rescan_speedup": round(speedup, 1),
        "runs": {name: [round(v, 3) for v in values] for name, values in measured.values.items()},
        "map": map_path.name,
        "objects": n_objects,
        "threads": threads,
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
    }


def table(result: dict[str, object], measured: Measured) -> str:
    """The measures with their limits and ratios."""
    rows = [("measure", "median", "worst", "limit", "median / limit")]
    for name, values in measured.values.items():
        median, limit = measured.median(name), LIMITS.get(name)
        rows.append(
            (
                name,
                f"{median:.2f}",
                f"{max(values):.2f}",
                f"{limit:g}" if limit else "",
                f"{median / limit:.2f}" if limit else "",
            )
        )
    rows.append(("rescan_speedup", f"{result['rescan_speedup']}", "", "at least 8", ""))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    head = f"{result['map']}: {result['objects']} objects, {result['threads']} threads"
    return "\n".join([head, *(aligned(row, widths) for row in rows)])


def aligned(row: tuple[str, ...], widths: list[int]) -> str:
    """One row, the first column to the left, the numbers to the right."""
    first, *rest = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(cell.rjust(width) for cell, width in rest)])


async def measure(
    ready: dict[str, str], map_path: Path, measured: Measured, n_saves: int, n_sections: int
) -> None:
    async with connected(int(ready["port"]), ready["token"]) as client:
        await Bench(client, map_path, measured).play(n_saves, n_sections)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--runs", type=int, default=3, help="daemons started one after the other")
    parser.add_argument("--saves", type=int, default=5, help="saves per daemon")
    parser.add_argument("--sections", type=int, default=3, help="regenerations per daemon")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads of the model")
    parser.add_argument("--map", type=Path, help="another map, with its song beside it")
    parser.add_argument("--model", type=Path, help="another checkpoint than the bundled one")
    args = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, cores[: args.threads])
    measured, map_path, n_objects = Measured(), Path(), 0
    for _ in range(max(args.runs, 1)):
        with tempfile.TemporaryDirectory(prefix="companion-bench-") as name:
            folder = Path(name)
            map_path = prepare_map(folder, args.map)
            n_objects = len(Document.parse(map_path.read_bytes()).beatmap.hit_objects)
            with running(map_path, folder, args.model, args.threads) as ready:
                try:
                    asyncio.run(measure(ready, map_path, measured, args.saves, args.sections))
                except DemoFailed as error:
                    raise SystemExit(str(error)) from error
    result = report(measured, map_path, n_objects, args.threads)
    print(json.dumps(result) if args.json else table(result, measured))


if __name__ == "__main__":
    main()
