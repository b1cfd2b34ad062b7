"""Option groups, and what is the same for all commands."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import pytest
import typer
from typer.testing import CliRunner

from companion.cli.options import spread
from companion.journal import Journal, StoredFairUse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from companion.engine.fake import FakeEngine
    from tests.cli.conftest import Commands


@dataclass(frozen=True, kw_only=True)
class Size:
    width: Annotated[int, typer.Option("--width", "-w", help="How wide.")] = 3
    names: Annotated[list[str] | None, typer.Option(help="Whose.")] = None
    thick: bool = False


@spread
def paint(size: Size, colour: str, count: int = 1) -> None:
    """Paint something."""
    print(f"{colour} {count} {size}")


def run(*words: str) -> Any:
    app = typer.Typer()
    app.command()(paint)
    return CliRunner().invoke(app, words)


def test_a_group_becomes_options_and_arrives_as_one_value():
    result = run("red", "-w", "7", "--names", "a", "--names", "b", "--thick", "--count", "2")
    assert result.output == "red 2 Size(width=7, names=['a', 'b'], thick=True)\n"
    assert run("red").output.startswith("red 1 Size(width=3, names=")


def test_options_of_groups_stand_last_in_the_help():
    text = run("--help").output
    assert "Paint something." in text
    assert text.index("--count") < text.index("--width") < text.index("--thick")


def test_wrong_values_of_a_group_are_refused_as_usual():
    assert run("red", "--width", "wide").exit_code == 2


@pytest.mark.parametrize("command", ["regenerate", "hitsounds", "mod", "guest"])
def test_ctrl_c_ends_every_command_with_130(
    companion: Commands,
    map_path: Path,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
):
    def stopped(*_: object) -> Iterator[Any]:
        raise KeyboardInterrupt

    Journal(companion.data).keep_fair_use(StoredFairUse(notice_acknowledged="2026-01-01"))
    for name in ("regenerate", "score"):
        monkeypatch.setattr(engine, name, stopped)
    more: dict[str, tuple[str, ...]] = {
        "regenerate": ("--start", "0", "--end", "4000", "--in-place"),
        "hitsounds": ("--in-place",),
        "guest": ("--difficulty", "3"),
    }
    before = sorted(map_path.parent.iterdir()), map_path.read_bytes()
    answer = companion(command, map_path, *more.get(command, ()), "--json")
    assert answer.status == 130
    assert json.loads(answer.out)["error"]["code"] == "cancelled"
    assert (sorted(map_path.parent.iterdir()), map_path.read_bytes()) == before


def test_a_wrong_time_is_told_as_json_too(companion: Commands, map_path: Path):
    answer = companion("regenerate", map_path, "--start", "soon", "--end", "5", "--json")
    assert answer.status == 2
    assert json.loads(answer.out)["error"]["code"] == "option_refused"
