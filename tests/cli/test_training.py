from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import numpy as np
import pytest
import soundfile
from accelerate.state import AcceleratorState

from companion.cli import training
from companion.cli.training import report_text
from companion.engine.adapters import Adapter
from companion.training.finetuning.held_out import Bits, Surprise
from companion.training.finetuning.jobs import TrainingReport
from tests.training.conftest import map_lines, osu_objects
from tests.training.tiny_checkpoints import make

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from companion.training.finetuning.loop import StepReport
    from tests.cli.conftest import Commands


@pytest.fixture(autouse=True)
def one_run_per_process() -> Iterator[None]:
    """accelerate keeps a run's precision for as long as its process lives; here several share one.

    Which precision `auto` means depends on the processor, so it would show on some machines only.
    """
    yield
    AcceleratorState._reset_state()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make("v29", tmp_path_factory.mktemp("models") / "tiny")


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    parent = tmp_path_factory.mktemp("songs")
    for number in range(3):
        folder = parent / f"{number}"
        folder.mkdir()
        noise = np.random.default_rng(number).normal(0, 0.1, 16_000 * 11)
        soundfile.write(folder / "song.wav", noise, 16_000)
        for version in ("Hard", "Guest's Insane"):
            text = map_lines(0, f"Song {number}", osu_objects(number), version)
            text = text.replace(b"[Metadata]", b"[Metadata]\nCreator:Host")
            (folder / f"{version}.osu").write_bytes(text)
    (parent / "0/broken.osu").write_bytes(b"nothing")
    return parent


def test_a_style_is_trained_told_and_usable(
    companion: Commands, base: Path, songs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "style"
    answer = companion(
        "train", "style", "--mapper", "guest", "--songs", songs, "--from", base, "--minutes", 0.02,
        "--out", out, "--device", "cpu",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    assert "left out: 0: broken.osu" in answer.err
    assert "Training on 2 maps of 2 songs; judged by 1 others." in answer.err
    assert "minutes." in answer.err
    assert "bits per event, held out" in answer.err
    assert "Bits per event on maps by guest of songs that were kept apart" in answer.out
    assert "before" in answer.out
    assert "too few songs" in answer.out
    assert f"--lora {out}" in answer.out
    Adapter.read(out)


def test_the_report_is_json_for_scripts(
    companion: Commands, base: Path, songs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "adapter"
    answer = companion(
        "train", "lora", "--songs", songs, "--from", base, "--steps", 2, "--batch", 1, "--rank", 3,
        "--hold-out", "2", "--mode", "osu", "--stars", "0-9", "--out", out, "--device", "cpu",
        "--json",
    )  # fmt: skip
    assert answer.status == 0, answer.err
    value = answer.value
    assert value == json.loads((out / "report.json").read_text(encoding="utf-8"))
    assert value["judged_by"] == ["2 (2)"]
    assert value["n_steps"] == 2
    assert value["is_adapter"] is True
    assert json.loads((out / "adapter_config.json").read_text())["r"] == 3


def test_ctrl_c_keeps_what_was_learned(
    companion: Commands, base: Path, songs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tell = training._Watching.stepped

    def interrupted(self: training._Watching, report: StepReport) -> None:
        if report.clock.step == 2:
            signal.raise_signal(signal.SIGINT)
        tell(self, report)

    command = (
        "train", "lora", "--songs", songs, "--from", base, "--steps", 4, "--batch", 1,
        "--out", tmp_path / "out", "--device", "cpu",
    )  # fmt: skip
    with monkeypatch.context() as patch:
        patch.setattr(training._Watching, "stepped", interrupted)
        answer = companion(*command)
    assert answer.status == 130
    assert "--resume" in answer.err
    assert [path.name for path in (tmp_path / "out/run").glob("state-*")] == ["state-00000002"]
    answer = companion(*command, "--resume", "--json")
    assert answer.status == 0, answer.err
    assert answer.value["n_steps"] == 4


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--mode", "piano"), "“piano” is not a mode"),
        (("--stars", "many"), "--stars takes a span"),
        (("--stars", "5-3"), "begins after its end"),
        (("--status", "famous"), "“famous” is not a status"),
        (("--optimizer", "sgd"), "“sgd” is no optimizer"),
        (("--precision", "int4"), "“int4” is no precision"),
        (("--steps", "5", "--minutes", "1"), "either for how many steps"),
        (("--rank", "0"), "rank"),
        (("--mapper", "Nobody"), "no map by Nobody"),
        (("--years", "2010-2012"), "no map"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    companion: Commands, base: Path, songs: Path, tmp_path: Path, options: tuple[str], told: str
) -> None:
    answer = companion(
        "train", "lora", "--songs", songs, "--from", base, "--out", tmp_path / "out", *options,
        "--device", "cpu",
    )  # fmt: skip
    assert answer.status == 2
    assert told in answer.err
    assert not (tmp_path / "out/adapter_config.json").exists()


def test_what_is_in_the_way_is_not_written_over(
    companion: Commands, base: Path, songs: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    answer = companion("train", "lora", "--songs", songs, "--from", base, "--out", tmp_path)
    assert answer.status == 2
    assert "--resume" in answer.err


def test_figures_stand_side_by_side() -> None:
    def surprise(bits: float) -> Surprise:
        return Surprise(Bits(bits * 10, 10), {"t": Bits(bits * 10, 10)}, {"a [b]": Bits(bits, 1)})

    report = TrainingReport(
        base="bundled", family="bundled", out="out", is_adapter=False, mapper=None,
        n_trained_weights=1_500_000, n_steps=7, kept_step=5, minutes=1.25, trained_on=("x (1)",),
        watched=(), judged_by=("y (1)",), watched_is_judged=False, before=surprise(3.0),
        after=surprise(2.5), problems=(),
    )  # fmt: skip
    text = report_text(report)
    assert "1.50 M weights" in text
    [row] = [line.split() for line in text.splitlines() if line.startswith("  all")]
    assert row == ["all", "3.000", "2.500", "-0.500", "10"]
    assert "--model out" in text
    assert "flatter" not in text
