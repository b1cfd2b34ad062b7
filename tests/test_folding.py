from __future__ import annotations

from dataclasses import replace

import pytest

from companion.beatmap import TimeRange
from companion.checks import CHECKS
from companion.checks.check import WHOLE_MAP
from companion.findings import Finding, Severity
from companion.folding import EXPLAINED, Folding


def finding(
    code: str, *objects: int, severity: Severity = Severity.PROBLEM, at: TimeRange | None = None
) -> Finding:
    return Finding(
        id=f"{code} {objects}",
        code=code,
        category="",
        severity=severity,
        at=at or TimeRange(objects[0], objects[-1] + 1),
        objects=objects,
        message="",
        weight=1.0,
        editor_link="osu://edit/",
    )


def surprise(topic: str, *objects: int, at: TimeRange | None = None) -> Finding:
    return finding(f"maimod.{topic}", *objects, severity=Severity.SUGGESTION, at=at)


def test_only_rules_that_there_are_explain_anything() -> None:
    assert EXPLAINED.keys() <= {check.code for check in CHECKS}


@pytest.mark.parametrize(
    ("rule", "topic"),
    [
        ("unsnapped_object", "time"),
        ("unsnapped_object", "snap"),
        ("offscreen_object", "position"),
        ("abnormal_spacing", "distance"),
        ("muted_objects", "hitsound"),
        ("folded_slider", "anchor_extra"),
        ("catch_long_combo", "new_combo_missing"),
    ],
)
def test_a_rule_explains_the_same_matter_of_the_same_object(rule: str, topic: str) -> None:
    found = finding(rule, 1000)
    assert Folding([found]).rule_for(surprise(topic, 1000)) is found
    assert Folding([found]).rule_for(surprise(topic, 1500)) is None


@pytest.mark.parametrize(
    ("rule", "topic"), [("unsnapped_object", "position"), ("drain_time", "time")]
)
def test_a_rule_of_another_matter_explains_nothing(rule: str, topic: str) -> None:
    assert Folding([finding(rule, 1000)]).rule_for(surprise(topic, 1000)) is None


def test_all_objects_of_the_surprise_have_to_be_the_rules() -> None:
    gap = finding("abnormal_spacing", 1000, 1500)
    assert Folding([gap]).rule_for(surprise("position", 1500)) is gap
    assert Folding([gap]).rule_for(surprise("position", 1000, 2000)) is None


def test_a_start_may_be_rounded_or_cut() -> None:
    found = finding("unsnapped_object", 1000)
    assert Folding([found]).rule_for(surprise("time", 1001)) is found
    assert Folding([found]).rule_for(surprise("time", 1002)) is None


def test_without_objects_the_place_decides() -> None:
    kiai = finding("unsnapped_kiai", at=TimeRange(4003, 4004))
    folding = Folding([kiai])
    assert folding.rule_for(surprise("kiai_start", at=TimeRange(4010, 4011))) is kiai
    assert folding.rule_for(surprise("kiai_start", at=TimeRange(4020, 4021))) is None
    nowhere = replace(kiai, at=WHOLE_MAP, editor_link="")
    assert Folding([nowhere]).rule_for(surprise("kiai_start", at=TimeRange(0, 1))) is None


def test_a_graver_surprise_is_no_rules_footnote() -> None:
    minor = finding("unsnapped_object", 1000, severity=Severity.MINOR)
    grave = replace(surprise("time", 1000), severity=Severity.WARNING)
    assert Folding([minor]).rule_for(grave) is None
    assert Folding([minor]).rule_for(surprise("time", 1000)) is minor


def test_of_several_rules_the_gravest_explains() -> None:
    warning = finding("snapped_to_old_line", 1000, severity=Severity.WARNING)
    problem = finding("unsnapped_object", 1000)
    assert Folding([warning, problem]).rule_for(surprise("time", 1000)) is problem
