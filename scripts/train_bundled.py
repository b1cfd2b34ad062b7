"""Train the bundled model: `python scripts/train_bundled.py --data DATA --out runs/bundled`.

DATA holds `real/` and `real_extra/` (folders of beatmap sets with their songs) and `osu/` (maps
without a song). Training can be stopped at any time and goes on with `--resume`.
"""

from __future__ import annotations

import argparse
import json
import math
import signal
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import torch  # noqa: E402
from safetensors.torch import load_file, save_file  # noqa: E402

from companion.engine.model.bundled import folder as checkpoint_folder  # noqa: E402
from companion.engine.model.bundled.configuration import NetworkSizes  # noqa: E402
from companion.engine.model.bundled.lexicon import Lexicon  # noqa: E402
from companion.engine.model.bundled.network import BundledNetwork  # noqa: E402
from companion.engine.vocabulary import Vocabulary  # noqa: E402
from companion.training.judging import (  # noqa: E402
    ALL,
    JUDGED_MODES,
    held_out_windows,
    quick_look,
)
from companion.training.loop import HEARING, WRITING, Report, Stage, Trainer  # noqa: E402
from companion.training.material import (  # noqa: E402
    Material,
    gather,
    prepare_sound,
    token_counts,
)

TOKENIZER = ROOT / "companion/models/bundled/tokenizer.json"
HEARING_SHARE = 0.13
HEAD_PARTS = ("head.", "condition.")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, default=Path("runs/bundled"))
    parser.add_argument("--minutes", type=float, default=90.0)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--windows", type=int, default=8)
    parser.add_argument("--look-every-minutes", type=float, default=10.0)
    parser.add_argument(
        "--weights", type=Path, help="safetensors of a finished first stage or run to go on from"
    )
    parser.add_argument(
        "--blend",
        type=float,
        nargs=2,
        metavar=("SHARE", "HEAD_SHARE"),
        help="how much of what was trained is in the exported weights, and how much in the frame "
        "head's; the rest is of --weights",
    )
    parser.add_argument("--learning-rate", type=float, default=8e-4, help="highest of the run")
    parser.add_argument(
        "--silent-share", type=float, default=0.15, help="share of batches of maps without a song"
    )
    parser.add_argument(
        "--as-heard",
        action="store_true",
        help="leave the encoder and the frame head as --weights has them",
    )
    parser.add_argument(
        "--export-only", action="store_true", help="write OUT/model from the state and stop"
    )
    return parser.parse_args()


