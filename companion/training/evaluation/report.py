"""An evaluation as one HTML page that needs nothing else."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from companion.training.evaluation.plots import Bar, bars, histograms

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from companion.training.evaluation.run import SongFindings

    Json = Mapping[str, Any]
    ByMode = Mapping[str, Mapping[str, SongFindings]]

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem;
  color: #222; background: #fff; }
svg text { font: 12px system-ui, sans-serif; }
table { border-collapse: collapse; margin: .5rem 0 1.5rem; }
td, th { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #ddd; }
td:first-child, th:first-child { text-align: left; }
.met { color: #2b7a3d; } .missed { color: #b3261e; }
h2 { margin-top: 2.2rem; } .about { color: #555; }
"""
WHAT = {
    "bars": "What a bundled model is held to. Intervals are 95 % bootstrap intervals over songs.",
    "bits": (
        "Teacher forced, the middle half of each window; lower is better. “Other” is with another "
        "song's sound, “none” without any. Baselines come from frequencies (unigram) and from what "
        "stood before (bigram; times as distances in beats)."
    ),
    "onsets": (
        "Second halves of windows with the first half given, the same with the beginnings in the "
        "rest of the map known, and whole windows with nothing given, written greedily: F1 on 1/4 "
        "ticks within 12 ms. The grid has an object on every half beat, the detector takes as many "
        "ticks as the map's density where the sound changes most."
    ),
    "shapes": (
        "Spacing (px from one object's end to the next head) and turn (degrees) of the excerpts as "
        "written, of the mapper's objects there, and of another difficulty at similar stars."
    ),
    "excerpt": (
        "The middle of one map per song written as the product does it, window after window "
        "and drawn with its usual temperature. Star ratings are those of the excerpts alone; "
        "problems are what the rules call one."
    ),
    "timing": "Timing heard without the map's red lines, compared with them beat by beat.",
    "faults": (
        "One fault per window in real maps. AUC: chance that a faulty object is suspected more "
        "than an untouched one. MaiMod: the same for the weights of its findings, with faults of "
        "all kinds planted all over one map per song. Rules: share that the rule checks name."
    ),
}


def report_html(value: Json, found: ByMode) -> str:
    """The page; `value` is that of `summary.evaluation_value`."""
    about = value["checkpoint"]
    title = f"Evaluation of {about.get('name', 'a model')}"
    sections = [
        f"<h1>{escape(title)}</h1>",
        _about(value),
        _section("Bars", "bars", _bars(value)),
        *(
            part
            for mode, one in value["modes"].items()
            for part in _mode(mode, one, value, found.get(mode, {}))
        ),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head><body>"
        f"{''.join(sections)}</body></html>\n"
    )


def _about(value: Json) -> str:
    about = value["checkpoint"]
    lines = [
        f"{about.get('family', '')}, {about.get('n_parameters', 0) / 1e6:.1f} M parameters, "
        f"weights {str(about.get('digest', ''))[:12]}",
        f"{len(value['songs'])} songs: {', '.join(value['songs'])}",
        "Effort: " + ", ".join(f"{name} {n}" for name, n in value["effort"].items()),
        *value["notes"],
    ]
    return "".join(f'<p class="about">{escape(line)}</p>' for line in lines)


def _section(title: str, what: str, *parts: str) -> str:
    body = "".join(parts)
    return f"<h2>{escape(title)}</h2><p>{escape(WHAT[what])}</p>{body}" if body else ""


def _bars(value: Json) -> str:
    rows = [
        (
            name,
            _number(bar["value"]),
            _number(bar["least"]),
            _number(bar["most"]),
            ("met", "missed")[not bar["met"]],
        )
        for name, bar in value["bars"].items()
        if bar["met"] is not None
    ]
    cells = "".join(
        f"<tr><td>{escape(row[0])}</td><td>{row[1]}</td><td>{row[2]}</td><td>{row[3]}</td>"
        f'<td class="{row[4]}">{row[4]}</td></tr>'
        for row in rows
    )
    head = "<tr><th>figure</th><th>value</th><th>least</th><th>most</th><th></th></tr>"
    return f"<table>{head}{cells}</table>" if rows else ""


