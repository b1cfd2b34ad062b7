"""The longest combo and the highest score of a map, as ScoreV1 counts them.

Source: lazer's ``OsuLegacyScoreSimulator``, ``TaikoLegacyScoreSimulator``,
``CatchLegacyScoreSimulator`` and ``LegacyRulesetExtensions.CalculateDifficultyPeppyStars``. The
score is that of a flawless play with Hidden, Hard Rock, Double Time and Flashlight; the mods
multiply its combo part only. osu!mania has a fixed highest score.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

from companion.beatmap import Circle, HoldNote, Mode, Slider
from companion.checks.gameplay.sliders import (
    MAX_TICKS,
    Part,
    slider_events,
    tick_count,
    tick_distances_px,
)
from companion.checks.gameplay.taiko import is_finisher

if TYPE_CHECKING:
    from companion.beatmap import Beatmap, HitObject
    from companion.checks.difficulty import Difficulty

MANIA_SCORE = 1_000_000
MOD_FACTORS = {
    Mode.OSU: 1.06 * 1.06 * 1.12 * 1.12,
    Mode.TAIKO: 1.06 * 1.06 * 1.12 * 1.12,
    Mode.CATCH: 1.06 * 1.12 * 1.06 * 1.12,
}
TAIKO_SIZE = 2.0
"""osu!taiko counts every map as if it had this circle size."""
SPINS_PER_S, NEEDED_HALF_SPINS_PER_S = 477 / 60, 3


class BestPlay(NamedTuple):
    """What a flawless play comes to."""

    combo: int
    score: int


@dataclass(slots=True)
class _Tally:
    factor: float
    combo: int = 0
    combo_score: int = 0
    """What depends on combo; mods multiply it."""
    plain_score: int = 0

    def hit(self) -> None:
        """Something worth 300 that is counted once more for each hit before."""
        self.combo_score += int(max(0, self.combo - 1) * (300 // 25 * self.factor))
        self.plain_score += 300


def best_play(difficulty: Difficulty) -> BestPlay:
    """A fact: the longest combo and the highest ScoreV1."""
    beatmap = difficulty.beatmap
    if beatmap.mode is Mode.MANIA:
        return BestPlay(sum(map(_mania_combo, beatmap.hit_objects)), MANIA_SCORE)
    count = {Mode.OSU: _osu, Mode.TAIKO: _taiko, Mode.CATCH: _catch}[beatmap.mode]
    tally = count(difficulty)
    mods = MOD_FACTORS[beatmap.mode]
    return BestPlay(tally.combo, tally.plain_score + round(tally.combo_score * mods))


def _mania_combo(item: HitObject) -> int:
    """A note counts once, and while it is held once more each 100 ms (rosu-pp, as stable does)."""
    return 1 + int(item.duration_ms // 100) * isinstance(item, HoldNote)


def difficulty_factor(beatmap: Beatmap) -> int:
    """By how much combo counts, 0 to 7: from the settings and the number of objects per second."""
    objects = beatmap.hit_objects
    if not objects:
        return 0
    paused = sum(round(b.end_ms) - round(b.start_ms) for b in beatmap.breaks)
    played = round(objects[-1].start_ms) - round(objects[0].start_ms) - paused
    seconds = int(played / 1000)
    ratio = Decimal(16)
    if seconds:
        ratio = min(Decimal(16), max(Decimal(0), Decimal(len(objects)) / seconds * 8))
    cs = TAIKO_SIZE if beatmap.mode is Mode.TAIKO else beatmap.cs
    settings = sum((Decimal(str(value)) for value in (beatmap.hp, beatmap.od, cs)), Decimal(0))
    return round((settings + ratio) / 38 * 5)


def _osu(difficulty: Difficulty) -> _Tally:
    beatmap, ticks_px = difficulty.beatmap, difficulty.fact(tick_distances_px)
    tally = _Tally(difficulty_factor(beatmap))
    for item, apart_px in zip(beatmap.hit_objects, ticks_px, strict=True):
        if isinstance(item, Slider):
            ticks = tick_count(item, apart_px)
            tally.combo += ticks + item.slides + 1
            tally.plain_score += 10 * ticks + 30 * (item.slides + 1)
            tally.hit()
            continue
        tally.hit()
        tally.combo += 1
        if not isinstance(item, Circle):
            tally.plain_score += _spinner_bonus(item.duration_ms / 1000)
    return tally


def _spinner_bonus(seconds: float) -> int:
    half_spins = int(seconds * SPINS_PER_S * 2)
    before_bonus = int(seconds * NEEDED_HALF_SPINS_PER_S) + 3
    bonus = max(0, half_spins - before_bonus) // 2
    # Of the even half spins those that give a bonus give nothing else.
    plain = min(half_spins, before_bonus) // 2 if before_bonus % 2 == 0 else half_spins // 2
    return 1100 * bonus + 100 * plain


def _catch(difficulty: Difficulty) -> _Tally:
    beatmap, ticks_px = difficulty.beatmap, difficulty.fact(tick_distances_px)
    tally = _Tally(difficulty_factor(beatmap))
    for item, apart_px in zip(beatmap.hit_objects, ticks_px, strict=True):
        if isinstance(item, Circle):
            tally.hit()
            tally.combo += 1
        elif isinstance(item, Slider):
            _stream(item, apart_px, tally)
        else:
            tally.plain_score += 1100 * _bananas(item)
    return tally


def _stream(item: Slider, ticks_px: float, tally: _Tally) -> None:
    before: int | None = None
    for part, time_ms, _ in slider_events(item, ticks_px):
        now = int(time_ms)
        if before is not None:
            tally.plain_score += 10 * _tiny_droplets(now - before)
        before = now
        if part is Part.LAST_TICK:
            continue
        if part is Part.TICK:
            tally.plain_score += 100
        else:
            tally.hit()
        tally.combo += 1


def _tiny_droplets(gap_ms: int) -> int:
    """How many lie between two parts of a stream: at least 50 ms and at most 100 ms apart."""
    return _halvings(gap_ms) - 1 if gap_ms > 80 else 0


def _bananas(item: HitObject) -> int:
    duration = int(item.end_ms) - int(item.start_ms)
    return _halvings(item.duration_ms) + 1 if duration > 0 else 0


def _halvings(gap_ms: float) -> int:
    """Into how many parts of at most 100 ms a gap is halved."""
    parts = 1
    while gap_ms / parts > 100:
        parts *= 2
    return parts


def _taiko(difficulty: Difficulty) -> _Tally:
    beatmap = difficulty.beatmap
    tally = _Tally(difficulty_factor(beatmap))
    objects = beatmap.hit_objects
    for number, item in enumerate(objects):
        if isinstance(item, Slider):
            following = objects[number + 1] if number + 1 < len(objects) else None
            _drumroll(item, following, beatmap, tally)
            continue
        worth = _taiko_hit(item, beatmap, tally)
        doubled = is_finisher(item) or not isinstance(item, Circle)
        tally.combo_score += (worth - 300) * (1 + doubled)
        tally.plain_score += 300 * (1 + doubled)
        if isinstance(item, Circle):
            tally.combo += 1
        else:
            needed = int(max(1, int(item.duration_ms / 1000 * 7.5) * 1.65))
            tally.plain_score += 300 * (max(1, int(needed * 1.5)) + 1)
    return tally


def _taiko_hit(item: HitObject, beatmap: Beatmap, tally: _Tally) -> int:
    worth = 300 + 300 // 35 * 2 * (int(tally.factor) + 1) * (min(100, tally.combo) // 10)
    return int(worth * 1.2) if beatmap.kiai_at(item.end_ms) else worth


def _drumroll(item: Slider, following: HitObject | None, beatmap: Beatmap, tally: _Tally) -> None:
    delay = _drumroll_delay_ms(item, beatmap)
    next_ms = following.start_ms if following else None
    if isinstance(following, Slider):
        next_ms = following.start_ms - _drumroll_delay_ms(following, beatmap)
    until = item.end_ms
    if next_ms is None or next_ms - (item.end_ms + int(delay)) > int(delay):
        until += int(delay)
    worth = 360 if beatmap.kiai_at(item.start_ms) else 300
    worth += worth // 5 if is_finisher(item) else 0
    hits = min(MAX_TICKS, max(0, -int(-(until - item.start_ms) // delay)))
    tally.plain_score += worth * hits


def _drumroll_delay_ms(item: Slider, beatmap: Beatmap) -> float:
    red = beatmap.timing_at(item.start_ms)
    beat = red.beat_length if red and 0 < red.beat_length < float("inf") else 1000.0
    triple = beatmap.format_version >= 8 and beatmap.slider_tick_rate in (1.5, 3.0, 6.0)
    delay = beat / 6 if triple else beat / 8
    while delay < 60:
        delay *= 2
    while delay > 120:
        delay /= 2
    return delay
