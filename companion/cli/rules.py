"""``companion rules``: the list of rules, and what one of them means."""

from __future__ import annotations

import textwrap
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from companion.beatmap import Mode
from companion.checks import CHECKS, level_name
from companion.checks.check import ALL_MODES
from companion.checks.level import ALL_LEVELS
from companion.errors import OptionRefused

if TYPE_CHECKING:
    from companion.checks import Check
    from companion.cli.terminal import Terminal

MODE_NAMES = {Mode.OSU: "osu", Mode.TAIKO: "taiko", Mode.CATCH: "catch", Mode.MANIA: "mania"}
WIDTH = 88


def list_rules(terminal: Terminal) -> None:
    """Print all rules as a table."""
    width = max(len(check.code) for check in CHECKS)
    lines: list[str] = []
    category = ""
    for check in sorted(CHECKS, key=lambda check: check.category):
        if check.category != category:
            category = check.category
            lines += ["", category] if lines else [category]
        levels = "/".join(check.severities)
        lines.append(f"  {check.code:{width}}  {levels:21}  {check.scope:10}  {check.title}")
    lines += ["", f"{len(CHECKS)} rules; companion rules CODE explains one."]
    terminal.result("\n".join(lines), [rule_value(check) for check in CHECKS])


def explain_rule(terminal: Terminal, code: str) -> None:
    """Print what a rule looks for, why, and where it differs from other programs.

    Raises:
        OptionRefused: There is no such rule.
    """
    check = next((check for check in CHECKS if check.code == code), None)
    if check is None:
        near = get_close_matches(code, [check.code for check in CHECKS], n=1)
        hint = f"; did you mean {near[0]}?" if near else "; companion rules lists them."
        raise OptionRefused(f"There is no rule “{code}”{hint}")
    terminal.result(_text(check), rule_value(check))


def _text(check: Check) -> str:
    facts = {
        "speaks up": check.cause,
        "stands for": check.criterion,
        "may report": ", ".join(check.severities),
        "looks at": {"difficulty": "one difficulty", "set": "the difficulties of a set"}.get(
            check.scope, "the files of a set's folder"
        ),
        "modes": "all" if check.modes == ALL_MODES else ", ".join(_modes(check)),
        "levels": "all" if check.levels == ALL_LEVELS else ", ".join(_levels(check)),
        "answers": ", ".join(check.answers),
        "differs": check.differs,
    }
    lines = [f"{check.code}: {check.title} ({check.category})", ""]
    for name, words in facts.items():
        if words:
            lines += textwrap.wrap(
                words, WIDTH, initial_indent=f"{name:12}", subsequent_indent=" " * 12
            )
    return "\n".join(lines)


def _modes(check: Check) -> list[str]:
    return [MODE_NAMES[mode] for mode in sorted(check.modes)]


def _levels(check: Check) -> list[str]:
    mode = min(check.modes) if len(check.modes) == 1 else Mode.OSU
    return [level_name(level, mode) for level in sorted(check.levels)]


def rule_value(check: Check) -> dict[str, Any]:
    """A rule for scripts."""
    return {
        "code": check.code,
        "title": check.title,
        "category": check.category,
        "scope": str(check.scope),
        "severities": [str(severity) for severity in check.severities],
        "modes": _modes(check),
        "levels": [level.name.lower() for level in sorted(check.levels)],
        "cause": check.cause,
        "criterion": check.criterion,
        "answers": list(check.answers),
        "differs": check.differs,
    }
