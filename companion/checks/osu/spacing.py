"""Distances between objects, measured against the time between them."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from companion.beatmap import Circle, Mode, Slider
from companion.checks.check import DifficultyCheck, Issue, SetCheck
from companion.checks.gameplay.osu import osu_view
from companion.checks.level import Level
from companion.checks.summaries import summarised
from companion.findings import Severity, timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from companion.checks.difficulty import Difficulty
    from companion.checks.gameplay.osu import OsuView
    from companion.checks.mapset import Mapset

# Abnormal spacing
LONGEST_GAP_MS = 180.0
SAME_SNAP_MS = 5.0
SHORTEST_PX = 20.0
REMEMBERED = 16
LEAST_KNOWN = 3
SLIDER_LENIENCY_RADII = 3.0
LEAST_RADII = 4.0
RATIOS = ((15.0, Severity.PROBLEM), (4.0, Severity.WARNING), (2.0, Severity.MINOR))

# Uneven spacing
PATTERN_MS = 600.0
STACKED_PX = 12.0
MEMORY_MS = 4000.0
SIMILAR_MS = 16.0
UNEVEN = ((20.0, 0.3, Severity.WARNING), (10.0, 0.15, Severity.MINOR))

# Overlaps of low difficulties
MUST_OVERLAP_MS, SHOULD_OVERLAP_MS, MUST_NOT_OVERLAP_MS = 125.0, 175.0, 250.0
OVERLAP_LENIENCY_PX = 5.0


class Jump(NamedTuple):
    """A gap as others are compared with it."""

    number: int
    """Of the object before it."""
    start_ms: float
    apart_ms: float
    apart_px: float
    speed: float
    """Distance by time."""


def _jump(number: int, start_ms: float, apart_ms: float, apart_px: float) -> Jump:
    return Jump(number, start_ms, apart_ms, apart_px, apart_px / max(1.0, apart_ms))


def find_abnormal(difficulty: Difficulty) -> Iterator[Issue]:
    """Jumps far beyond what other gaps of the same length were worth so far."""
    view = difficulty.fact(osu_view)
    after_others: dict[int, deque[Jump]] = {}
    after_sliders: dict[int, deque[Jump]] = {}
    for index, apart_ms, apart_px in view.gaps:
        if not 0 < apart_ms <= LONGEST_GAP_MS:
            continue
        item = view.objects[index]
        is_slider = isinstance(item, Slider)
        known = after_sliders if is_slider else after_others
        gap = _jump(index, item.start_ms, apart_ms, max(SHORTEST_PX, apart_px))
        bucket = int(apart_ms // SAME_SNAP_MS)
        if gap.apart_px > view.radius_px * LEAST_RADII:
            similar = _slower(gap, known, bucket)
            if len(similar) >= LEAST_KNOWN:
                yield from _abnormal(view, gap, similar, is_slider=is_slider)
        if bucket not in known:
            known[bucket] = deque(maxlen=REMEMBERED)
        known[bucket].append(gap)


def _slower(gap: Jump, known: Mapping[int, Sequence[Jump]], bucket: int) -> list[Jump]:
    """Earlier gaps of the same length; none as soon as one of them was faster."""
    similar: list[Jump] = []
    apart_ms, speed = gap.apart_ms, gap.speed
    for near in (bucket, bucket - 1, bucket + 1):
        for earlier in known.get(near, ()):
            if abs(earlier.apart_ms - apart_ms) <= SAME_SNAP_MS:
                if earlier.speed > speed:
                    return []
                similar.append(earlier)
    return similar


def _abnormal(
    view: OsuView, gap: Jump, similar: Sequence[Jump], *, is_slider: bool
) -> Iterator[Issue]:
    expected = sum(one.apart_px for one in similar) / sum(one.apart_ms for one in similar)
    # The ball may be left before the slider ends.
    spared_px = view.radius_px * SLIDER_LENIENCY_RADII if is_slider else 0.0
    ratio = max(0.0, gap.apart_px - spared_px) / gap.apart_ms / expected
    severity = next((severity for least, severity in RATIOS if ratio > least), None)
    if severity is not None:
        example = max(similar, key=lambda one: one.start_ms)
        yield Issue(
            severity=severity,
            message=(
                f"The jump is {ratio:.1f} times as fast as others over the same time, such as the "
                f"one at {timestamp(example.start_ms)}."
            ),
            objects=(view.objects[gap.number], view.objects[gap.number + 1]),
        )


def find_uneven(difficulty: Difficulty) -> Iterator[Issue]:
    """Gaps whose distance differs from that of similar gaps shortly before."""
    view = difficulty.fact(osu_view)
    recent: deque[Jump] = deque()
    for index, apart_ms, apart_px in view.gaps:
        gap = _jump(index, view.objects[index + 1].start_ms, apart_ms, apart_px)
        if gap.apart_ms > PATTERN_MS or gap.apart_px < STACKED_PX:
            continue
        while recent and recent[0].start_ms < gap.start_ms - MEMORY_MS:
            recent.popleft()
        similar = [one for one in recent if abs(one.apart_ms - gap.apart_ms) <= SIMILAR_MS]
        if not similar:
            recent.append(gap)
            continue
        expected_px = sum(one.speed for one in similar) / len(similar) * max(1.0, gap.apart_ms)
        severity = _unevenness(gap.apart_px, expected_px)
        if severity is None:
            recent.append(gap)
            continue
        yield Issue(
            severity=severity,
            message=(
                f"The distance is {gap.apart_px:.0f} px; like before it would be "
                f"{expected_px:.0f} px."
            ),
            objects=(view.objects[index], view.objects[index + 1]),
        )


def _unevenness(actual_px: float, expected_px: float) -> Severity | None:
    for absolute_px, share, severity in UNEVEN:
        if abs(expected_px - actual_px) - absolute_px > share * actual_px:
            return severity
    return None


def find_overlaps(mapset: Mapset) -> Iterator[Issue]:
    """In the lowest difficulties: what should overlap and does not, or the other way round."""
    lowest = min((one.level for one in mapset.difficulties), default=Level.EXPERT)
    for difficulty in mapset.difficulties:
        if difficulty.level == lowest <= Level.NORMAL:
            yield from _overlaps(difficulty)


def _overlaps(difficulty: Difficulty) -> Iterator[Issue]:
    view = difficulty.fact(osu_view)
    for index, apart_ms, apart_px in view.gaps:
        item, following = view.objects[index], view.objects[index + 1]
        overlapping = apart_px < 2 * (view.radius_px - OVERLAP_LENIENCY_PX)
        touching = apart_px < 2 * view.radius_px
        if isinstance(item, Circle) and not touching and apart_ms < SHOULD_OVERLAP_MS:
            must = apart_ms < MUST_OVERLAP_MS
            yield Issue(
                severity=Severity.PROBLEM if must else Severity.WARNING,
                message=(
                    f"The objects are {apart_ms:.0f} ms apart and {'have to' if must else 'should'}"
                    " overlap."
                ),
                objects=(item, following),
                difficulty=difficulty,
            )
        elif overlapping and MUST_NOT_OVERLAP_MS < apart_ms < 2 * view.preempt_ms:
            yield Issue(
                severity=Severity.MINOR,
                message=f"The objects are {apart_ms:.0f} ms apart and should not overlap.",
                objects=(item, following),
                difficulty=difficulty,
            )


CHECKS = (
    DifficultyCheck(
        code="abnormal_spacing",
        title="Abnormally large spacing",
        category="Compose",
        cause=(
            "A jump of more than two diameters over at most 180 ms is 15 (problem), 4 (warning) or "
            "2 times (minor) as fast as earlier gaps of the same length."
        ),
        criterion="Difficulty spikes need a reason in the song.",
        answers=("MapsetVerifier:AbnormalSpacing",),
        differs=(
            "It compares with the last 16 similar gaps, where Mapset Verifier takes all and counts "
            "old ones less."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING, Severity.MINOR),
        modes=frozenset({Mode.OSU}),
        find=summarised(find_abnormal),
    ),
    DifficultyCheck(
        code="uneven_spacing",
        title="Uneven spacing",
        category="Spread",
        cause=(
            "In Easy and Normal the distance differs from that of similar gaps of the last four "
            "seconds by more than 10 px and 15 % (minor) or 20 px and 30 % (warning)."
        ),
        criterion="The lowest levels should keep distances in proportion to the time between.",
        answers=("MapsetVerifier:SpaceVariation", "lazer:TimeDistanceEquality"),
        differs=(
            "The criteria have a guideline here, so nothing is a problem as in lazer; and the "
            "first gap of its length is not judged by other lengths as in Mapset Verifier."
        ),
        severities=(Severity.WARNING, Severity.MINOR),
        modes=frozenset({Mode.OSU}),
        levels=frozenset({Level.EASY, Level.NORMAL}),
        find=summarised(find_uneven),
    ),
    SetCheck(
        code="low_level_overlap",
        title="Overlaps in the lowest difficulty",
        category="Spread",
        cause=(
            "In the set's lowest difficulty, an Easy or a Normal, what follows a circle within "
            "125 ms (problem) or 175 ms (warning) does not overlap it; or objects more than 250 ms "
            "apart do (minor)."
        ),
        criterion=(
            "In the lowest difficulty quick clicks should overlap, and nothing else should."
        ),
        answers=("MapsetVerifier:CloseOverlap", "lazer:LowDiffOverlaps"),
        differs=(
            "The warning ends at lazer's 175 ms; Mapset Verifier has 188 ms in its code and 167 in "
            "its text. Overlaps of distant objects are minor, a problem in lazer."
        ),
        severities=(Severity.PROBLEM, Severity.WARNING, Severity.MINOR),
        modes=frozenset({Mode.OSU}),
        find=summarised(find_overlaps),
    ),
)
