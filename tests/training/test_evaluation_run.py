from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pytest
import soundfile
import torch

from companion.beatmap import TimingPoint
from companion.engine.model.bundled import folder as bundled_folder
from companion.engine.model.bundled.lexicon import Lexicon
from companion.engine.model.bundled.network import BundledNetwork
from companion.engine.requests import HeardTiming
from companion.errors import NoBeatHeard, OptionRefused
from companion.training.evaluation import writing
from companion.training.evaluation.report import report_html
from companion.training.evaluation.run import Evaluation, Part, SongFindings
from companion.training.evaluation.songs import Effort, chosen_sets, held_out_names, lenders
from companion.training.evaluation.summary import evaluation_value, mode_value
from companion.training.evaluation.timing import Timing, examine_timing
from companion.training.library import find_sets
from tests.training.conftest import TOKENIZER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from companion.engine.cancellation import CancelToken
    from companion.engine.loaded_model import LoadedModel
    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.requests import TimingRequest
    from companion.engine.vocabulary import Vocabulary
    from companion.training.library import SongSet

LITTLE = Effort(1, 2, 1, 1, excerpt_s=2, iterations=1, plain_sections=True)
Found = dict[str, dict[str, SongFindings]]


@pytest.fixture(scope="module", autouse=True)
def few_tokens() -> Iterator[None]:
    """With random weights a window never ends by itself."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(writing, "AT_MOST", 20)
        yield


@pytest.fixture(scope="module")
def tiny(
    tmp_path_factory: pytest.TempPathFactory, vocabulary: Vocabulary, tiny_sizes: NetworkSizes
) -> Path:
    """A tiny network's folder."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("tiny")
    network = BundledNetwork(tiny_sizes, Lexicon.of(vocabulary))
    notes = {"training": {"held_out": ["First"]}}
    bundled_folder.save(folder, network, TOKENIZER.read_text(), notes)
    return folder


