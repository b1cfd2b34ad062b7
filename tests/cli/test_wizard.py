from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from typer.testing import CliRunner

from companion.cli import app
from companion.cli.command_line import command_line
from companion.cli.wizard import asked, descriptors_in
from companion.cli.wizard_questions import Choice, Known, Several, Text, YesNo, questions
from companion.journal import Journal, StoredFairUse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from companion.engine.fake import FakeEngine
    from tests.cli.conftest import Commands

ENTER, DOWN, SPACE, CTRL_C = "\r", "\x1b[B", " ", "\x03"
KNOWN = Known(
    ("bundled", "v29"),
    "bundled",
    lambda name: ("aim", "jump aim", "tech") if name == "v29" else (),
    lambda name: name == "v29",
    lambda path: path in {"song.mp3", "map.osu"},
)


def answered(*answers: Any) -> tuple[list[str], list[Any]]:
    """The words that some answers lead to, and the questions; ``None`` takes the default."""
    flow, asked_for, given = questions(KNOWN), list[Any](), iter(answers)
    question = next(flow)
    while True:
        asked_for.append(question)
        answer = next(given, None)
        if answer is None:
            answer = [] if isinstance(question, Several) else question.default
        if isinstance(question, Text):
            assert question.check(str(answer)) is None, (question, answer)
        try:
            question = flow.send(answer)
        except StopIteration as end:
            return end.value, asked_for


def test_a_song_becomes_a_difficulty():
    words, _ = answered(
        *("generate", "song.mp3", "v29", "0", "5.5", ["aim", "jump aim"], ["tech"], "3"),
        *("2020", "", True, "super"),
    )
    assert words == [
        *("generate", "song.mp3", "--model", "v29", "--difficulty", "5.5"),
        *("--descriptors", "aim", "--descriptors", "jump aim", "--negative-descriptors", "tech"),
        *("--cfg-scale", "3", "--year", "2020", "--super-timing"),
    ]


def test_defaults_alone_are_a_command():
    words, _ = answered("generate", "map.osu")
    assert words == ["generate", "map.osu", "--difficulty", "4"]
    assert answered("regenerate", "map.osu", None, "0", "00:10:000")[0] == [
        *("regenerate", "map.osu", "--start", "0", "--end", "00:10:000", "--variants", "1")
    ]
    assert answered("mod", "map.osu")[0] == ["mod", "map.osu"]
    assert answered("timing", "song.mp3")[0] == ["timing", "song.mp3"]
    assert answered("hitsounds", "map.osu")[0] == ["hitsounds", "map.osu"]
    assert answered("guest", "map.osu")[0] == ["guest", "map.osu", "--difficulty", "3.5"]


def test_a_model_that_hears_nothing_is_given_a_tempo():
    words, shown = answered("generate", "song.mp3", None, None, "4", "", "", True, "174", "-20")
    assert words[-4:] == ["--bpm", "174", "--offset", "-20"]
    assert not any(isinstance(q, Choice) and q.text == "Timing:" for q in shown)
    assert not any(isinstance(q, Several) for q in shown)  # it knows no descriptors


def test_details_go_into_the_map_and_show_it_to_the_model():
    words, _ = answered(
        *("generate", "map.osu", "v29", "", [], [], "", "", False, "map", True),
        *("into", "gd", "00:10:000", "20000", "7", "", ""),
    )
    assert words[2:] == [
        *("--model", "v29", "--no-hitsounded"),
        *("--add-to-beatmap", "--overwrite-reference-beatmap", "--in-context", "gd"),
        *("--start-time", "00:10:000", "--end-time", "20000", "--seed", "7"),
    ]


