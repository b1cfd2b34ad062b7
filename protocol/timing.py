"""The values of a song's timing that was heard."""

from __future__ import annotations

from protocol.base import Id, Wire


class TempoSection(Wire):
    """What one red line governs."""

    start_ms: float
    """Where it begins."""
    end_ms: float
    """Where the next one begins, or the song ends."""
    bpm: float
    """Beats per minute."""
    meter: int
    """Beats per bar."""


class TimingAgreement(Wire):
    """What becomes of the heard beats on the grid of the map's red lines."""

    n_beats: int
    """How many beats were compared."""
    close_share: float
    """Part of them that lies within 10 ms of one of the map's, 0 to 1."""
    same_tempo_share: float
    """Part of them at which both have the same tempo, 0 to 1."""
    shift_ms: float
    """Median of the distances; above 0 what was heard is later than the map's."""
    mean_error_ms: float
    """Mean of the distances without their signs."""
    worst_error_ms: float
    """The largest of them."""


class TimingReport(Wire):
    """A song's timing as it was heard, beside that of the map."""

    id: Id
    """Its id; `apply_timing` takes it."""
    request_id: Id
    """The request that asked for it."""
    bpm: float
    """The tempo that governs most of the song."""
    offset_ms: float
    """Where the first red line stands."""
    n_beats: int
    """How many beats were heard."""
    sections: list[TempoSection]
    """One for each red line, in order."""
    iterations: int | None
    """Hearings that were added up; null for one hearing."""
    seed: int
    """The seed."""
    leniency_ms: float
    """How far a beat may lie from its red line."""
    agreement: TimingAgreement | None
    """How the map's red lines compare now; null when there is nothing to compare."""
    applied: bool
    """Whether the map's red lines are the ones that were heard."""
