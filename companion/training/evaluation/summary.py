"""All figures of an evaluation as one JSON value.

``summary`` holds the headline figures by name, ``intervals`` their 95 % intervals over songs,
``bars`` what a bundled model is held to, and ``modes`` everything else. ``std`` in a name is osu!,
as mappers have it. A figure that was not measured is null.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from companion.training.evaluation import figures
from companion.training.measures import f1_score

if TYPE_CHECKING:
    from collections.abc import Mapping

    from companion.training.evaluation.figures import Figure, Found
    from companion.training.evaluation.run import Evaluation, SongFindings

    ByMode = Mapping[str, Mapping[str, SongFindings]]
    Json = dict[str, Any]

SHORT_NAMES = {"osu": "std", "taiko": "taiko", "catch": "catch", "mania": "mania"}
HEADLINES: dict[str, Figure] = {
    "section_f1": lambda found: figures.written_f1(found, "section"),
    "section_f1_loose": lambda found: figures.written_f1(found, "section", "loose"),
    "around_f1": lambda found: figures.written_f1(found, "around"),
    "free_f1": lambda found: figures.written_f1(found, "free"),
    "grid_f1": lambda found: figures.written_f1(found, "section", "grid"),
    "detector_f1": lambda found: figures.written_f1(found, "section", "detector"),
    "head_f1": figures.head_f1,
    "density_ratio": lambda found: figures.share(found, "section", "onsets"),
    "on_quarter_ticks": lambda found: figures.on_ticks(found, "section"),
    "listening_gain_bits": lambda found: figures.gain(found, "none"),
    "shuffled_gap_bits": lambda found: figures.gain(found, "other"),
    "hitsound_gain": figures.hitsound_gain,
    "hitsound_gain_forced": figures.forced_hitsound_gain,
    "spacing_energy": lambda found: figures.energy(found, "excerpt", 0, of_other=False),
    "spacing_energy_other": lambda found: figures.energy(found, "excerpt", 0, of_other=True),
    "angle_energy": lambda found: figures.energy(found, "excerpt", 1, of_other=False),
    "angle_energy_other": lambda found: figures.energy(found, "excerpt", 1, of_other=True),
    "star_error": figures.star_error,
    "problems_per_100": figures.problems_per_100,
    "mapper_problems_per_100": lambda found: figures.problems_per_100(
        found, "mapper_problems", "n_mapped"
    ),
    "fault_auc_mean": figures.fault_auc_mean,
    "top_precision": figures.top_precision,
    "top_chance": figures.top_chance,
    "seconds_per_mapped_minute": figures.seconds_per_minute,
}
"""Told for each mode, with its short name behind."""
OVER_ALL_MODES = (
    "listening_gain_bits",
    "shuffled_gap_bits",
    "hitsound_gain",
    "fault_auc_mean",
    "top_precision",
    "seconds_per_mapped_minute",
)
"""Told without a mode as well: for osu! and mania together, over all their tokens and objects."""
POOLED_MODES = ("osu", "mania")
BARS: dict[str, tuple[float, float]] = {
    "section_f1_std": (0.70, math.inf),
    "section_f1_mania": (0.84, math.inf),
    "head_f1_std": (0.745, math.inf),
    "head_f1_mania": (0.85, math.inf),
    "density_ratio_std": (0.85, 1.15),
    "on_quarter_ticks_std": (0.99, math.inf),
    "listening_gain_bits": (0.3, math.inf),
    "shuffled_gap_bits": (1.0, math.inf),
    "hitsound_gain": (0.08, math.inf),
    "seconds_per_mapped_minute": (-math.inf, 30.0),
}
"""Least and most of what a bundled model is held to."""
FAULT_BARS = {
    "moved_1_8": 0.985,
    "moved_1_4": 0.95,
    "hitsound": 0.85,
    "new_combo_missing": 0.85,
    "new_combo_extra": 0.85,
    "misplaced": 0.80,
    "kind": 0.85,
    "missing": 0.80,
    "extra": 0.85,
}
"""Least areas under the curve, osu! and mania together."""


def evaluation_value(evaluation: Evaluation, found: ByMode) -> Json:
    """Everything that was measured; NaN becomes null."""
    summary, intervals = _headlines(found)
    pooled = _pooled(found)
    kinds = figures.fault_kinds(list(pooled.values()))
    fault_auc = {kind: figures.fault_auc(list(pooled.values()), kind) for kind in kinds}
    names = sorted({name for songs in found.values() for name in songs})
    value: Json = {
        "checkpoint": dict(evaluation.traits),
        "songs": names,
        "parts": sorted(evaluation.parts),
        "effort": {name: getattr(evaluation.effort, name) for name in evaluation.effort.__slots__},
        "notes": list(evaluation.notes),
        "summary": {**summary, "fault_auc": fault_auc},
        "intervals": intervals,
        "bars": _bars(summary, fault_auc),
        "modes": {mode: mode_value(songs) for mode, songs in found.items() if songs},
    }
    cleaned: Json = known(value)
    return cleaned


def _headlines(found: ByMode) -> tuple[Json, Json]:
    summary: Json = {}
    intervals: Json = {}
    for mode, short in SHORT_NAMES.items():
        songs = found.get(mode, {})
        for name, figure in HEADLINES.items():
            value, span = figures.value_and_interval(songs, figure)
            if short in ("std", "mania") or not math.isnan(value):
                summary[f"{name}_{short}"], intervals[f"{name}_{short}"] = value, span
    for name in OVER_ALL_MODES:
        value, span = figures.value_and_interval(_pooled(found), HEADLINES[name])
        summary[name], intervals[name] = value, span
    return summary, intervals


def _pooled(found: ByMode) -> dict[str, SongFindings]:
    """Songs of the modes that are judged together; a song with both counts as two."""
    return {
        f"{name} ({mode})": one
        for mode in POOLED_MODES
        for name, one in found.get(mode, {}).items()
    }


def _bars(summary: Json, fault_auc: Json) -> Json:
    values = {name: summary.get(name, math.nan) for name in BARS}
    limits = dict(BARS)
    for kind, least in FAULT_BARS.items():
        values[f"fault_auc.{kind}"] = fault_auc.get(kind, math.nan)
        limits[f"fault_auc.{kind}"] = least, math.inf
    for what in ("spacing_energy", "angle_energy"):
        values[f"{what}_std"] = summary.get(f"{what}_std", math.nan)
        limits[f"{what}_std"] = -math.inf, summary.get(f"{what}_other_std", math.nan)
    return {
        name: {
            "value": value,
            "least": limits[name][0],
            "most": limits[name][1],
            "met": None if math.isnan(value) else limits[name][0] <= value <= limits[name][1],
        }
        for name, value in values.items()
    }


def mode_value(songs: Mapping[str, SongFindings]) -> Json:
    """All figures of one mode."""
    found = [songs[name] for name in sorted(songs)]
    value: Json = {
        "songs": len(found),
        "maps": sum(one.n_maps for one in found),
        "windows": sum(one.bits.n_windows for one in found),
    }
    for part in (_bits_value, _writing_value, _excerpt_value, _faults_value, _timing_value):
        value |= part(found)
    value["intervals"] = {
        name: figures.value_and_interval(songs, figure)[1]
        for name, figure in DETAILS_WITH_INTERVALS.items()
    }
    return value


def _bits_value(found: Found) -> Json:
    kinds = sorted({kind for one in found for kind in one.bits.right})
    if not kinds:
        return {}
    names = {
        "bits": "right",
        "shuffled_bits": "other",
        "no_sound_bits": "none",
        "unigram_bits": "unigram",
        "unigram_in_kind_bits": "unigram_in_kind",
        "bigram_bits": "bigram",
    }
    value: Json = {
        name: {kind: figures.bits(found, which, kind) for kind in kinds}
        for name, which in names.items()
    }
    value["tokens"] = {
        kind: sum(one.bits.right[kind].n for one in found if kind in one.bits.right)
        for kind in kinds
    }
    value["moments"] = sum(one.bits.n_moments for one in found)
    for name, which in (("", "right"), ("shuffled_", "other"), ("no_sound_", "none")):
        value[f"moment_{name}bits"] = figures.per_moment(found, which)
        value[f"rhythm_{name}bits"] = figures.per_moment(found, which, figures.RHYTHM)
    head = np.sum([one.bits.head for one in found], axis=0)
    value["head_f1"] = figures.head_f1(found)
    value["head_ratio"] = figures.ratio(head[0] + head[1], head[0] + head[2])
    return value


def _writing_value(found: Found) -> Json:
    value: Json = {}
    for way in ("section", "around", "free"):
        if not any(way in one.written for one in found):
            continue
        value[way] = {
            which: {
                "f1": figures.written_f1(found, way, which),
                "precision": figures.precision(found, way, which),
                "recall": figures.recall(found, way, which),
            }
            for which in ("ticks", "strict", "loose", "grid", "detector")
        } | {
            "density_ratio": figures.share(found, way, "onsets"),
            "on_quarter_ticks": figures.on_ticks(found, way),
            "mapper_on_quarter_ticks": 1 - figures.share(found, way, "mapper_strays"),
            "hitsound_agreement": figures.share(found, way, "sounds", 1, 0),
            "hitsound_most_common": figures.share(found, way, "sounds", 2, 0),
            "hitsounds_matched": sum(figures.counts(found, way, "sounds")[:1]),
            **_energies(found, way),
            "tokens": sum(one.written[way].n_tokens for one in found if way in one.written),
            "seconds": sum(one.written[way].seconds for one in found if way in one.written),
        }
    plain = figures.counts(found, "plain", "ticks")
    if plain:
        value["continued_f1"] = f1_score(*plain[:3])
        value["continued_ratio"] = figures.ratio(plain[0] + plain[1], plain[0] + plain[2])
        value["continued_off_tick"] = figures.ratio(plain[3], plain[0] + plain[1] + plain[3])
    return value


def _energies(found: Found, place: str) -> Json:
    return {
        f"{name}_energy{ending}": figures.energy(found, place, part, of_other=of_other)
        for part, name in enumerate(("spacing", "angle"))
        for ending, of_other in (("", False), ("_other", True))
    }


def _excerpt_value(found: Found) -> Json:
    if not figures.excerpt_sum(found, "minutes"):
        return {}
    codes = [code for one in found for code in one.excerpt.codes]
    return {
        "excerpt": {
            "minutes": figures.excerpt_sum(found, "minutes"),
            "seconds_per_mapped_minute": figures.seconds_per_minute(found),
            "objects": figures.excerpt_sum(found, "n_written"),
            "mapper_objects": figures.excerpt_sum(found, "n_mapped"),
            "object_ratio": figures.ratio(
                figures.excerpt_sum(found, "n_written"), figures.excerpt_sum(found, "n_mapped")
            ),
            "snapped": 1 - figures.problems_per_100(found, "unsnapped") / 100,
            "problems_per_100": figures.problems_per_100(found),
            "mapper_problems_per_100": figures.problems_per_100(
                found, "mapper_problems", "n_mapped"
            ),
            "problem_codes": {code: codes.count(code) for code in sorted(set(codes))},
            "star_error": figures.star_error(found),
            "star_bias": figures.mean(e for one in found for e in one.excerpt.star_errors),
            **_energies(found, "excerpt"),
        }
    }


def _faults_value(found: Found) -> Json:
    kinds = figures.fault_kinds(found)
    if not kinds:
        return {}
    quarter = "moved_1_4"
    planted = {
        kind: sum(len(one.faults.scores[kind].faulty) for one in found if kind in one.faults.scores)
        for kind in kinds
    }
    return {
        "faults": {
            kind: {
                "planted": planted[kind],
                "auc": figures.fault_auc(found, kind),
                "maimod_auc": figures.weight_auc(found, kind),
                "in_top": figures.top_recall(found, kind),
                "by_rules": figures.rules_share(found, kind),
                "carried_by": carrier(found, kind),
            }
            for kind in kinds
        },
        "top": {
            "precision": figures.top_precision(found),
            "chance": figures.top_chance(found),
            "recall": figures.top_recall(found),
            "shown": sum(one.faults.hunt.shown for one in found),
            "planted": sum(row[0] for one in found for row in one.faults.hunt.by_kind.values()),
        },
        "displacement_auc": figures.fault_auc(found, quarter),
        "displaced": planted.get(quarter, 0),
    }


RULES_CARRY, MODEL_CARRIES = 0.9, 0.8


def carrier(found: Found, kind: str) -> str:
    """Who finds a kind of fault: the rules, the model, both or neither."""
    rules = figures.rules_share(found, kind) >= RULES_CARRY
    model = figures.fault_auc(found, kind) >= MODEL_CARRIES
    return {(True, True): "both", (True, False): "rules", (False, True): "model"}.get(
        (rules, model), "neither"
    )


def _timing_value(found: Found) -> Json:
    ways = sorted({way for one in found for way in one.timing.ways})
    told = partial(figures.timing_mean, found)
    return (
        {
            "timing": {
                way: {
                    "songs": sum(len(one.timing.ways.get(way, ())) for one in found),
                    "without_beat": sum(one.timing.without_beat.get(way, 0) for one in found),
                    "bpm_error": told(way, "bpm_error", absolute=True),
                    "offset_error_ms": told(way, "offset_ms", absolute=True),
                    "offset_ms": told(way, "offset_ms"),
                    "beat_error_ms": told(way, "mean_error_ms"),
                    "beats_close": told(way, "close_share"),
                    "same_tempo": told(way, "same_tempo_share"),
                }
                for way in ways
            }
        }
        if ways
        else {}
    )


DETAILS_WITH_INTERVALS: dict[str, Figure] = {
    "time_bits": lambda found: figures.bits(found, "right", "t"),
    "moment_bits": lambda found: figures.per_moment(found, "right"),
    "moment_gain_bits": lambda found: (
        figures.per_moment(found, "other") - figures.per_moment(found, "right")
    ),
    "rhythm_gain_bits": lambda found: (
        figures.per_moment(found, "other", figures.RHYTHM)
        - figures.per_moment(found, "right", figures.RHYTHM)
    ),
    "head_f1": figures.head_f1,
    "continued_f1": lambda found: figures.written_f1(found, "plain"),
    "displacement_auc": lambda found: figures.fault_auc(found, "moved_1_4"),
    "free_density_ratio": lambda found: figures.share(found, "free", "onsets"),
}


def known(value: Any) -> Any:
    """The same with null for what is not a number, as JSON has no other way to say it."""
    if isinstance(value, dict):
        return {str(key): known(inner) for key, inner in value.items()}  # pyright: ignore
    if isinstance(value, list | tuple):
        return [known(inner) for inner in value]  # pyright: ignore
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None  # pyright: ignore
    return int(value) if isinstance(value, np.integer) else value  # pyright: ignore
