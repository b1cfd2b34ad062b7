"""What a mapper decides: fair use, fixes, dismissals, undo."""

from __future__ import annotations

from dataclasses import replace

import pytest

from companion.beatmap import TextEdit, TimeRange
from companion.engine.requests import RegenerateOptions
from companion.errors import (
    ModdingOnly,
    NoticeNotAcknowledged,
    OptionRefused,
    RequestError,
    StaleEdit,
    UnknownId,
)
from companion.findings import Severity
from companion.session import (
    CancelJob,
    FairUse,
    FairUseNews,
    FindingsNews,
    KeepDismissed,
    StartRegenerate,
)
from tests.session.turns import WHOLE, generate, scored

# ------------------------------------------------------------------------------------- fair use


def test_generating_is_refused_before_the_notice_is_read(new_driver):
    driver = new_driver(FairUse())
    driver.open()
    with pytest.raises(NoticeNotAcknowledged):
        driver.session.regenerate("r", 1, WHOLE, RegenerateOptions())
    driver.session.acknowledge_notice()
    driver.session.regenerate("r", 1, WHOLE, RegenerateOptions())


@pytest.mark.parametrize("everywhere", [True, False])
def test_modding_only_refuses_every_generating_action(opened, new_finding, everywhere):
    suggestion = generate(opened)
    line = opened.data.splitlines(keepends=True)[20]
    scored(opened, new_finding(3000, fix=(TextEdit(20, (line,), (line,)),)))
    opened.session.regenerate("r", 1, TimeRange(6000, 8000), RegenerateOptions())
    opened.session.set_modding_only(everywhere=everywhere, enabled=True)
    outputs = opened.take()
    assert any(isinstance(o, CancelJob) for o in outputs)
    assert any(isinstance(o, FairUseNews) and not o.fair_use.can_generate for o in outputs)
    with pytest.raises(ModdingOnly):
        opened.session.regenerate("r", 1, WHOLE, RegenerateOptions())
    with pytest.raises(ModdingOnly):
        opened.session.plan_accept(suggestion.id, 0, opened.data)
    with pytest.raises(ModdingOnly):
        opened.session.take_part(suggestion.id, 0, "rhythm")
    with pytest.raises(ModdingOnly):
        opened.session.plan_fix(new_finding(3000).id, 1, opened.data)
    opened.session.set_modding_only(everywhere=everywhere, enabled=False)
    assert opened.session.plan_accept(suggestion.id, 0, opened.data)


def test_the_switch_in_the_settings_cannot_be_turned_here(new_driver):
    driver = new_driver(FairUse(notice_acknowledged=True, modding_only_forced=True))
    driver.open()
    with pytest.raises(OptionRefused):
        driver.session.set_modding_only(everywhere=True, enabled=False)
    with pytest.raises(ModdingOnly):
        driver.session.regenerate("r", 1, WHOLE, RegenerateOptions())


# --------------------------------------------------------------------------- findings and undo


def test_a_fix_is_found_again_after_lines_moved(opened, new_finding):
    lines = opened.data.splitlines(keepends=True)
    at = next(i for i, line in enumerate(lines) if b",3000,1," in line)
    fixed = lines[at].replace(b",3000,", b",3010,")
    scored(opened, new_finding(3000, fix=(TextEdit(at, (lines[at],), (fixed,)),)))
    moved = opened.data.replace(b"[HitObjects]\n", b"[HitObjects]\n0,0,100,1,0\n0,0,200,1,0\n")
    planned = opened.session.plan_fix(new_finding(3000).id, 1, moved)
    assert planned.document.to_bytes() == moved.replace(lines[at], fixed)
    assert planned.generated.action == "fix_applied"
    gone = opened.data.replace(lines[at], b"")
    with pytest.raises(StaleEdit):
        opened.session.plan_fix(new_finding(3000).id, 1, gone)


def test_the_models_edit_in_a_rules_finding_is_generated_content(opened, new_finding):
    line = opened.data.splitlines(keepends=True)[20]
    rule = replace(new_finding(3000, code="inconsistent_snapping"), severity=Severity.MINOR)
    fix = (TextEdit(20, (line,), (b"0,0,3000,1,0\n",)),)
    scored(opened, new_finding(3000, code="maimod.snap", fix=fix))
    opened.session.set_checked(opened.session.revision, (rule,))
    planned = opened.session.plan_fix(rule.id, 1, opened.data)
    assert planned.document.to_bytes() == opened.data.replace(line, b"0,0,3000,1,0\n")
    assert planned.generated.action == "fix_applied"
    opened.session.set_modding_only(everywhere=True, enabled=True)
    with pytest.raises(ModdingOnly):
        opened.session.plan_fix(rule.id, 1, opened.data)


def test_a_finding_without_a_concrete_edit_has_nothing_to_apply(opened, new_finding):
    scored(opened, new_finding(3000))
    with pytest.raises(RequestError, match="no concrete edit"):
        opened.session.plan_fix(new_finding(3000).id, 1, opened.data)
    with pytest.raises(UnknownId):
        opened.session.plan_fix("unknown", 1, opened.data)


def test_dismissing_hides_in_later_scans_too(opened, new_finding):
    scored(opened, new_finding(3000))
    opened.session.dismiss(new_finding(3000).id)
    outputs = opened.take()
    assert KeepDismissed(frozenset({new_finding(3000).id})) in outputs
    news = next(o for o in outputs if isinstance(o, FindingsNews))
    assert news.removed_ids == (new_finding(3000).id,)
    scored(opened, new_finding(3000))
    assert not [s for s in opened.session.board.shown if s.source == "model"]
    opened.session.restore_dismissed()
    assert [s for s in opened.session.board.shown if s.source == "model"]


def test_undo_without_steps_is_refused(opened):
    with pytest.raises(RequestError, match="nothing to undo"):
        opened.session.plan_undo(opened.data)


def test_requests_without_a_map_are_refused(driver):
    for request in (
        driver.session.rescan,
        driver.session.restore_dismissed,
        lambda: driver.session.dismiss("x"),
        lambda: driver.session.restore("x"),
        lambda: driver.session.dismiss_rule("x"),
        lambda: driver.session.restore_rule("x"),
        lambda: driver.session.plan_undo(b""),
        lambda: driver.session.cancel("j1"),
        lambda: driver.session.set_modding_only(everywhere=False, enabled=True),
    ):
        with pytest.raises(RequestError):
            request()
    assert driver.take() == []


def test_a_generation_order_carries_everything_the_engine_needs(opened):
    generate(opened, difficulty=3.0, replace="positions")
    request = opened.orders(StartRegenerate)[0].request
    assert request.document is opened.session.revision.document
    assert request.audio_path.name == "a.mp3"
    assert request.options.replace == "positions"
    assert request.conditioning.song_length_ms == 60_000
