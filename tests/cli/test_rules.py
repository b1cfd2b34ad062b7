from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from companion.checks import CHECKS, Scope
from companion.journal import Journal
from tests.cli.conftest import MAP, Commands

if TYPE_CHECKING:
    from pathlib import Path


def test_all_rules_are_listed(companion: Commands):
    answer = companion("rules")
    assert answer.status == 0
    for check in CHECKS:
        assert f"  {check.code} " in answer.out
    value = companion("rules", "--json").value
    assert [rule["code"] for rule in value] == [check.code for check in CHECKS]
    assert value[0].keys() >= {"cause", "criterion", "answers", "differs", "severities", "scope"}


def test_a_rule_is_explained(companion: Commands):
    answer = companion("rules", "unsnapped_object")
    assert "Unsnapped objects (Timing)" in answer.out
    assert "2 ms (problem)" in answer.out
    assert "lazer:UnsnappedObjects" in answer.out
    value = companion("rules", "lowest_difficulty", "--json").value
    assert (value["scope"], value["modes"]) == ("set", ["osu", "taiko", "catch", "mania"])


def test_an_unknown_rule_is_told_with_a_hint(companion: Commands):
    answer = companion("rules", "unsnaped_object")
    assert answer.status == 2
    assert "did you mean unsnapped_object?" in answer.err


@pytest.fixture
def folder(map_path: Path) -> Path:
    """A set of two difficulties, one of them with another title."""
    other = MAP.replace(b"Version:Normal", b"Version:Hard").replace(b"Title:Test", b"Title:Tset")
    (map_path.parent / "hard.osu").write_bytes(other)
    return map_path.parent


def test_a_folder_is_checked_as_a_set(companion: Commands, folder: Path):
    answer = companion("mod", folder, "--rules-only")
    assert answer.status == 0
    assert "[Normal] osu, Normal: 5 objects" in answer.out
    assert "Metadata: The title is “Tset”, but “Test” in [" in answer.out.replace(
        "Test”, but “Tset", "Tset”, but “Test"
    )
    assert "2 difficulties  Settings: The map has no combo colours" in answer.out
    value = companion("mod", folder, "--rules-only", "--json").value
    assert {one["difficulty_name"] for one in value["difficulties"]} == {"Normal", "Hard"}
    assert {"map.osu", "hard.osu"} <= {finding["file"] for finding in value["findings"]}
    assert {finding["source"] for finding in value["findings"]} == {"rule"}


def test_the_model_does_not_look_at_folders(companion: Commands, folder: Path):
    answer = companion("mod", folder)
    assert answer.status == 2
    assert "--rules-only" in answer.err


def test_an_empty_folder_is_told(companion: Commands, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    answer = companion("mod", tmp_path / "empty", "--rules-only")
    assert answer.status == 2
    assert "no .osu file" in answer.err


def test_scripts_can_fail_on_a_severity(companion: Commands, folder: Path, map_path: Path):
    for path in (folder, map_path):
        assert companion("mod", path, "--rules-only", "--fail-on", "problem").status == 1
    clean = (
        MAP[: MAP.index(b"[HitObjects]")].replace(
            b"[Difficulty]", b"Tags:rock english\r\n[Difficulty]"
        )
        + b"[Colours]\r\nCombo1 : 9,99,99\r\n"
    )
    map_path.write_bytes(clean)
    found = companion("mod", map_path, "--rules-only", "--json").value["findings"]
    codes = {one["code"] for one in found}
    # Nothing is left to complain about in the map; in the set around it there is.
    scopes = {check.scope for check in CHECKS if check.code in codes}
    assert scopes == {Scope.SET, Scope.FILE}
    Journal(companion.data).keep_dismissed_rules(folder, codes)
    assert companion("mod", map_path, "--rules-only", "--fail-on", "minor").status == 0
    answer = companion("mod", map_path, "--rules-only", "--fail-on", "anything")
    assert answer.status == 2
    assert "problem, warning, minor" in answer.err