def test_settings_are_asked_for_where_a_file_is_new():
    words, shown = answered(
        *("generate", "map.osu", "v29", "", [], [], "", "", True, "once", True),
        *("osz", "no", "5", "", "", "", "", "", "", "0.5", "", "Mine"),
    )
    assert words[2:] == [
        *("--model", "v29", "--export-osz", "--hp-drain-rate", "5", "--temperature", "0.5"),
        *("--version", "Mine", "--new-timing"),
    ]
    (target,) = (q for q in shown if q.text == "What is written?")
    assert [value for value, _ in target.options] == ["new", "osz"]  # red lines stay in a part


@pytest.mark.parametrize(
    ("so_far", "wrong"),
    [
        (("generate",), "nothing.mp3"),
        (("regenerate",), "song.mp3"),
        (("guest", "map.osu", "v29"), "13"),
        (("guest", "map.osu", "v29"), ""),
        (("regenerate", "map.osu", "v29"), "soon"),
        (("guest", "map.osu", "v29", "3", "", [], ["aim"]), "1"),
        (("generate", "song.mp3", "v29", "0", "", [], []), "1999"),
    ],
)
def test_wrong_answers_are_not_taken(so_far: tuple[Any, ...], wrong: str):
    flow = questions(KNOWN)
    question = next(flow)
    for answer in so_far:
        question = flow.send(answer)
    assert isinstance(question, Text)
    assert question.check(wrong)


@pytest.mark.parametrize(
    "command", ["generate", "guest", "regenerate", "hitsounds", "timing", "mod"]
)
@pytest.mark.parametrize("bold", [False, True])
def test_every_option_that_is_asked_for_exists(command: str, bold: bool):
    """Whatever is answered, the command's parser knows the options."""
    flow = questions(KNOWN)
    question = next(flow)
    answer: Any = command
    words: list[str] = []
    while not words:
        try:
            question = flow.send(answer)
        except StopIteration as end:
            words = end.value
            break
        if isinstance(question, Several):
            answer = [question.options[-1]] if bold else []
        elif isinstance(question, YesNo):
            answer = bold
        elif isinstance(question, Choice):
            answer = question.options[-1][0] if bold else question.default
            answer = "v29" if question.text == "Model:" else answer
        else:
            candidates = (
                *(("map.osu", "2008", "5", "2", "1", "0.5") if bold else (question.default, "")),
                *("map.osu", "song.mp3", "3"),
            )
            answer = next(text for text in candidates if question.check(text) is None)
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0, result.output
    help_text = CliRunner().invoke(app, [command, "--help"]).output
    assert all(word in help_text for word in words if word.startswith("--"))


TRICKY = [
    "plain",
    "two words",
    "it's",
    'say "hi"',
    "C:\\Songs\\a b\\",
    "50% & <more>|^",
    "",
    "~",
    "é",
]


@pytest.mark.skipif(sys.platform == "win32", reason="reads the line with a POSIX shell")
def test_a_posix_shell_reads_the_words_back():
    line = command_line(TRICKY, windows=False)
    assert shlex.split(line) == ["companion", *TRICKY]
    script = line.replace("companion", "printf '%s\\0'", 1)
    read = subprocess.run(["sh", "-c", script], capture_output=True, check=True).stdout
    assert read.decode().split("\0")[:-1] == TRICKY


