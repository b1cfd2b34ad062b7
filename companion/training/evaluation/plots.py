"""Bars, dots with intervals and histograms as SVG, without any library."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROW_PX, LABEL_PX, PLOT_PX, NUMBER_PX = 22, 210, 360, 150
COLOURS = ("#3b6ea5", "#d9822b", "#7a7a7a", "#5b9a68", "#a04f7f")


@dataclass(frozen=True, slots=True)
class Bar:
    """One row of a bar plot."""

    label: str
    value: float | None
    interval: tuple[float | None, float | None] = (None, None)
    mark: float | None = None
    """A bar to be reached."""


def bars(rows: Sequence[Bar], low: float | None = None, high: float | None = None) -> str:
    """Horizontal bars with whiskers for intervals and a tick for what is to be reached."""
    known = [row for row in rows if row.value is not None]
    if not known:
        return ""
    seen = [
        number
        for row in known
        for number in (row.value, *row.interval, row.mark)
        if number is not None
    ]
    low = min(0.0, *seen) if low is None else low
    high = max(max(seen), low + 1e-9) if high is None else high

    def x(number: float) -> float:
        return LABEL_PX + PLOT_PX * (min(max(number, low), high) - low) / (high - low)

    parts = [_line(x(max(0.0, low)), 0, x(max(0.0, low)), ROW_PX * len(known), "#bbb")]
    for place, row in enumerate(known):
        parts += _bar_parts(row, place * ROW_PX, x, max(0.0, low))
    return _svg(LABEL_PX + PLOT_PX + NUMBER_PX, ROW_PX * len(known), parts)


def _bar_parts(row: Bar, top: float, x: Callable[[float], float], zero: float) -> list[str]:
    assert row.value is not None, "rows without a value are left out"
    middle = top + ROW_PX / 2
    left, right = sorted((x(zero), x(row.value)))
    parts = [
        _text(LABEL_PX - 6, middle + 4, row.label, "end"),
        f'<rect x="{left:.1f}" y="{top + 5}" width="{max(right - left, 1):.1f}" '
        f'height="{ROW_PX - 10}" fill="{COLOURS[0]}"/>',
    ]
    start, end = row.interval
    said = f"{row.value:.3f}"
    if start is not None and end is not None:
        parts.append(_line(x(start), middle, x(end), middle, "#000"))
        said += f" ({start:.2f} to {end:.2f})"
    if row.mark is not None:
        parts.append(_line(x(row.mark), top + 1, x(row.mark), top + ROW_PX - 1, COLOURS[1], 2.5))
    parts.append(_text(LABEL_PX + PLOT_PX + 6, middle + 4, said, "start"))
    return parts


def histograms(samples: Mapping[str, Sequence[float]], unit: str, n_bins: int = 24) -> str:
    """Outlines of the distributions of some samples, each of the same area."""
    known = {name: np.asarray(values) for name, values in samples.items() if len(values) > 1}
    if not known:
        return ""
    high = float(np.percentile(np.concatenate(list(known.values())), 99))
    edges = np.linspace(0, max(high, 1e-6), n_bins + 1)
    shares = {
        name: np.histogram(np.clip(v, 0, edges[-1]), edges)[0] / len(v) for name, v in known.items()
    }
    top = max(float(share.max()) for share in shares.values())
    width, height = 520.0, 150.0
    parts = [_line(0, height, width, height, "#bbb")]
    for order, (name, share) in enumerate(shares.items()):
        colour = COLOURS[order % len(COLOURS)]
        points = " ".join(
            f"{width * (place + side) / n_bins:.1f},{height - height * value / top:.1f}"
            for place, value in enumerate(share.tolist())
            for side in (0, 1)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        )
        parts.append(_text(width + 12, 16 + 18 * order, name, "start", colour))
    parts.append(_text(0, height + 14, "0", "start"))
    parts.append(_text(width, height + 14, f"{edges[-1]:.0f} {unit}", "end"))
    return _svg(width + 200, height + 20, parts)


def _svg(width: float, height: float, parts: Sequence[str]) -> str:
    inner = "".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" '
        f'role="img">{inner}</svg>'
    )


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, width: float = 1.2) -> str:
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" '
        f'stroke="{colour}" stroke-width="{width}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str, colour: str = "#222") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}">'
        f"{escape(text)}</text>"
    )
