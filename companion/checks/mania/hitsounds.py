"""Hit sounds of osu!mania: doubled in a chord, missing in the folder, or in other difficulties."""

from __future__ import annotations

from collections import Counter
from itertools import groupby
from typing import TYPE_CHECKING

from companion.beatmap import Mode, TimeRange
from companion.checks.check import DifficultyCheck, FolderCheck, Issue, SetCheck
from companion.checks.gameplay.note_samples import FIRST_NUMBERED_INDEX, HITNORMAL, note_samples
from companion.checks.summaries import summarised
from companion.findings import Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from companion.beatmap import HitObject
    from companion.checks.check import Check
    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.note_samples import Sample
    from companion.checks.mapset import Folder, Mapset

MANIA = frozenset({Mode.MANIA})
SOUND_EXTENSIONS = (".wav", ".mp3", ".ogg")
LEAST_SAMPLES = 8
"""A difficulty with fewer hit sounds is not left out as one of its own."""


def find_doubled(difficulty: Difficulty) -> Iterator[Issue]:
    """Chords in which several notes play one sample."""
    pairs = difficulty.fact(note_samples)
    for _, group in groupby(pairs, key=lambda pair: round(pair[0].start_ms)):
        chord = list(group)
        if len(chord) < 2:
            continue
        counts = Counter(
            sample.name
            for _, samples in chord
            for sample in dict.fromkeys(samples)
            if not sample.plain
        )
        for name, count in counts.items():
            if count > 1:
                playing = tuple(
                    item for item, samples in chord if any(one.name == name for one in samples)
                )
                yield Issue(
                    severity=Severity.WARNING,
                    message=f"{count} notes of the chord play {name}, which makes it louder.",
                    objects=playing,
                    detail=name,
                )


def _hit_sounds(difficulty: Difficulty) -> Mapping[int, frozenset[str]]:
    """A fact: the samples beside the plain one that the notes at each time play."""
    found: dict[int, set[str]] = {}
    for item, samples in difficulty.fact(note_samples):
        here = found.setdefault(round(item.start_ms), set())
        here.update(sample.name for sample in samples if not sample.plain)
    return {ms: frozenset(names) for ms, names in found.items()}


def find_inconsistent(mapset: Mapset) -> Iterator[Issue]:
    """Notes that lack a sample which others play at their time."""
    difficulties = mapset.difficulties
    if len(difficulties) < 2:
        return
    alike = _comparable(difficulties)
    for difficulty in difficulties:
        if difficulty not in alike:
            yield Issue(
                severity=Severity.WARNING,
                message=(
                    "The hit sounds have little in common with those of the other difficulties "
                    "and are not compared with them."
                ),
                detail="unique",
                difficulty=difficulty,
            )
    notes, samples = _counts(alike)
    for difficulty in alike:
        for ms, mine in difficulty.fact(_hit_sounds).items():
            missing = sorted(set(samples.get(ms, {})) - mine)
            if missing:
                yield _missing(difficulty, ms, missing, alike, notes[ms])


def _missing(
    difficulty: Difficulty,
    ms: int,
    missing: Sequence[str],
    alike: Sequence[Difficulty],
    notes: int,
) -> Issue:
    having = [
        other
        for other in alike
        if not other.fact(_hit_sounds).get(ms, frozenset()).isdisjoint(missing)
    ]
    notes_here = difficulty.fact(_by_time)[ms]
    return Issue(
        severity=Severity.WARNING if len(having) * 2 > notes - 1 else Severity.MINOR,
        message=(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} played here in "
            f"{', '.join(f'“{other.name}”' for other in having)}."
        ),
        objects=tuple(notes_here[:1]),
        at=TimeRange(ms, ms + 1),
        detail=",".join(missing),
        difficulty=difficulty,
    )


def _by_time(difficulty: Difficulty) -> Mapping[int, Sequence[HitObject]]:
    """A fact: the notes at each time."""
    found: dict[int, list[HitObject]] = {}
    for item in difficulty.beatmap.hit_objects:
        found.setdefault(round(item.start_ms), []).append(item)
    return found


def _counts(
    difficulties: Sequence[Difficulty],
) -> tuple[Counter[int], dict[int, Counter[str]]]:
    """How many difficulties have a note at a time, and how many of them each sample there."""
    notes: Counter[int] = Counter()
    samples: dict[int, Counter[str]] = {}
    for difficulty in difficulties:
        for ms, names in difficulty.fact(_hit_sounds).items():
            notes[ms] += 1
            samples.setdefault(ms, Counter()).update(names)
    return notes, samples


def _comparable(difficulties: Sequence[Difficulty]) -> list[Difficulty]:
    """Those that are not in a class of their own."""
    notes, samples = _counts(difficulties)
    differing = [
        sum(_disagreements(mine, notes[ms], samples[ms])
            for ms, mine in one.fact(_hit_sounds).items()) // (len(difficulties) - 1)
        for one in difficulties
    ]  # fmt: skip
    least, average = min(differing), sum(differing) / len(differing)
    kept: list[Difficulty] = []
    for one, differs in zip(difficulties, differing, strict=True):
        total = sum(len(names) for names in one.fact(_hit_sounds).values())
        beyond = differs - least
        if not (total >= LEAST_SAMPLES and beyond > average and beyond > total / 4):
            kept.append(one)
    return kept


