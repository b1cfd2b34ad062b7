"""Whole jobs: gather sets, train, measure before and after, write the result and its report."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import torch

from companion.engine import checkpoint
from companion.errors import OptionRefused, WriteFailed
from companion.training.data.draws import Draws, places_of
from companion.training.data.examples import ExampleBuilder
from companion.training.data.options import options_for
from companion.training.data.sounds import SoundCache
from companion.training.finetuning.held_out import HeldOut
from companion.training.finetuning.loop import (
    Listener,
    Precision,
    Run,
    RunOptions,
    make_accelerator,
)
from companion.training.finetuning.lora import LoraOptions, add_factors, export_adapter
from companion.training.finetuning.material import SOUNDS, MaterialWish, gather
from companion.training.finetuning.trained_model import (
    TrainedModel,
    export_checkpoint,
    train_everything,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from companion.engine.checkpoint import DeviceName
    from companion.training.data.records import SetRecord
    from companion.training.finetuning.held_out import Bits, Surprise
    from companion.training.finetuning.material import Material

REPORT = "report.json"
RUN = "run"
WINDOWS_LOOKED_AT = 160
"""In one look, so that looks take a small part of the time."""


@dataclass(frozen=True, slots=True)
class TrainingWish:
    """What is to be trained, on what, and where the result goes."""

    base: Path
    """Folder of the checkpoint that is trained further."""
    out: Path
    material: MaterialWish
    cache: Path
    lora: LoraOptions | None = field(default_factory=LoraOptions)
    """None trains all weights, and writes a checkpoint instead of an adapter."""
    run: RunOptions = field(default_factory=lambda: RunOptions(minutes=20))
    windows_per_map: int = 12
    """Of held-out maps at most so many windows are looked at, spread evenly; fewer where there are
    many maps."""
    device: DeviceName = "auto"
    precision: Precision = "auto"
    resume: bool = False

    def verify(self) -> None:
        """Raises `OptionRefused` where nothing can be done like that."""
        self.run.verify()
        if self.lora is not None:
            self.lora.verify()
        if self.out.is_dir() and any(self.out.iterdir()) and not self.resume:
            raise OptionRefused(
                f"{self.out} is not empty. Go on with what is in it by --resume, or choose another "
                "--out."
            )


class JobListener(Listener, Protocol):
    """Who is told how a job goes."""

    def indexed(self, n_sets: int) -> None:
        """So many sets are known by now."""
        ...

    def gathered(self, material: Material) -> None:
        """It is settled what is trained on."""
        ...


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What came of a job."""

    base: str
    family: str
    out: str
    is_adapter: bool
    """Whether the result is an adapter, and not a checkpoint of its own."""
    mapper: str | None
    n_trained_weights: int
    n_steps: int
    kept_step: int
    """The step whose weights were kept."""
    minutes: float
    """Of taking steps."""
    trained_on: tuple[str, ...]
    watched: tuple[str, ...]
    judged_by: tuple[str, ...]
    watched_is_judged: bool
    before: Surprise
    after: Surprise
    problems: tuple[str, ...]

    @property
    def change_bits(self) -> float:
        """Bits per event on held-out maps, after minus before: below zero is better."""
        return self.after.every.mean - self.before.every.mean

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        values = asdict(self)
        values |= {
            "before": _figures(self.before),
            "after": _figures(self.after),
            "change_bits": round(self.change_bits, 4),
            "minutes": round(self.minutes, 1),
        }
        return values


