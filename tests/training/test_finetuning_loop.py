from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch

from companion.errors import Cancelled, OptionRefused
from companion.training.data.selection import MapFilter
from companion.training.finetuning.average import Average
from companion.training.finetuning.held_out import bits_of
from companion.training.finetuning.jobs import TrainingReport, TrainingWish, train
from companion.training.finetuning.loop import RunOptions, StepReport
from companion.training.finetuning.lora import LoraOptions
from companion.training.finetuning.loss import token_loss
from companion.training.finetuning.material import Material, MaterialWish, gather
from companion.training.finetuning.run_state import Clock, RunFolder
from companion.training.optimizers import make_optimizers, rate_at
from tests.training.tiny_checkpoints import make

if TYPE_CHECKING:
    from collections.abc import Callable

    from companion.training.finetuning.held_out import Surprise

SETS = ("b", "cc", "ddd", "ffff", "ggggg")
"""Of different lengths, because the noise in a set's song comes from the length of its title."""


@pytest.fixture(scope="module")
def songs(make_set: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("songs")
    for letter in SETS:
        make_set(f"Song {letter}", (0, 0), parent)
    return parent


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("v29", tmp_path_factory.mktemp("models") / "v29")


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


class Notes:
    """Writes down what a job tells."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.losses: dict[int, float] = {}
        self.rates: list[float] = []
        self.looks: dict[int, float] = {}
        self.plans: list[tuple[int, float]] = []
        self.n_indexed = 0
        self.material: Material | None = None
        self._stop_after = stop_after

    def indexed(self, n_sets: int) -> None:
        self.n_indexed = n_sets

    def gathered(self, material: Material) -> None:
        self.material = material

    def planned(self, n_steps: int, seconds: float) -> None:
        self.plans.append((n_steps, seconds))

    def stepped(self, report: StepReport) -> None:
        self.losses[report.clock.step] = report.loss
        self.rates.append(report.rate)
        if report.clock.step == self._stop_after:
            raise Cancelled("enough")

    def looked(self, step: int, surprise: Surprise) -> None:
        self.looks[step] = surprise.every.mean


@pytest.fixture
def wish_of(songs: Path, base: Path, cache: Path, tmp_path: Path) -> Callable[..., TrainingWish]:
    def wish(name: str = "out", run: RunOptions | None = None, **how: Any) -> TrainingWish:
        run = run or RunOptions(steps=6, batch=2, learning_rate=1e-2, looks=2, save_every=2)
        material = how.pop("material", MaterialWish(songs))
        return TrainingWish(
            base, tmp_path / name, material, cache, how.pop("lora", LoraOptions(rank=2)),
            run, windows_per_map=2, device="cpu", precision="no", **how,
        )  # fmt: skip

    return wish


def run_job(wish: TrainingWish, notes: Notes | None = None) -> tuple[TrainingReport, Notes]:
    notes = notes or Notes()
    return train(wish, notes), notes


def tensors_of(folder: Path) -> dict[str, torch.Tensor]:
    from safetensors.torch import load_file

    return load_file(folder / "adapter_model.safetensors")


def test_training_lowers_the_surprise_at_songs_that_it_never_saw(
    wish_of: Callable[..., TrainingWish],
) -> None:
    options = RunOptions(steps=40, batch=4, learning_rate=2e-2, looks=4, warm_up=2)
    report, notes = run_job(wish_of(run=options))
    assert report.change_bits < -0.2
    assert notes.losses[40] < notes.losses[1]
    assert list(notes.looks) == [10, 20, 30, 40]
    assert report.kept_step == min(notes.looks, key=lambda step: notes.looks[step])
    assert notes.material is not None
    sides = (report.trained_on, report.watched, report.judged_by)
    assert sum(len(side) for side in sides) == len(SETS)
    assert not set(report.trained_on) & {*report.watched, *report.judged_by}
    assert not report.watched_is_judged
    written = json.loads((Path(report.out) / "report.json").read_text(encoding="utf-8"))
    assert written["change_bits"] == round(report.change_bits, 4)
    assert written["before"]["bits_per_event"] > written["after"]["bits_per_event"]
    assert set(written["before"]["by_kind"]) >= {"type", "t", "snap", "end"}
    assert list((Path(report.out) / "run/logs").iterdir())


def test_a_run_that_is_stopped_anywhere_goes_on_as_if_it_had_not_been(
    wish_of: Callable[..., TrainingWish],
) -> None:
    whole, expected = run_job(wish_of("whole"))
    for stop in (1, 3, 5):
        wish = wish_of(f"stopped-{stop}")
        first = Notes(stop_after=stop)
        with pytest.raises(Cancelled):
            train(wish, first)
        resumed, second = run_job(wish_of(f"stopped-{stop}", resume=True))
        assert {**first.losses, **second.losses} == expected.losses
        assert list(second.losses) == list(range(stop + 1, 7))
        assert {**first.looks, **second.looks} == expected.looks
        for name, tensor in tensors_of(Path(whole.out)).items():
            assert torch.equal(tensors_of(Path(resumed.out))[name], tensor), name
        assert resumed.after.every.mean == whole.after.every.mean


KILLED = """
import os, signal, sys
from pathlib import Path
from companion.training.finetuning.jobs import TrainingWish, train
from companion.training.finetuning.loop import RunOptions
from companion.training.finetuning.lora import LoraOptions
from companion.training.finetuning.material import MaterialWish
from tests.training.test_finetuning_loop import Notes

base, out, songs, cache, stop = sys.argv[1:]

class Killed(Notes):
    def stepped(self, report):
        print(report.clock.step, repr(report.loss), flush=True)
        if report.clock.step == int(stop):
            os.kill(os.getpid(), signal.SIGKILL)

run = RunOptions(steps=6, batch=2, learning_rate=1e-2, looks=2, save_every=2)
train(TrainingWish(Path(base), Path(out), MaterialWish(Path(songs)), Path(cache),
      LoraOptions(rank=2), run, windows_per_map=2, device="cpu", precision="no"), Killed())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows knows no SIGKILL")
def test_a_run_that_is_killed_goes_on_with_the_same_losses(
    wish_of: Callable[..., TrainingWish], base: Path, songs: Path, cache: Path, tmp_path: Path
) -> None:
    _, expected = run_job(wish_of("whole"))
    stop = int(np.random.default_rng(11).integers(2, 6))
    arguments = (base, tmp_path / "killed", songs, cache, stop)
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", KILLED, *map(str, arguments)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == -signal.SIGKILL, result.stderr
    before = {int(line.split()[0]): float(line.split()[1]) for line in result.stdout.splitlines()}
    assert list(before) == list(range(1, stop + 1))
    _, after = run_job(wish_of("killed", resume=True))
    # What came after the last state is done again.
    assert min(after.losses) == stop // 2 * 2 + 1
    for losses in (before, after.losses):
        for step, loss in losses.items():
            assert loss == pytest.approx(expected.losses[step], rel=1e-5)


def test_minutes_become_steps_once_some_have_been_timed(
    wish_of: Callable[..., TrainingWish],
) -> None:
    options = RunOptions(minutes=0.03, batch=1, looks=3)
    report, notes = run_job(wish_of(run=options))
    [(n_steps, seconds)] = notes.plans
    assert report.n_steps == n_steps == max(notes.losses)
    assert n_steps > 6
    assert 0 < seconds < 60
    assert 1 <= len(notes.looks) <= 3
    assert max(notes.looks) == n_steps


def test_a_run_with_other_options_is_not_gone_on_with(
    wish_of: Callable[..., TrainingWish],
) -> None:
    run_job(wish_of())
    with pytest.raises(OptionRefused, match="not empty"):
        train(wish_of(), Notes())
    with pytest.raises(OptionRefused, match="batch"):
        train(wish_of(run=RunOptions(steps=6, batch=3), resume=True), Notes())
    with pytest.raises(OptionRefused, match="lora"):
        train(wish_of(lora=LoraOptions(rank=3), resume=True), Notes())


def test_a_step_may_take_several_batches(wish_of: Callable[..., TrainingWish]) -> None:
    # With next to no rate the weights stay, and each batch is looked at with the same ones.
    still = {"learning_rate": 1e-12, "looks": 0, "batch": 1}
    plain = LoraOptions(rank=2, dropout=0.0)
    four = RunOptions(steps=1, accumulate=4, **still)  # type: ignore[arg-type]
    _, together = run_job(wish_of("together", four, lora=plain))
    _, apart = run_job(wish_of("apart", RunOptions(steps=4, **still), lora=plain))  # type: ignore[arg-type]
    assert together.losses[1] == pytest.approx(np.mean(list(apart.losses.values())), rel=1e-4)


def test_muon_trains_too(wish_of: Callable[..., TrainingWish]) -> None:
    options = RunOptions(steps=12, batch=2, learning_rate=1e-2, optimizer="muon", looks=1)
    report, _ = run_job(wish_of(run=options))
    assert report.change_bits < 0


def test_all_weights_can_be_trained(wish_of: Callable[..., TrainingWish]) -> None:
    options = RunOptions(steps=8, batch=2, learning_rate=5e-3, looks=1)
    report, _ = run_job(wish_of(run=options, lora=None))
    assert report.change_bits < 0
    assert not report.is_adapter
    assert {"config.json", "tokenizer.json", "model.safetensors", "generation_config.json"} <= {
        path.name for path in Path(report.out).iterdir()
    }


def test_examples_may_be_drawn_in_other_processes(wish_of: Callable[..., TrainingWish]) -> None:
    alone, together = (RunOptions(steps=3, batch=2, looks=0, workers=workers) for workers in (0, 1))
    _, expected = run_job(wish_of("alone", alone))
    _, found = run_job(wish_of("together", together))
    assert found.losses == pytest.approx(expected.losses, rel=1e-5)


# Material


def test_mappers_and_held_out_sets_go_by_name(
    wish_of: Callable[..., TrainingWish], songs: Path
) -> None:
    material = MaterialWish(songs, MapFilter(), held_out=("song-CC",))
    report, _ = run_job(wish_of(material=material, run=RunOptions(steps=1, batch=1, looks=1)))
    assert report.judged_by == ("Song-cc (2)",)
    with pytest.raises(OptionRefused, match="no map by Nobody"):
        train(wish_of("b", material=MaterialWish(songs, MapFilter(mapper="Nobody"))), Notes())
    with pytest.raises(OptionRefused, match="names no set"):
        train(wish_of("c", material=MaterialWish(songs, held_out=("x",))), Notes())


def test_few_songs_are_watched_and_judged_alike_and_one_is_too_few(
    wish_of: Callable[..., TrainingWish], songs: Path, tmp_path: Path
) -> None:
    few = tmp_path / "few"
    few.mkdir()
    (few / "one").symlink_to(songs / "Song-b")
    with pytest.raises(OptionRefused, match="one song"):
        train(wish_of(material=MaterialWish(few / "one")), Notes())
    pair = tmp_path / "pair"
    pair.mkdir()
    for letter in SETS[:2]:
        (pair / letter).mkdir()
        for path in (songs / f"Song-{letter}").iterdir():
            (pair / letter / path.name).write_bytes(path.read_bytes())
    report, _ = run_job(
        wish_of(material=MaterialWish(pair), run=RunOptions(steps=1, batch=1, looks=1))
    )
    assert report.watched_is_judged


def test_songs_that_cannot_be_decoded_are_told_and_left_out(
    base: Path, songs: Path, cache: Path, tmp_path: Path
) -> None:
    from companion.engine import checkpoint

    broken = tmp_path / "sets"
    for letter in SETS[:3]:
        (broken / letter).mkdir(parents=True)
        for path in (songs / f"Song-{letter}").iterdir():
            (broken / letter / path.name).write_bytes(path.read_bytes())
    (broken / "b/song.wav").write_bytes(b"silence")
    settings = checkpoint.load(base, "cpu").settings
    material = gather(MaterialWish(broken), settings, tmp_path / "cache")
    names = {one.name for one in (*material.trained, *material.watched, *material.judged)}
    assert names == {"cc", "ddd"}
    [problem] = material.problems
    assert problem.startswith("b: ")


# Parts


def test_the_rate_warms_up_and_falls() -> None:
    rates = [rate_at(step, 100, 1.0, 10, 0.1) for step in range(101)]
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert max(rates) == pytest.approx(rates[9], rel=0.05)
    assert rates[100] == pytest.approx(0.1)
    assert [rate_at(step, None, 1.0, 10, 0.1) for step in (0, 20)] == [0.1, 1.0]
    assert rate_at(2, 5, 1.0, 10, 0.1) > 0.5


def test_the_average_can_be_put_in_place_for_a_while() -> None:
    weight = torch.nn.Parameter(torch.zeros(3))
    average = Average({"w": weight})
    with torch.no_grad():
        weight.add_(1.0)
    average.follow(0)
    with average.in_place():
        torch.testing.assert_close(weight.detach(), torch.full((3,), 0.9))
    assert weight.tolist() == [1.0, 1.0, 1.0]


def test_muon_takes_matrices_but_no_tables() -> None:
    matrix, table, bias = (torch.nn.Parameter(torch.ones(size)) for size in ((2, 3), (4, 3), (3,)))
    muon, adamw = make_optimizers("muon", [matrix, table, bias], 0.0, [table])
    assert [id(one) for one in muon.param_groups[0]["params"]] == [id(matrix)]
    assert [id(one) for one in adamw.param_groups[0]["params"]] == [id(table), id(bias)]
    [adamw] = make_optimizers("adamw", [matrix, table, bias], 0.0, [table])
    assert len(adamw.param_groups[0]["params"]) == 3


def test_a_state_that_was_not_finished_is_not_gone_on_from(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path, {"a": 1})
    weight = torch.nn.Parameter(torch.zeros(2))
    [optimizer] = make_optimizers("adamw", [weight], 0.0)
    assert folder.resume([optimizer]) is None
    folder.save(Clock(step=4), {"w": weight}, {"w": weight}, [optimizer])
    (tmp_path / "state-00000008.part").mkdir()
    found = folder.resume([optimizer])
    assert found is not None
    assert found[0].step == 4
    folder.save(Clock(step=8), {"w": weight}, {"w": weight}, [optimizer])
    assert [path.name for path in tmp_path.iterdir()] == ["state-00000008"]


def test_the_loss_is_the_surprise_and_times_may_weigh_more() -> None:
    from dataclasses import replace

    from companion.engine.vocabulary import Vocabulary
    from companion.training.data.draws import Batch
    from companion.training.data.options import ExampleOptions
    from tests.training.tiny_checkpoints import tokenizer

    words = Vocabulary.from_json(tokenizer("v29"))
    logits = torch.randn(1, 3, words.size_out, generator=torch.Generator().manual_seed(0))
    targets = torch.tensor([[words.eos_id, 20, 900]])  # an end, a time, something else
    ones = torch.ones(1, 3, dtype=torch.bool)
    predicted = torch.tensor([[False, True, True]])
    batch = Batch([], targets, ones, targets, predicted)
    bits = bits_of(logits, batch)
    assert bits[0].isnan().tolist() == [True, False, False]
    nats = bits[0, 1:] * np.log(2)
    plain, weighed = (
        float(token_loss(logits, batch, words, replace(ExampleOptions(), rhythm_weight=weight)))
        for weight in (1.0, 3.0)
    )
    assert plain == pytest.approx(float(nats.mean()), rel=1e-5)
    assert weighed == pytest.approx(float((3 * nats[0] + nats[1]) / 2), rel=1e-5)


@pytest.mark.parametrize(
    "options",
    [
        RunOptions(),
        RunOptions(steps=1, minutes=1),
        RunOptions(steps=0),
        RunOptions(minutes=0),
        RunOptions(steps=1, batch=0),
        RunOptions(steps=1, learning_rate=2.0),
    ],
)
def test_runs_that_cannot_be_are_refused(options: RunOptions) -> None:
    with pytest.raises(OptionRefused):
        options.verify()
