"""Which moments of the song become hit objects, and what is heard on them."""

from __future__ import annotations

from dataclasses import dataclass, replace

from demo_set import score

NORMAL, WHISTLE, FINISH, CLAP = 0, 2, 4, 8


@dataclass(frozen=True, slots=True)
class Beat:
    """A hit object without a place; times in sixteenths since the first beat."""

    start: int
    length: int = 0
    """0 for a circle, else a slider's whole duration."""
    slides: int = 1
    new_combo: bool = False
    section: str = ""
    hitsounds: tuple[int, ...] = (NORMAL,)
    """One for a circle, one per edge of a slider."""

    @property
    def end(self) -> int:
        """Equal to `start` for a circle."""
        return self.start + self.length

    @property
    def edges(self) -> tuple[int, ...]:
        """The moments that make a sound."""
        if not self.length:
            return (self.start,)
        span = self.length // self.slides
        return tuple(self.start + span * n for n in range(self.slides + 1))


def beats() -> list[Beat]:
    """All objects of the map in order."""
    found: list[Beat] = []
    for section in score.SECTIONS:
        parts = [_beats_of_note(note, section.name) for note in score.melody_notes(section)]
        merged = {beat.start: beat for part in parts for beat in part}
        for beat in _fills(section):
            merged.setdefault(beat.start, beat)
        found += [replace(merged[start], section=section.name) for start in sorted(merged)]
    return [_dressed(beat, previous) for beat, previous in zip(found, [None, *found], strict=False)]


def _beats_of_note(note: score.Note, section: str) -> list[Beat]:
    """A note's objects: short ones are clicked, long ones held, and busy parts click between."""
    start = 2 * note.start
    busy = section.endswith("chorus") or section == "rise"
    if note.length == 1:
        return [Beat(start)]
    if note.length == 2:
        if start % 16 in {0, 8} or section in {"intro", "outro"}:
            return [Beat(start, 2)]
        return [Beat(start), Beat(start + 2)] if busy else [Beat(start)]
    if note.length == 3:
        return [Beat(start, 4)]
    if note.length == 4:
        if busy:
            return [Beat(start, 4, slides=2), Beat(start + 6)]
        return [Beat(start, 6)]
    return [Beat(start, 8, slides=2), *([Beat(start + 10)] if busy else [])]


def _fills(section: score.Section) -> list[Beat]:
    """The snare's fills as short streams, at the end of a section that leads somewhere."""
    start = 16 * score.first_bar(section.name)
    found: list[Beat] = []
    for bar in range(section.bars):
        drums = score.drum_bar(section.snare, section, bar, "snare")
        if drums.endswith("xxxx") and section.name == "rise":
            found += [Beat(start + 16 * bar + step) for step in (12, 13, 14, 15)]
        elif drums.endswith(".xx") and section.name.endswith("chorus"):
            found += [Beat(start + 16 * bar + step) for step in (14, 15)]
    return found


def _dressed(beat: Beat, previous: Beat | None) -> Beat:
    """Add what depends on the place in the bar: new combos and hitsounds."""
    bar_began = previous is None or beat.start // 16 != previous.start // 16
    sounds = tuple(_hitsound(edge, beat.section) for edge in beat.edges)
    return replace(beat, new_combo=bar_began, hitsounds=sounds)


def _hitsound(at: int, section: str) -> int:
    """Claps on the snare, a finish where a cymbal is, whistles on the melody's long notes."""
    current = next(s for s in score.SECTIONS if s.name == section)
    start = 16 * score.first_bar(section)
    if at == start and current.crash:
        return FINISH
    bar, step = divmod(at - start, 16)
    bar = min(bar, current.bars - 1)
    if step < 16 and score.drum_bar(current.snare, current, bar, "snare")[step % 16] == "x":
        return CLAP
    if step == 0 or (section in {"intro", "bridge", "outro"} and step == 8):
        return WHISTLE
    return NORMAL
