from __future__ import annotations

from typing import TYPE_CHECKING, Any

from companion.engine.requests import ScoreRequest
from companion.errors import ModelMissing
from companion.journal import Journal
from tests.cli.conftest import MAP, Commands

if TYPE_CHECKING:
    from pathlib import Path

    from companion.engine.fake import FakeEngine


def test_rules_and_model_are_listed(companion: Commands, map_path: Path):
    answer = companion("mod", map_path)
    assert answer.status == 0
    assert "Nobody - Test [Normal] by Somebody: 5 objects" in answer.out
    assert "Rhythm (model): Expected this object 9 ms away, on the beat." in answer.out
    assert "osu://edit/00:02:009" in answer.out
    assert answer.out.index("problems (") < answer.out.index("suggestions (")


def test_what_a_rule_explains_is_listed_once(
    companion: Commands, map_path: Path, engine: FakeEngine
):
    engine.code = "maimod.snap"
    answer = companion("mod", map_path)
    assert "suggestions (" not in answer.out
    too = "The model finds this surprising, too: Expected this object 9 ms away, on the beat. 9.0"
    assert too in answer.out
    findings = companion("mod", map_path, "--json").value["findings"]
    [unsnapped] = [finding for finding in findings if finding["code"] == "unsnapped_object"]
    assert {finding["source"] for finding in findings} == {"rule"}
    assert [one["surprisal_bits"] for one in unsnapped["support"]] == [9.0]
    assert unsnapped["fix_source"] == "rule"


def test_json_has_the_names_of_the_wire(companion: Commands, map_path: Path):
    from protocol.values import Finding

    value = companion("mod", map_path, "--json").value
    assert value["model"]["name"] == "fake"
    assert value["model_error"] is None
    assert {finding["source"] for finding in value["findings"]} == {"rule", "model"}
    for finding in value["findings"]:
        assert finding.keys() == Finding.model_fields.keys()


def test_without_the_model_no_song_is_needed(
    companion: Commands, map_path: Path, engine: FakeEngine
):
    (map_path.parent / "song.wav").unlink()
    answer = companion("mod", map_path, "--rules-only", "--json")
    assert answer.status == 0
    assert [finding["code"] for finding in answer.value["findings"]].count("unsnapped_object") == 1
    assert engine.requests == []


def test_a_missing_song_leaves_the_rules_and_status_2(companion: Commands, map_path: Path):
    (map_path.parent / "song.wav").unlink()
    answer = companion("mod", map_path)
    assert answer.status == 2
    assert "problems (" in answer.out
    assert answer.err.startswith("companion: The song")


def test_a_missing_model_leaves_the_rules_in_json_too(
    companion: Commands, map_path: Path, engine: FakeEngine
):
    engine.error = ModelMissing("There is no model.")
    answer = companion("mod", map_path, "--json")
    assert answer.status == 2
    assert answer.value["model_error"] == {
        "code": "model_missing",
        "message": "There is no model.",
    }
    assert answer.value["findings"]


def test_dismissed_findings_stay_away(companion: Commands, map_path: Path):
    findings = companion("mod", map_path, "--rules-only", "--json").value["findings"]
    gone = findings[0]["id"]
    Journal(companion.data).keep_dismissed(map_path, [gone])
    value = companion("mod", map_path, "--rules-only", "--json").value
    assert gone not in {finding["id"] for finding in value["findings"]}
    assert value["dismissed_count"] == 1
    shown = companion("mod", map_path, "--rules-only", "--json", "--all").value["findings"]
    assert gone in {finding["id"] for finding in shown}
    assert Journal(companion.data).dismissed(map_path) == {gone}


def test_dismissed_rules_stay_silent_in_the_map_and_in_the_set(companion: Commands, map_path: Path):
    Journal(companion.data).keep_dismissed_rules(map_path.parent, ["unsnapped_object"])
    for path in (map_path, map_path.parent):
        value = companion("mod", path, "--rules-only", "--json").value
        assert "unsnapped_object" not in {finding["code"] for finding in value["findings"]}
        assert value["dismissed_count"] == 1
        shown = companion("mod", path, "--rules-only", "--json", "--all").value
        assert "unsnapped_object" in {finding["code"] for finding in shown["findings"]}
    assert "1 of dismissed rules" in companion("mod", map_path.parent, "--rules-only").out