def train(wish: TrainingWish, listener: JobListener) -> TrainingReport:
    """Do a job.

    Raises:
        OptionRefused: It cannot be done like that, or there is too little to train on.
        ModelMissing, CheckpointMismatch, OutOfMemory: The checkpoint cannot be loaded.
        WriteFailed: The disk does not take the result.
        Cancelled: The listener ended it; with ``resume`` it goes on where it was.
    """
    wish.verify()
    accelerator = make_accelerator(wish.device, wish.precision, wish.run.accumulate, wish.out / RUN)
    model = TrainedModel.load(wish.base, wish.device)
    settings, vocabulary = model.backbone.settings, model.backbone.vocabulary
    # Factors begin at random; the same seed gives the same run.
    torch.manual_seed(wish.run.seed)  # pyright: ignore[reportUnknownMemberType]
    if wish.lora is not None:
        add_factors(model, wish.lora)
    else:
        train_everything(model)
    material = gather(wish.material, settings, wish.cache, listener.indexed)
    listener.gathered(material)
    examples = options_for(settings.family)
    builder = ExampleBuilder(
        settings, vocabulary, SoundCache.of(wish.cache / SOUNDS, settings), examples.most_tokens
    )
    draws = Draws(builder, places_of(material.trained), examples, wish.run.batch, wish.run.seed)
    judged = _held_out(builder, material.judged, wish)
    watched = judged if material.watched_is_judged else _held_out(builder, material.watched, wish)
    before = judged.look(model, accelerator.autocast)
    run = Run(
        model,
        draws,
        examples,
        watched,
        accelerator,
        wish.out / RUN,
        wish.run,
        _plan(wish, material),
    )
    if wish.resume:
        run.resume()
    run.train(listener)
    after = judged.look(model, accelerator.autocast)
    report = TrainingReport(
        base=str(wish.base),
        family=settings.family,
        out=str(wish.out),
        is_adapter=wish.lora is not None,
        mapper=wish.material.filter.mapper,
        n_trained_weights=sum(value.numel() for value in model.trained().values()),
        n_steps=run.clock.step,
        kept_step=run.clock.best_step,
        minutes=run.clock.seconds / 60,
        trained_on=_names(material.trained),
        watched=_names(material.watched),
        judged_by=_names(material.judged),
        watched_is_judged=material.watched_is_judged,
        before=before,
        after=after,
        problems=material.problems,
    )
    if accelerator.is_main_process:
        _write(wish, model, report)
    return report


def _write(wish: TrainingWish, model: TrainedModel, report: TrainingReport) -> None:
    try:
        if wish.lora is not None:
            export_adapter(model, wish.base, wish.out)
        else:
            export_checkpoint(model, wish.base, wish.out)
        text = json.dumps(report.to_json(), indent=1, ensure_ascii=False)
        (wish.out / REPORT).write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise WriteFailed(
            f"{wish.out} cannot be written: {error.strerror or error}. The trained weights are in "
            f"{wish.out / RUN}; --resume writes them."
        ) from error


def _held_out(
    builder: ExampleBuilder, records: tuple[SetRecord, ...], wish: TrainingWish
) -> HeldOut:
    places = [place for group in places_of(records) for place in group]
    per_map = min(wish.windows_per_map, max(WINDOWS_LOOKED_AT // len(places), 1))
    return HeldOut(builder, places[:: 1 + len(places) // WINDOWS_LOOKED_AT], per_map)


def _plan(wish: TrainingWish, material: Material) -> dict[str, Any]:
    """What makes a run another one, beside its options."""
    return {
        "base": checkpoint.digest(wish.base),
        "lora": None if wish.lora is None else asdict(wish.lora),
        "trained_on": sorted(
            f"{record.audio_id} {one.file}" for record in material.trained for one in record.maps
        ),
    }


def _names(records: tuple[SetRecord, ...]) -> tuple[str, ...]:
    return tuple(f"{one.name} ({len(one.maps)})" for one in records)


def _figures(surprise: Surprise) -> dict[str, Any]:
    def rounded(bits: Mapping[str, Bits]) -> dict[str, dict[str, float]]:
        return {
            name: {"bits": round(one.mean, 4), "events": one.n}
            for name, one in sorted(bits.items())
        }

    return {
        "bits_per_event": round(surprise.every.mean, 4),
        "events": surprise.every.n,
        "by_kind": rounded(surprise.by_kind),
        "by_map": rounded(surprise.by_map),
    }