class Watcher:
    """Prints, looks at held-out windows now and then, keeps the best weights."""

    def __init__(self, trainer: Trainer, every_s: float) -> None:
        self.trainer = trainer
        self.every_s = every_s
        self.windows = held_out_windows(trainer.material)
        self.looked = self.saved = time.monotonic()
        self.running: dict[str, float] = {}
        self.stopped = False
        for name in (signal.SIGINT, signal.SIGTERM):
            signal.signal(name, self._stop)

    def _stop(self, *_: object) -> None:
        self.stopped = True

    def __call__(self, report: Report) -> None:
        """Take note of a step."""
        for name, value in report.parts.items():
            before = self.running.get(name, value)
            self.running[name] = 0.98 * before + 0.02 * value
        clock = report.clock
        if clock.step % 20 == 0:
            parts = " ".join(f"{name} {value:.3f}" for name, value in self.running.items())
            print(
                f"{clock.stage} {clock.step} {clock.seconds:.0f} s lr {report.rate:.2e} {parts}",
                flush=True,
            )
        now = time.monotonic()
        if now - self.looked > self.every_s:
            self.looked = now
            self.look()
        if now - self.saved > 240:
            self.saved = now
            self.trainer.save()

    def look(self) -> None:
        """Judge the average of the weights; keep it if it is the best so far."""
        trainer = self.trainer
        began = time.monotonic()
        figures = quick_look(trainer.average.eval(), trainer.material, self.windows)
        clock = trainer.clock
        line = {"stage": clock.stage, "step": clock.step, "seconds": round(clock.seconds)}
        line |= {name: round(value, 4) for name, value in figures.items()}
        with (trainer.folder / "looks.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
        shown = {k: v for k, v in line.items() if "_t" in k or "_all" in k or "f1" in k}
        print(f"look ({time.monotonic() - began:.0f} s) {shown}", flush=True)
        score = sum(figures.get(f"{mode}_{ALL}", math.inf) for mode in JUDGED_MODES.values())
        if clock.stage == WRITING and score < clock.best:
            clock.best = score
            save_file(
                {name: value.contiguous() for name, value in trainer.average.state_dict().items()},
                trainer.folder / "best.safetensors",
            )


def main() -> None:
    options = arguments()
    torch.set_num_threads(options.threads)
    sizes = NetworkSizes()
    vocabulary = Vocabulary.from_file(TOKENIZER)
    began = time.monotonic()
    material = gather(options.data, options.out, sizes, vocabulary)
    print(
        f"{len(material.paired)} groups of maps with a song, {len(material.silent)} maps without, "
        f"{len(material.held_out_names)} sets left out ({time.monotonic() - began:.0f} s)",
        flush=True,
    )
    network = BundledNetwork(sizes, Lexicon.of(vocabulary), dropout=0.1)
    trainer = Trainer(network, material, options.out / "state")
    resumed = (options.resume or options.export_only) and trainer.resume()
    if options.export_only:
        export(trainer, options)
        return
    prepare_sound(material)
    hearing, writing = stages(options)
    if not resumed and options.weights:
        trainer.begin_with(load_file(options.weights))
    trainer.folder.mkdir(parents=True, exist_ok=True)
    watcher = Watcher(trainer, options.look_every_minutes * 60)
    if trainer.clock.stage == HEARING:
        trainer.run(hearing, watcher, lambda: watcher.stopped)
        watcher.look()
    if not watcher.stopped:
        trainer.run(writing, watcher, lambda: watcher.stopped)
        watcher.look()
    export(trainer, options)


def stages(options: argparse.Namespace) -> tuple[Stage, Stage]:
    seconds = options.minutes * 60
    share = 0.0 if options.weights else HEARING_SHARE
    hearing = Stage(HEARING, seconds=seconds * share, learning_rate=1e-3, last_share=0.2, windows=8)
    writing = Stage(
        WRITING,
        seconds=seconds * (1 - share),
        learning_rate=options.learning_rate,
        windows=options.windows,
        silent_share=options.silent_share,
        as_heard=options.as_heard,
    )
    return hearing, writing


def export(trainer: Trainer, options: argparse.Namespace) -> None:
    folder: Path = options.out / "model"
    best = trainer.folder / "best.safetensors"
    if best.is_file():
        trainer.average.load_state_dict(load_file(best))
    if options.weights and options.blend:
        blend(trainer.average, load_file(options.weights), *options.blend)
    material: Material = trainer.material
    clock = trainer.clock
    steps, seconds = dict(clock.done_steps), dict(clock.done_seconds)
    steps[clock.stage], seconds[clock.stage] = clock.step, clock.seconds
    training = {
        "steps": steps,
        "minutes": {name: round(value / 60, 1) for name, value in seconds.items()},
        "songs": len({song.name for song in material.paired}),
        "maps_with_song": sum(len(song.charts) for song in material.paired),
        "maps_without_song": len(material.silent),
        "held_out": list(material.held_out_names),
    }
    tokenizer = TOKENIZER.read_text(encoding="utf-8")
    checkpoint_folder.save(folder, trainer.average, tokenizer, {"training": training})
    counts = json.dumps(token_counts(material), separators=(",", ":"))
    (folder / "unigram.json").write_text(counts + "\n", encoding="utf-8")
    print(f"exported to {folder}", flush=True)


@torch.no_grad()
def blend(
    network: BundledNetwork, start: dict[str, torch.Tensor], share: float, head_share: float
) -> None:
    """Move weights back towards those that training began with.

    Weights between two minima that one run leads to are often better on new songs than either. Of
    all parts the frame head is the one that learns songs by heart first.
    """
    for name, value in network.named_parameters():
        part = head_share if name.startswith(HEAD_PARTS) else share
        value.copy_(torch.lerp(start[name].to(value.dtype), value, part))


if __name__ == "__main__":
    main()