def test_the_set_around_a_map_is_looked_at(companion: Commands, map_path: Path):
    def told() -> list[dict[str, Any]]:
        findings = companion("mod", map_path, "--rules-only", "--json").value["findings"]
        return [one for one in findings if one["code"] in {"inconsistent_metadata", "unused_file"}]

    assert told() == []
    other = MAP.replace(b"Artist:Nobody", b"Artist:Anybody").replace(b":Normal", b":Hard")
    (map_path.parent / "hard.osu").write_bytes(other)
    (map_path.parent / "left over.txt").write_bytes(b"")
    found = told()
    assert {one["code"]: one["file"] for one in found} == {
        "inconsistent_metadata": None,
        "unused_file": "left over.txt",
    }
    text = companion("mod", map_path, "--rules-only").out
    assert "song.wav: " in text
    assert "left over.txt: “left over.txt”" not in text


def test_the_level_that_was_stated_counts_and_another_can_be_tried(
    companion: Commands, map_path: Path
):
    def judged(*options: str) -> tuple[str, set[str]]:
        value = companion("mod", map_path, "--rules-only", "--json", *options).value
        return value["map"]["level"], {finding["code"] for finding in value["findings"]}

    level, codes = judged()
    assert level == "normal"
    assert "osu_settings_range" not in codes
    level, codes = judged("--level", "Insane")
    assert level == "insane"
    assert "osu_settings_range" in codes
    Journal(companion.data).keep_level(map_path, "expert")
    assert judged()[0] == "expert"
    assert judged("--level", "hard")[0] == "hard"
    assert "judged as Expert" in companion("mod", map_path, "--rules-only").out
    whole_set = companion("mod", map_path.parent, "--rules-only", "--json").value
    assert [one["level"] for one in whole_set["difficulties"]] == ["expert"]


def test_a_level_that_is_none_is_refused(companion: Commands, map_path: Path):
    answer = companion("mod", map_path, "--rules-only", "--level", "brutal")
    assert answer.status == 2
    assert "“brutal” is no level; choose one of Easy, Normal, Hard, Insane, Expert." in answer.err
    answer = companion("mod", map_path.parent, "--rules-only", "--level", "hard")
    assert answer.status == 2
    assert "name its .osu file" in answer.err


def test_a_map_that_is_not_there_is_told(companion: Commands, tmp_path: Path):
    answer = companion("mod", tmp_path / "none.osu", "--json")
    assert answer.status == 2
    assert answer.value["error"]["code"] == "unreadable_beatmap"
    assert "none.osu" in answer.err


def test_an_empty_file_is_told(companion: Commands, map_path: Path):
    map_path.write_bytes(b"")
    answer = companion("mod", map_path)
    assert answer.status == 2
    assert answer.err.startswith("companion: ")
    assert answer.err.count("\n") == 1


def test_a_map_without_objects_has_nothing_to_score(
    companion: Commands, map_path: Path, engine: FakeEngine
):
    map_path.write_bytes(MAP[: MAP.index(b"[HitObjects]")])
    answer = companion("mod", map_path, "--json")
    assert answer.status == 0
    assert engine.requests == []


def test_modding_changes_nothing(companion: Commands, map_path: Path):
    companion("mod", map_path)
    assert map_path.read_bytes() == MAP
    assert sorted(path.name for path in map_path.parent.iterdir()) == ["map.osu", "song.wav"]


def test_how_much_of_a_window_is_judged_can_be_said(
    companion: Commands, map_path: Path, engine: FakeEngine
):
    assert companion("mod", map_path, "--lookback", 0.3, "--lookahead", 0.4).status == 0
    (request,) = [r for r in engine.requests if isinstance(r, ScoreRequest)]
    assert (request.lookback, request.lookahead) == (0.3, 0.4)


def test_nothing_left_to_judge_is_refused_before_the_model_is_loaded(
    companion: Commands, map_path: Path, engine: FakeEngine
):
    answer = companion("mod", map_path, "--lookback", 0.6, "--lookahead", 0.4)
    assert answer.status == 2
    assert "together below 1" in answer.err
    assert engine.requests == []
