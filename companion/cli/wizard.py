"""``companion wizard``: questions with arrow keys, and the command that comes of the answers."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from companion.cli.command_line import command_line, copy_to_clipboard
from companion.cli.options import Common, config_of, settings_of, spread, terminal_of
from companion.errors import CompanionError, OptionRefused

if TYPE_CHECKING:
    from companion.cli.wizard_questions import Answer, Known, Question
    from companion.settings import Settings

_FINISH = (("run", "Run it"), ("copy", "Copy it"), ("print", "Only print it"))


@spread
def wizard(
    ctx: typer.Context,
    common: Common,
    run: Annotated[bool, typer.Option("--run/--no-run", help="Offer to run the command.")] = True,
) -> None:
    """Ask what shall be done; shows the command that does it, and runs or copies it."""
    settings = settings_of(ctx, common)
    terminal = terminal_of(ctx)
    if not _is_terminal():
        raise OptionRefused("The wizard asks questions, and needs a terminal for that.")
    words = asked(known_of(settings))
    data = ["--data", str(common.data)] if common.data is not None else []
    words = [*words, *data]
    config = config_of(ctx)
    words = ["--config", str(config), *words] if config is not None else words
    line = command_line(words, windows=os.name == "nt")
    terminal.note(f"\n{line}\n")
    answer = _finish() if run and not terminal.json else "print"
    if answer == "run":
        root = ctx.find_root().command
        root.main(words, prog_name="companion")
        return
    copied = answer == "copy" and copy_to_clipboard(line)
    if answer == "copy":
        terminal.note("It is on the clipboard." if copied else "There is no clipboard to copy to.")
    terminal.result(line, {"command": ["companion", *words], "line": line, "copied": copied})


def _is_terminal() -> bool:
    return sys.stdin.isatty()


def asked(known: Known) -> list[str]:
    """Ask all questions in the terminal; gives the words after ``companion``.

    Raises:
        KeyboardInterrupt: Ctrl+C.
    """
    from companion.cli.wizard_questions import questions

    flow = questions(known)
    question = next(flow)
    while True:
        try:
            question = flow.send(_ask(question))
        except StopIteration as end:
            return cast("list[str]", end.value)


def _ask(question: Question) -> Answer:
    """Ask one question with questionary."""
    import questionary

    from companion.cli.wizard_questions import Choice, Several, Text

    if isinstance(question, Text):
        clean = _path if question.is_path else str.strip

        def check(answer: str) -> bool | str:
            return question.check(clean(answer)) or True

        ask: Any = questionary.path if question.is_path else questionary.text
        answer = ask(question.text, default=question.default, validate=check).unsafe_ask()
        return clean(answer)
    if isinstance(question, Choice):
        choices = [
            questionary.Choice(title=title, value=value) for value, title in question.options
        ]
        return str(
            questionary.select(
                question.text, choices=choices, default=question.default
            ).unsafe_ask()
        )
    if isinstance(question, Several):
        return list(questionary.checkbox(question.text, choices=question.options).unsafe_ask())
    return bool(questionary.confirm(question.text, default=question.default).unsafe_ask())


def _path(answer: str) -> str:
    """A path as it was typed, or dropped onto the terminal, which may put quotes around it."""
    return str(Path(answer.strip().strip("'\"")).expanduser()) if answer.strip() else ""


def _finish() -> str:
    from companion.cli.wizard_questions import Choice

    return str(_ask(Choice("And now?", _FINISH, "run")))


def known_of(settings: Settings) -> Known:
    """What the questions depend on, from the models that are there."""
    from companion.cli.wizard_questions import Known
    from companion.engine.hearing_ability import require_hearing
    from companion.model_store import ModelStore

    store, used = ModelStore(settings.data_folder), settings.engine.model_folder
    names = tuple(store.names())

    def folder_of(name: str) -> Path:
        return store.folder_of(name) if name in names else Path(name)

    def hears(name: str) -> bool:
        try:
            require_hearing(folder_of(name))
        except CompanionError:
            return False
        return True

    return Known(
        names,
        next((name for name in names if store.folder_of(name) == used), str(used)),
        lambda name: descriptors_in(folder_of(name)),
        hears,
        lambda path: Path(path).is_file(),
    )


def descriptors_in(folder: Path) -> tuple[str, ...]:
    """Names of the descriptors that a checkpoint knows; none where it cannot be read."""
    from companion.engine.checkpoint import VOCABULARY
    from companion.engine.vocabulary import Vocabulary

    try:
        words = Vocabulary.from_file(folder / VOCABULARY)
    except CompanionError:
        return ()
    return tuple(sorted(words.descriptor_index))
