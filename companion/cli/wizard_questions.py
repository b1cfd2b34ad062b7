"""The wizard's questions, as values, and the order in which they are asked.

`questions` is a generator: it yields one question after the other, is sent each answer, and
returns the words of the command that does what was asked for. It touches neither terminal nor disk.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass

from companion.cli.answer_checks import (
    Check,
    above_one,
    is_map,
    line,
    needed,
    number,
    osu_file,
    time,
    unless_empty,
    whole,
)

Answer = str | bool | list[str]


@dataclass(frozen=True, slots=True)
class Text:
    """A line of text; an empty one leaves the default to the command, where that is allowed."""

    text: str
    check: Check
    default: str = ""
    is_path: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several, each with the words that say what it is."""

    text: str
    options: tuple[tuple[str, str], ...]
    default: str


@dataclass(frozen=True, slots=True)
class Several:
    """Any number of some words."""

    text: str
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class YesNo:
    """Yes or no."""

    text: str
    default: bool


Question = Text | Choice | Several | YesNo
Words = Generator[Question, Answer, list[str]]


@dataclass(frozen=True, slots=True)
class Known:
    """What the questions depend on."""

    models: tuple[str, ...]
    """Names of the models that are there."""
    used: str
    """The one that is used unless another is named."""
    descriptors: Callable[[str], tuple[str, ...]]
    """Names of the descriptors that a model, given by name or folder, knows."""
    hears_timing: Callable[[str], bool]
    is_file: Callable[[str], bool]


COMMANDS = (
    ("generate", "Write a whole difficulty, for a song or for a map's song"),
    ("guest", "Write another difficulty of a set, with its timing"),
    ("regenerate", "Write a section of a map anew"),
    ("hitsounds", "Choose the hitsounds of a map anew"),
    ("timing", "Hear where a song's beats are"),
    ("mod", "List what rules and model find in a map"),
)
MODES = (("0", "osu!"), ("1", "taiko"), ("2", "catch"), ("3", "mania"))
GUIDANCE_FOR_NEGATIVES = "2"


def questions(known: Known) -> Words:
    """Ask everything; gives the words after ``companion``."""
    command = yield from _chosen(Choice("What shall be done?", COMMANDS, "generate"))
    flow = {
        "generate": _generate,
        "guest": _guest,
        "regenerate": _regenerate,
        "hitsounds": _hitsounds,
        "timing": _timing,
        "mod": _mod,
    }[command]
    return [command, *(yield from flow(known))]


# One command each


def _generate(known: Known) -> Words:
    source = yield from _text(Text("Song or .osu file:", _file(known), is_path=True))
    has_map = is_map(source)
    model, words = yield from _model(known)
    mode = "" if has_map else (yield from _chosen(Choice("Game mode:", MODES, "0")))
    words += ["--gamemode", mode] if mode not in {"", "0"} else []
    words += yield from _optional("--difficulty", "Star rating to aim at:", number(0, 12), "4")
    words += yield from _style(known, model)
    if not (yield from _agreed(YesNo("With hitsounds?", default=True))):
        words.append("--no-hitsounded")
    timing = yield from _timing_of(known, model, has_map=has_map)
    if (yield from _agreed(YesNo("Change more (settings, sampling, what is written)?", False))):
        words += yield from _details(mode, has_map=has_map, hears=bool(timing))
    words += timing
    return [source, *words]


def _guest(known: Known) -> Words:
    path = yield from _map(known)
    model, words = yield from _model(known)
    stars = yield from _text(Text("Star rating to aim at:", needed(number(0, 12)), "3.5"))
    words += ["--difficulty", stars]
    words += yield from _optional("--name", "Name of the difficulty (empty: its stars):", line)
    words += yield from _style(known, model, scale="--guidance")
    for flag, text in (("--hp", "HP"), ("--cs", "CS"), ("--od", "OD"), ("--ar", "AR")):
        words += yield from _optional(flag, f"{text} (empty: as in the map):", number(0, 10))
    words += yield from _green_lines()
    words += yield from _sampling()
    return [path, *words]


