"""``companion evaluate``: its options and what it prints; the figures have tests of their own."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from companion.cli.evaluation_text import evaluation_text

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Commands

VALUE: dict[str, Any] = {
    "checkpoint": {"name": "tiny", "family": "bundled"},
    "songs": ["one", "two"],
    "notes": ["This model cannot hear timing."],
    "summary": {"section_f1_std": 0.71, "free_f1_std": None, "fault_auc": {"extra": 0.9}},
    "intervals": {"section_f1_std": [0.6, 0.8], "free_f1_std": [None, None]},
    "bars": {
        "section_f1_std": {"value": 0.71, "least": 0.7, "most": None, "met": True},
        "density_ratio_std": {"value": 1.3, "least": 0.85, "most": 1.15, "met": False},
        "head_f1_std": {"value": None, "least": 0.745, "most": None, "met": None},
    },
    "modes": {
        "osu": {
            "songs": 2,
            "maps": 3,
            "bits": {"t": 1.5},
            "shuffled_bits": {"t": 2.5},
            "no_sound_bits": {"t": 2.0},
            "unigram_bits": {"t": 12.0},
            "bigram_bits": {"t": None},
            "tokens": {"t": 40},
            "faults": {
                "extra": {
                    "planted": 4,
                    "auc": 0.9,
                    "maimod_auc": None,
                    "in_top": 0.5,
                    "by_rules": 0.0,
                    "carried_by": "model",
                }
            },
            "top": {"precision": 0.4, "chance": 0.1, "recall": 0.6, "planted": 4, "shown": 9},
            "timing": {
                "plain": {
                    "songs": 2,
                    "bpm_error": 0.5,
                    "offset_error_ms": 3.0,
                    "beats_close": 0.9,
                }
            },
        }
    },
}


def test_a_person_is_told_the_headlines_tables_and_bars():
    text = evaluation_text(VALUE)
    assert "tiny (bundled) on 2 songs" in text
    assert "cannot hear timing" in text
    assert "0.710  (0.600 to 0.800)" in text
    assert "free_f1_std" not in text
    assert "ok   section_f1_std: 0.710, at least 0.700" in text
    assert "MISS density_ratio_std: 1.300, at least 0.850 and at most 1.150" in text
    assert "head_f1_std" not in text
    assert "    1.50     2.50     2.00    12.00        –      40" in text
    assert "extra" in text
    assert "plain timing of 2 songs: 0.50 BPM and 3.0 ms off" in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere"], "There is no folder"),
        ([".", "--only", "bits,taste"], "not taste"),
        ([".", "--report", "page.txt"], "should end in .html"),
        (["."], "At least two sets"),
    ],
)
def test_what_cannot_be_evaluated_is_said_in_one_line(
    companion: Commands,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    words: str,
):
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    answer = companion("evaluate", *arguments, "--json")
    assert answer.status == 2
    assert words in answer.err
    assert json.loads(answer.out)["error"]["code"] == "option_refused"