def _mode(mode: str, one: Json, value: Json, songs: Mapping[str, SongFindings]) -> Iterable[str]:
    short = "std" if mode == "osu" else mode
    yield f"<h1>{escape(mode)}</h1><p>{one['songs']} songs, {one['maps']} maps</p>"
    headline = [
        Bar(name, number, tuple(value["intervals"][name]), _mark(value, name))
        for name, number in value["summary"].items()
        if name.endswith(f"_{short}") and not isinstance(number, dict) and _is_share(name)
    ]
    yield bars(headline, 0.0, 1.0)
    if "bits" in one:
        yield _section("Bits per event", "bits", _bits_table(one))
    if "section" in one:
        yield _section("Onsets", "onsets", _onset_table(one))
    if "excerpt" in one:
        yield _section("Shapes", "shapes", *_shape_plots(one, songs))
        yield _section("Excerpts", "excerpt", _numbers_table(one["excerpt"]))
    if "timing" in one:
        tables = [f"<p>{way}</p>{_numbers_table(row)}" for way, row in one["timing"].items()]
        yield _section("Timing", "timing", *tables)
    if "faults" in one:
        rows = [Bar(kind, row["auc"]) for kind, row in one["faults"].items()]
        yield _section("Faults", "faults", bars(rows, 0.4, 1.0), _fault_table(one))


def _is_share(name: str) -> bool:
    return any(part in name for part in ("f1", "gain", "auc", "precision", "chance", "ticks"))


def _mark(value: Json, name: str) -> float | None:
    least: float | None = value["bars"].get(name, {}).get("least")
    return least


def _bits_table(one: Json) -> str:
    names = ("bits", "shuffled_bits", "no_sound_bits", "unigram_bits", "bigram_bits")
    rows = [
        (kind, *(_number(one[name][kind], 2) for name in names), str(one["tokens"][kind]))
        for kind in one["bits"]
    ]
    return _table(("kind", "right", "other", "none", "unigram", "bigram", "n"), rows)


def _onset_table(one: Json) -> str:
    rows = [
        (f"{way}, {which}", *(_number(one[way][which][name]) for name in _F1))
        for way in ("section", "around", "free")
        if way in one
        for which in ("ticks", "strict", "loose", "grid", "detector")
    ]
    if one.get("head_f1") is not None:
        rows.append(("frame head", _number(one["head_f1"]), "", ""))
    return _table(("way", "F1", "precision", "recall"), rows)


_F1 = ("f1", "precision", "recall")


def _shape_plots(one: Json, songs: Mapping[str, SongFindings]) -> Iterable[str]:
    likenesses = [likeness for song in songs.values() for likeness in song.excerpt.shapes]
    for name, unit in (("spacings_px", "px"), ("angles_deg", "degrees")):
        samples: dict[str, list[float]] = {"written": [], "mapper": [], "other difficulty": []}
        for likeness in likenesses:
            samples["written"] += getattr(likeness.written, name)
            samples["mapper"] += getattr(likeness.mapped, name)
            if likeness.other is not None:
                samples["other difficulty"] += getattr(likeness.other, name)
        what = name.partition("_")[0].removesuffix("s")
        near, far = one["excerpt"][f"{what}_energy"], one["excerpt"][f"{what}_energy_other"]
        plot = histograms(samples, unit)
        if plot:
            yield (
                f"<p>{what}: energy distance to the mapper's {_number(near, 2)}, of another "
                f"difficulty {_number(far, 2)}</p>{plot}"
            )


def _fault_table(one: Json) -> str:
    rows = [
        (
            kind,
            str(row["planted"]),
            *(_number(row[name]) for name in ("auc", "maimod_auc", "in_top", "by_rules")),
            row["carried_by"],
        )
        for kind, row in one["faults"].items()
    ]
    head = ("fault", "planted", "AUC", "MaiMod", "in top 10 per minute", "rules", "found by")
    top = one["top"]
    told = (
        f"<p>Of MaiMod's first ten findings per minute {_number(top['precision'])} point at a "
        f"fault (blindly {_number(top['chance'])}); {_number(top['recall'])} of the "
        f"{top['planted']} faults are among them.</p>"
    )
    return _table(head, rows) + told


def _numbers_table(numbers: Json) -> str:
    rows = [
        (name.replace("_", " "), _number(number))
        for name, number in numbers.items()
        if number is None or isinstance(number, int | float)
    ]
    return _table(("figure", "value"), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows
    )
    return f"<table><tr>{titles}</tr>{body}</table>"


def _number(number: float | None, digits: int = 3) -> str:
    return "–" if number is None else f"{number:.{digits}f}"