def _regenerate(known: Known) -> Words:
    path = yield from _map(known)
    _, words = yield from _model(known)
    for flag, text in (("--start", "Start"), ("--end", "End")):
        answer = yield from _text(Text(f"{text} (ms, or 00:12:340):", needed(time)))
        words += [flag, answer]
    words += yield from _optional(
        "--difficulty", "Star rating to aim at (empty: the map's own):", number(0, 12)
    )
    options = (("all", "Everything"), ("positions", "Positions"), ("hitsounds", "Hitsounds"))
    replaced = yield from _chosen(Choice("What may change?", options, "all"))
    words += ["--replace", replaced] if replaced != "all" else []
    words += yield from _green_lines()
    words += yield from _optional("--variants", "How many variants:", whole(1, 8), "1")
    words += yield from _sampling()
    words += yield from _where("Print it")
    return [path, *words]


def _hitsounds(known: Known) -> Words:
    path = yield from _map(known)
    _, words = yield from _model(known)
    words += yield from _optional("--start", "Start (empty: the first object):", time)
    words += yield from _optional("--end", "End (empty: the last object):", time)
    words += yield from _sampling()
    words += yield from _where("Print them")
    return [path, *words]


def _timing(known: Known) -> Words:
    source = yield from _text(Text("Song or .osu file:", _file(known), is_path=True))
    _, words = yield from _model(known)
    if (yield from _agreed(YesNo("Hear it many times (slow, more exact)?", False))):
        words.append("--super")
        words += yield from _optional("--iterations", "How often:", whole(1, 1000), "20")
    words += yield from _optional("--seed", "Seed (empty: any):", whole(0, 2**63 - 1))
    if is_map(source):
        words += yield from _where("Only report it")
    else:
        words += yield from _optional("--out", "New .osu file (empty: only report):", osu_file)
    return [source, *words]


def _mod(known: Known) -> Words:
    path = yield from _map(known)
    words: list[str] = []
    if (yield from _agreed(YesNo("With the model's opinion, not the rules alone?", True))):
        _, words = yield from _model(known)
    else:
        words.append("--rules-only")
    if (yield from _agreed(YesNo("Dismissed findings, too?", False))):
        words.append("--all")
    return [path, *words]


# Parts of them


def _style(known: Known, model: str, scale: str = "--cfg-scale") -> Words:
    words: list[str] = []
    names = known.descriptors(model)
    if names:
        for name in (yield from _picked(Several("What should it be like?", names))):
            words += ["--descriptors", name]
        avoided = yield from _picked(Several("What should it not be like?", names))
        for name in avoided:
            words += ["--negative-descriptors", name]
        if avoided:
            check = needed(above_one)
            question = Text("How strongly (guidance, above 1):", check, GUIDANCE_FOR_NEGATIVES)
            words += [scale, (yield from _text(question))]
    words += yield from _optional("--year", "Year to map like (empty: any):", whole(2007, 2077))
    words += yield from _optional(
        "--mapper-id", "User id of a mapper to map like (empty: nobody):", whole(0, 2**31 - 1)
    )
    return words


def _timing_of(known: Known, model: str, *, has_map: bool) -> Words:
    hears = known.hears_timing(model)
    options = [("map", "The map's red lines")] if has_map else []
    if hears:
        options += [
            ("once", "Let the model hear it"),
            ("super", "Let the model hear it many times (slow, more exact)"),
        ]
    options.append(("bpm", "One tempo that I know"))
    question = Choice("Timing:", tuple(options), options[0][0])
    answer = options[0][0] if len(options) == 1 else (yield from _chosen(question))
    if answer == "bpm":
        bpm = yield from _text(Text("Beats per minute:", needed(number(1, 2000))))
        offset = yield from _text(Text("Offset in ms:", needed(whole(-(2**31), 2**31)), "0"))
        new = ["--new-timing"] if has_map else []
        return [*new, "--bpm", bpm, "--offset", offset]
    if answer == "super":
        return ["--super-timing"]
    return ["--new-timing"] if has_map and answer == "once" else []


def _details(mode: str, *, has_map: bool, hears: bool) -> Words:
    target = yield from _target(has_map=has_map, hears=hears)
    words = {
        "osz": ["--export-osz"],
        "add": ["--add-to-beatmap"],
        "into": ["--add-to-beatmap", "--overwrite-reference-beatmap"],
    }.get(target, [])
    if has_map:
        shown = (
            ("no", "Nothing but its timing"),
            ("gd", "The map, as another difficulty of the set"),
            ("no_hs", "The map without its hitsounds"),
        )
        given = yield from _chosen(Choice("What is the model shown of the map?", shown, "no"))
        words += ["--in-context", given] if given != "no" else []
    if target not in {"add", "into"}:
        words += yield from _settings(mode)
    words += yield from _optional("--start-time", "Start (empty: the song's):", time)
    words += yield from _optional("--end-time", "End (empty: the song's):", time)
    words += yield from _sampling(scale=True)
    if target != "into":
        text = "Name of the difficulty (empty: its stars):"
        words += yield from _optional("--version", text, line)
    return words