@pytest.fixture(scope="module")
def sets(
    make_set: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Sequence[SongSet]:
    parent = tmp_path_factory.mktemp("songs")
    make_set("First", (0, 3), parent)
    make_set("Second song", (0,), parent)
    return find_sets([parent])


def evaluated(evaluation: Evaluation) -> tuple[dict[str, Any], Found]:
    found: Found = {}
    for step in evaluation.run():
        assert 0 < step.done <= step.total
        if step.findings is not None:
            found.setdefault(step.mode.name.lower(), {})[step.song] = step.findings
    return evaluation_value(evaluation, found), found


@pytest.fixture(scope="module")
def outcome(tiny: Path, sets: Sequence[SongSet]) -> tuple[dict[str, Any], Found]:
    return evaluated(Evaluation(tiny, sets, LITTLE, device="cpu"))


def test_every_headline_is_there(outcome: tuple[dict[str, Any], Found]):
    value, _ = outcome
    names = (
        "section_f1_std", "section_f1_mania", "free_f1_std", "grid_f1_std", "detector_f1_std",
        "head_f1_std", "head_f1_mania", "density_ratio_std", "listening_gain_bits",
        "shuffled_gap_bits", "fault_auc_mean", "seconds_per_mapped_minute",
    )  # fmt: skip
    for name in names:
        assert value["summary"][name] is not None, name
        assert name in value["intervals"], name
    assert value["summary"]["fault_auc"].keys() >= {"moved_1_8", "missing", "new_combo_extra"}
    assert value["modes"].keys() == {"osu", "mania"}
    assert value["modes"]["osu"]["songs"] == 2
    json.dumps(value, allow_nan=False)


def test_all_parts_have_details(outcome: tuple[dict[str, Any], Found]):
    osu = outcome[0]["modes"]["osu"]
    assert set(osu["bits"]) >= {"t", "snap", "type", "pos", "hitsound", "volume"}
    for name in ("shuffled_bits", "no_sound_bits", "unigram_bits", "bigram_bits"):
        assert osu[name].keys() == osu["bits"].keys()
        assert all(bits > 0 for bits in osu[name].values())
    assert osu["section"]["ticks"].keys() == {"f1", "precision", "recall"}
    assert osu["continued_f1"] is not None
    assert osu["excerpt"]["minutes"] == pytest.approx(2 * 2 / 60)
    assert osu["faults"]["moved_1_4"]["planted"] == osu["displaced"] > 0
    assert osu["faults"]["moved_1_8"]["by_rules"] in (0, 1) or osu["displaced"] > 1
    assert osu["top"]["planted"] > 0


def test_what_cannot_be_measured_is_said(outcome: tuple[dict[str, Any], Found]):
    [note] = outcome[0]["notes"]
    assert "cannot hear timing" in note


def test_the_report_needs_nothing_else(outcome: tuple[dict[str, Any], Found]):
    page = report_html(*outcome)
    assert page.startswith("<!doctype html>")
    assert "<svg" in page
    for heading in ("Bars", "Bits per event", "Onsets", "Excerpts", "Faults"):
        assert f"<h2>{heading}</h2>" in page
    assert "src=" not in page
    assert "<link" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")


def without_clocks(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: without_clocks(v) for k, v in value.items() if "seconds" not in k}
    return value


def test_the_same_seed_gives_the_same_figures(
    tiny: Path, sets: Sequence[SongSet], outcome: tuple[dict[str, Any], Found]
):
    parts = frozenset({Part.GENERATION, Part.FAULTS})
    again, _ = evaluated(Evaluation(tiny, sets, LITTLE, parts, "cpu"))
    for name in ("faults", "top", "section", "around", "free", "excerpt"):
        one, other = (v["modes"]["mania"][name] for v in (again, outcome[0]))
        assert without_clocks(one) == without_clocks(other), name


def test_only_what_is_asked_for_is_measured_and_a_broken_song_costs_no_other_one(
    tiny: Path, sets: Sequence[SongSet], make_set: Callable[..., Path], tmp_path: Path
):
    broken = make_set("Broken", (0,), tmp_path) / "song.wav"
    broken.write_bytes(b"no song")
    three = (sets[0], *find_sets([tmp_path]), sets[1])
    value, _ = evaluated(Evaluation(tiny, three, LITTLE, frozenset({Part.BITS}), "cpu"))
    assert value["summary"]["section_f1_std"] is None
    assert value["summary"]["head_f1_std"] is not None
    assert value["songs"] == ["First", "Second-song"]
    [note] = value["notes"]
    assert note.startswith("Broken (osu): The song “song.wav” cannot be decoded.")


def test_one_set_is_not_enough(tiny: Path, sets: Sequence[SongSet]):
    with pytest.raises(OptionRefused, match="two sets"):
        next(Evaluation(tiny, sets[:1], LITTLE, device="cpu").run())


def test_sets_are_chosen_by_seed_and_lend_their_sound(tiny: Path, sets: Sequence[SongSet]):
    assert chosen_sets(sets, 5, 0) == tuple(sets)
    many = [sets[0]] * 3 + [sets[1]] * 3
    assert len(chosen_sets(many, 2, 1)) == 2
    assert lenders(sets, 0) == [sets[1]]
    assert lenders([*sets, sets[0]], 1) == [sets[0], sets[0]]
    assert held_out_names(tiny) == {"First"}


@pytest.mark.slow
@pytest.mark.parametrize("family", ["v29", "v30"])
def test_recorded_checkpoints_of_the_original_are_judged(
    goldens: Path, tmp_path: Path, family: str
):
    common = goldens / "common"
    samples, rate = soundfile.read(common / "clip40.wav")
    for name, sound in (("one", samples), ("other", np.asarray(samples)[::-1])):
        folder = tmp_path / name
        folder.mkdir()
        soundfile.write(folder / "audio.wav", sound, rate)
        text = (common / "maps_cut" / "std_1341554_cut38000.osu").read_text(encoding="utf-8")
        title = text.replace("\nTitle:", f"\nTitle:{name} ")
        (folder / "map.osu").write_text(title, encoding="utf-8")
    effort = Effort(1, 1, 1, 1, excerpt_s=0, iterations=0)
    parts = frozenset({Part.BITS, Part.GENERATION})
    evaluation = Evaluation(goldens / family / "model", find_sets([tmp_path]), effort, parts, "cpu")
    value, _ = evaluated(evaluation)
    assert value["checkpoint"]["family"] == family
    assert value["checkpoint"]["without_sound"] == "silence"
    assert value["summary"]["head_f1_std"] is None
    assert value["summary"]["section_f1_std"] is not None
    assert value["summary"]["listening_gain_bits_std"] is not None
    assert value["modes"]["osu"]["bits"]["t"] > 0
    assert not math.isnan(value["modes"]["osu"]["bigram_bits"]["t"])


class DeafOrNot:
    """Hears 200 BPM, 5 ms late, by one hearing, and no beat by many."""

    def hear_timing(self, request: TimingRequest, token: CancelToken) -> Iterator[HeardTiming]:
        del token
        if request.options.iterations is not None:
            raise NoBeatHeard("There is none.")
        yield HeardTiming((TimingPoint(5.0, 300.0),), 30, 12_000.0)


def test_timing_is_compared_with_the_maps_red_lines(sets: Sequence[SongSet]):
    found = Timing()
    examine_timing(cast("LoadedModel", DeafOrNot()), sets[0], 2, 0, found)
    [error] = found.ways["plain"]
    assert error.bpm_error == pytest.approx(50)
    assert error.same_tempo_share == 0
    assert found.without_beat == {"super": 1}
    value = mode_value({"First": SongFindings(timing=found, n_maps=1)})
    assert value["timing"]["plain"]["bpm_error"] == pytest.approx(50)
    assert value["timing"]["plain"]["songs"] == 1