def as_the_c_runtime_reads(line: str) -> list[str]:
    """Microsoft's rules for taking a command line apart."""
    words, word, quoted, slashes, begun = [], "", False, 0, False
    for sign in line:
        if sign == "\\":
            slashes += 1
            continue
        if sign == '"':
            word += "\\" * (slashes // 2)
            if slashes % 2:
                word += '"'
            else:
                quoted, begun = not quoted, True
        elif sign == " " and not quoted:
            word += "\\" * slashes
            if word or begun:
                words.append(word)
            word, begun = "", False
        else:
            word += "\\" * slashes + sign
        slashes = 0
    word += "\\" * slashes
    return [*words, word] if word or begun else words


def test_windows_reads_the_words_back():
    line = command_line(TRICKY, windows=True)
    assert as_the_c_runtime_reads(line) == ["companion", *TRICKY]
    assert '"50% & <more>|^"' in line  # inside quotes cmd.exe takes none of these for itself


@pytest.fixture
def keys() -> Iterator[Any]:
    """A terminal whose keys are pressed beforehand."""
    with create_pipe_input() as pipe, create_app_session(input=pipe, output=DummyOutput()):
        yield pipe


def test_arrow_keys_choose_and_space_picks(keys: Any):
    keys.send_text(ENTER)  # generate
    keys.send_text("song.mp3" + ENTER)
    keys.send_text(DOWN + ENTER)  # v29
    keys.send_text(DOWN + ENTER)  # taiko
    keys.send_text("\x15" + "3" + ENTER)  # ^U clears the default
    keys.send_text(DOWN + SPACE + DOWN + SPACE + ENTER)  # jump aim, tech
    keys.send_text(ENTER + ENTER + ENTER)  # nothing to avoid, no year, no mapper
    keys.send_text("n" + DOWN + DOWN + ENTER)  # no hitsounds; one tempo
    keys.send_text("180" + ENTER + ENTER + "n")
    assert asked(KNOWN) == [
        *("generate", "song.mp3", "--model", "v29", "--gamemode", "1", "--difficulty", "3"),
        *("--descriptors", "jump aim", "--descriptors", "tech", "--no-hitsounded"),
        *("--bpm", "180", "--offset", "0"),
    ]


def test_a_wrong_answer_can_be_mended(keys: Any):
    keys.send_text(ENTER + "nothing.mp3" + ENTER + "\x15" + "map.osu" + ENTER + CTRL_C)
    with pytest.raises(KeyboardInterrupt):
        asked(KNOWN)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What is asked for in the end."""
    words: list[str] = []
    monkeypatch.setattr("companion.cli.wizard.asked", lambda _: words)
    monkeypatch.setattr("companion.cli.wizard._is_terminal", lambda: True)
    return words


def test_it_runs_what_was_asked_for(
    companion: Commands,
    map_path: Path,
    told: list[str],
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
):
    Journal(companion.data).keep_fair_use(StoredFairUse(notice_acknowledged="2026-01-01"))
    monkeypatch.setattr("companion.cli.wizard._finish", lambda: "run")
    told += ["generate", str(map_path), "--difficulty", "3"]
    answer = companion("wizard")
    assert answer.status == 0
    assert len(engine.map_requests) == 1
    assert f"companion generate {map_path} --difficulty 3" in answer.err
    assert map_path.with_name("Nobody - Test (Somebody) [3 stars].osu").is_file()


def test_json_names_the_command_and_runs_nothing(
    companion: Commands, map_path: Path, told: list[str], engine: FakeEngine
):
    told += ["mod", str(map_path)]
    value = companion("wizard", "--json").value
    assert value["command"] == ["companion", "mod", str(map_path), "--data", str(companion.data)]
    assert engine.requests == []


def test_ctrl_c_ends_it_with_130(
    companion: Commands, map_path: Path, monkeypatch: pytest.MonkeyPatch
):
    def stopped(_: Known) -> list[str]:
        raise KeyboardInterrupt

    monkeypatch.setattr("companion.cli.wizard.asked", stopped)
    monkeypatch.setattr("companion.cli.wizard._is_terminal", lambda: True)
    before = sorted(map_path.parent.iterdir())
    answer = companion("wizard", "--json")
    assert answer.status == 130
    assert json.loads(answer.out)["error"]["code"] == "cancelled"
    assert sorted(map_path.parent.iterdir()) == before


def test_without_a_terminal_it_is_refused(companion: Commands):
    answer = companion("wizard", "--json")
    assert answer.status == 2
    assert "needs a terminal" in answer.err


def test_descriptors_come_from_the_models_own_vocabulary(goldens: Path, tmp_path: Path):
    names = descriptors_in(goldens / "v29" / "model")
    assert names
    assert list(names) == sorted(names)
    assert descriptors_in(tmp_path) == ()
