"""What ``companion evaluate`` says to a person; everything else is in its JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    Json = Mapping[str, Any]

_BIT_COLUMNS = {
    "bits": "right",
    "shuffled_bits": "other",
    "no_sound_bits": "none",
    "unigram_bits": "unigram",
    "bigram_bits": "bigram",
}


def evaluation_text(value: Json) -> str:
    """The headline figures, bits by kind and faults by kind."""
    about = value["checkpoint"]
    lines = [f"{about.get('name')} ({about.get('family')}) on {len(value['songs'])} songs"]
    lines += [f"  {note}" for note in value["notes"]]
    lines += ["", *_headline_lines(value)]
    for mode, one in value["modes"].items():
        lines += ["", f"{mode}: {one['songs']} songs, {one['maps']} maps"]
        lines += _bits_lines(one)
        lines += _fault_lines(one)
        lines += _timing_lines(one)
    lines += ["", *_bar_lines(value["bars"])]
    return "\n".join(lines)


def shown(number: float | None, digits: int = 3) -> str:
    """A number for a table; a dash where there is none."""
    return "–" if number is None else f"{number:.{digits}f}"


def _headline_lines(value: Json) -> Iterable[str]:
    for name, number in value["summary"].items():
        if isinstance(number, dict) or number is None:
            continue
        low, high = value["intervals"][name]
        span = f"  ({shown(low)} to {shown(high)})" if low is not None else ""
        yield f"  {name:34} {shown(number):>9}{span}"


def _bits_lines(one: Json) -> Iterable[str]:
    if "bits" not in one:
        return
    header = "".join(f" {title:>8}" for title in _BIT_COLUMNS.values())
    yield f"  {'bits per':20}{header} {'n':>7}"
    for kind in one["bits"]:
        row = "".join(f" {shown(one[name][kind], 2):>8}" for name in _BIT_COLUMNS)
        yield f"  {kind:20}{row} {one['tokens'][kind]:7}"


def _fault_lines(one: Json) -> Iterable[str]:
    if "faults" not in one:
        return
    columns = ("planted", "AUC", "MaiMod", "in top", "rules")
    yield f"  {'fault':20}" + "".join(f" {title:>8}" for title in columns) + "  found by"
    for kind, row in one["faults"].items():
        numbers = (row["auc"], row["maimod_auc"], row["in_top"], row["by_rules"])
        told = "".join(f" {shown(number):>8}" for number in numbers)
        yield f"  {kind:20} {row['planted']:8}{told}  {row['carried_by']}"
    top = one["top"]
    yield (
        f"  first ten per minute: {shown(top['precision'])} point at a fault "
        f"(blindly {shown(top['chance'])}), {shown(top['recall'])} of the faults are among them"
    )


def _timing_lines(one: Json) -> Iterable[str]:
    for way, row in one.get("timing", {}).items():
        yield (
            f"  {way} timing of {row['songs']} songs: {shown(row['bpm_error'], 2)} BPM and "
            f"{shown(row['offset_error_ms'], 1)} ms off, {shown(row['beats_close'])} of the beats "
            "within 10 ms"
        )


def _bar_lines(bars: Json) -> Iterable[str]:
    for name, bar in bars.items():
        if bar["met"] is None:
            continue
        least, most = bar["least"], bar["most"]
        bounds = " and ".join(
            part
            for part in (
                f"at least {shown(least)}" if least is not None else "",
                f"at most {shown(most)}" if most is not None else "",
            )
            if part
        )
        yield f"{'ok  ' if bar['met'] else 'MISS'} {name}: {shown(bar['value'])}, {bounds}"