def _disagreements(mine: frozenset[str], notes: int, samples: Counter[str]) -> int:
    return sum(notes - count if name in mine else count for name, count in samples.items())


def find_no_hitnormal(folder: Folder) -> Iterator[Issue]:
    """Difficulties whose notes play no hitnormal of the set."""
    present = _sound_names(folder)
    own = any(f"-{HITNORMAL}" in name for name in present)
    for difficulty in folder.mapset.by_mode.get(Mode.MANIA, ()):
        played = Counter(
            sample.name
            for _, samples in difficulty.fact(note_samples)
            for sample in samples
            if sample.plain
            and not sample.named
            and (sample.custom_index == 0 or sample.name not in present)
        )
        total = sum(played.values())
        if own and total:
            yield Issue(
                severity=Severity.WARNING,
                message=f"{total} notes do not play the hitnormal of the set, but the skin's.",
                detail="not in effect",
                difficulty=difficulty,
            )
        elif total:
            yield Issue(
                severity=Severity.MINOR,
                message="The set has no hitnormal of its own; the player's skin decides.",
                detail="none",
                difficulty=difficulty,
            )


def find_missing_files(folder: Folder) -> Iterator[Issue]:
    """Samples that a note asks for and the folder does not have."""
    present = _sound_names(folder)
    for difficulty in folder.mapset.by_mode.get(Mode.MANIA, ()):
        first: dict[Sample, HitObject] = {}
        for item, samples in difficulty.fact(note_samples):
            for sample in samples:
                if sample.named or sample.custom_index >= FIRST_NUMBERED_INDEX:
                    first.setdefault(sample, item)
        for sample, item in first.items():
            if sample.name in present:
                continue
            yield Issue(
                severity=Severity.PROBLEM if sample.named else Severity.WARNING,
                message=(
                    f"The file {sample.name} is not in the folder."
                    if sample.named
                    else f"There is no {sample.name} in the folder; the default is played instead."
                ),
                objects=(item,),
                detail=sample.name,
                difficulty=difficulty,
            )


def _sound_names(folder: Folder) -> frozenset[str]:
    """Names of the sound files in lower case, with and without extension."""
    names: set[str] = set()
    for file in folder.files:
        name = file.name.lower()
        names.add(name)
        if file.extension in SOUND_EXTENSIONS:
            names.add(name.removesuffix(file.extension))
    return frozenset(names)


CHECKS: tuple[Check, ...] = (
    DifficultyCheck(
        code="mania_doubled_hitsounds",
        title="Doubled hit sounds",
        category="Hit Sounds",
        cause="Two or more notes at one time play one addition or one named file.",
        criterion="The same hit sound should not be on several notes of a chord.",
        answers=("MapsetVerifier:DoubleHitSounds",),
        severities=(Severity.WARNING,),
        modes=MANIA,
        find=summarised(find_doubled),
    ),
    SetCheck(
        code="mania_hitsound_consistency",
        title="Inconsistent hit sounds",
        category="Hit Sounds",
        cause=(
            "Other difficulties with a note at this time play a sample that this one does not: "
            "most of them (warning) or a minority (minor)."
        ),
        criterion="Hit sounds should be the same in all difficulties of a set.",
        answers=("MapsetVerifier:ManiaHitSoundConsistency",),
        severities=(Severity.WARNING, Severity.MINOR),
        modes=MANIA,
        find=summarised(find_inconsistent),
    ),
    FolderCheck(
        code="mania_hitnormal",
        title="No hitnormal of the set",
        category="Hit Sounds",
        cause=(
            "Notes play no hitnormal of the set although it has one (warning), or it has none "
            "(minor)."
        ),
        criterion="Keysounds need the support of a hitnormal that can be heard.",
        answers=("MapsetVerifier:HitNormalUsage",),
        differs=(
            "A set without a hitnormal of its own breaks no rule, so it is minor and no problem; "
            "and lines count only where they sound."
        ),
        severities=(Severity.WARNING, Severity.MINOR),
        modes=MANIA,
        find=find_no_hitnormal,
    ),
    FolderCheck(
        code="mania_missing_samples",
        title="Missing hit sound files",
        category="Hit Sounds",
        cause=(
            "A note names a file that is not in the folder (problem), or has a custom index for "
            "whose sample there is none (warning)."
        ),
        criterion="All hit sounds that a map asks for have to be there.",
        answers=("MapsetVerifier:MissingHitSoundFiles",),
        severities=(Severity.PROBLEM, Severity.WARNING),
        modes=MANIA,
        find=summarised(find_missing_files),
    ),
)
