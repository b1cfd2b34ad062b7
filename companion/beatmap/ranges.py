"""Time ranges: the one way in which the companion says "from here to there"."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class TimeRange:
    """A half-open stretch of song time: ``start_ms`` belongs to it, ``end_ms`` does not."""

    start_ms: int
    end_ms: int

    @property
    def duration_ms(self) -> int:
        """Length of the range; 0 for an empty one."""
        return max(0, self.end_ms - self.start_ms)

    def contains(self, ms: float) -> bool:
        """Whether a moment lies in the range."""
        return self.start_ms <= ms < self.end_ms

    def overlaps(self, other: TimeRange) -> bool:
        """Whether the two ranges share at least one moment."""
        return max(self.start_ms, other.start_ms) < min(self.end_ms, other.end_ms)

    def union(self, other: TimeRange) -> TimeRange:
        """The smallest range that covers both."""
        return TimeRange(min(self.start_ms, other.start_ms), max(self.end_ms, other.end_ms))


def merge(ranges: list[TimeRange]) -> tuple[TimeRange, ...]:
    """Join ranges that touch or overlap; the result is sorted and free of empty ranges."""
    merged: list[TimeRange] = []
    for item in sorted(ranges):
        if item.duration_ms == 0:
            continue
        if merged and item.start_ms <= merged[-1].end_ms:
            merged[-1] = merged[-1].union(item)
        else:
            merged.append(item)
    return tuple(merged)