def _target(*, has_map: bool, hears: bool) -> Generator[Question, Answer, str]:
    options = [("new", "A new difficulty"), ("osz", "An .osz")]
    if has_map and not hears:
        options += [
            ("add", "A new difficulty, with what the map has outside of start and end"),
            ("into", "The map itself, between start and end (a backup is kept)"),
        ]
    return (yield from _chosen(Choice("What is written?", tuple(options), "new")))


def _settings(mode: str) -> Words:
    words: list[str] = []
    if mode == "3":
        words += yield from _optional("--keycount", "Keys:", whole(1, 18), "4")
        words += yield from _optional(
            "--hold-note-ratio", "Share of hold notes, 0 to 1 (empty: any):", number(0, 1)
        )
    if mode in {"1", "3"}:
        words += yield from _optional(
            "--scroll-speed-ratio", "Share of scroll speed changes (empty: any):", number(0, 1)
        )
    sizes = [("--hp-drain-rate", "HP"), ("--overall-difficulty", "OD"), ("--approach-rate", "AR")]
    if mode in {"0", "2"}:
        sizes.insert(1, ("--circle-size", "CS"))
    for flag, text in sizes:
        words += yield from _optional(flag, f"{text} (empty: the usual):", number(0, 10))
    words += yield from _optional(
        "--slider-multiplier", "Slider velocity (empty: the usual):", number(0.4, 3.6)
    )
    return words


def _sampling(*, scale: bool = False) -> Words:
    words = yield from _optional("--seed", "Seed (empty: any):", whole(0, 2**63 - 1))
    words += yield from _optional(
        "--temperature", "Temperature (empty: the usual; 0: the likeliest):", number(0, 5)
    )
    if scale:
        words += yield from _optional("--top-p", "Top-p (empty: the usual):", number(0, 1))
    return words


def _green_lines() -> Words:
    changes = yield from _agreed(YesNo("May the model write green lines?", False))
    return ["--green-lines"] if changes else []


def _where(otherwise: str) -> Words:
    options = (
        ("no", otherwise),
        ("in", "Write it into the map (a backup is kept)"),
        ("out", "Write a new file"),
    )
    answer = yield from _chosen(Choice("And then?", options, "no"))
    if answer == "out":
        return ["--out", (yield from _text(Text("New .osu file:", needed(osu_file))))]
    return ["--in-place"] if answer == "in" else []


def _model(known: Known) -> Generator[Question, Answer, tuple[str, list[str]]]:
    """The model that was chosen, and the words for it."""
    names = tuple((name, name) for name in dict.fromkeys((*known.models, known.used)))
    question = Choice("Model:", (*names, ("", "Another folder")), known.used)
    name = yield from _chosen(question)
    if not name:
        name = yield from _text(Text("The model's folder:", needed(line), is_path=True))
    return name, [] if name == known.used else ["--model", name]


def _file(known: Known) -> Check:
    return lambda answer: None if known.is_file(answer.strip()) else "There is no such file."


def _map(known: Known) -> Generator[Question, Answer, str]:
    def check(answer: str) -> str | None:
        return _file(known)(answer) or (None if is_map(answer) else "This is no .osu file.")

    return (yield from _text(Text("The .osu file:", check, is_path=True)))


def _optional(flag: str, text: str, check: Check, default: str = "") -> Words:
    answer = yield from _text(Text(text, unless_empty(check), default))
    return [flag, answer] if answer else []


# Answers


def _text(question: Text) -> Generator[Question, Answer, str]:
    return str((yield question)).strip()


def _chosen(question: Choice) -> Generator[Question, Answer, str]:
    return str((yield question))


def _agreed(question: YesNo) -> Generator[Question, Answer, bool]:
    return (yield question) is True


def _picked(question: Several) -> Generator[Question, Answer, list[str]]:
    answer = yield question
    return answer if isinstance(answer, list) else []
