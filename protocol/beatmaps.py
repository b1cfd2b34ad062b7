"""Beatmaps as clients see them: the timeline of the open one, and which can be opened."""

from __future__ import annotations

from typing import Literal

from protocol.base import Id, Span, TimeMs, Wire


class TimelineObject(Wire):
    """A hit object as the timeline and the playfield draw it."""

    start_ms: TimeMs
    """When it is hit, or its head is."""
    end_ms: TimeMs
    """When it ends; equals `start_ms` for circles."""
    kind: Literal["circle", "slider", "spinner", "hold"]
    """What it is."""
    x: float
    """Horizontal position, 0 to 512."""
    y: float
    """Vertical position, 0 to 384."""
    new_combo: bool
    """Whether it starts a combo."""
    combo_number: int
    """The number written on it, from 1."""
    column: int | None
    """Column from 0 on the left in osu!mania, otherwise null."""
    path: list[tuple[float, float]]
    """A slider's body as a polyline from its head, empty for everything else."""
    slides: int
    """How often a slider's path is travelled; 1 means no reverse, 0 for everything else."""
    sounds: list[int]
    """Additions of each hit, whistle 2, finish 4 and clap 8 added up: of head, repeats and tail of
    a slider, of everything else one. Empty when there are none at all."""


class TimingLine(Wire):
    """A timing point."""

    time_ms: float
    """When it takes effect."""
    kind: Literal["red", "green"]
    """Uninherited points are red lines, inherited ones green lines."""
    bpm: float | None
    """Beats per minute of a red line."""
    meter: int
    """Beats per bar."""
    velocity: float | None
    """Slider velocity multiplier of a green line."""
    volume: int
    """Sample volume in percent."""
    kiai: bool
    """Whether kiai time is on from here."""


class Timeline(Wire):
    """Everything that is drawn along the song."""

    objects: list[TimelineObject]
    """All hit objects, in time order."""
    timing_points: list[TimingLine]
    """Red and green lines, in time order."""
    kiai: list[Span]
    """Stretches of kiai time."""
    breaks: list[Span]
    """Breaks."""
    bookmarks_ms: list[int]
    """The mapper's bookmarks."""
    preview_ms: int | None
    """The song's preview point."""
    length_ms: int
    """How far the timeline goes: the song's length once known, otherwise the last object's end."""


class Detection(Wire):
    """How the daemon knows which map is being edited."""

    probe: Literal["given", "picked", "window_title", "last_saved"]
    """`given` on the command line, `picked` by hand in the overlay, read from the editor's window
    title, or simply the last file that was saved under the Songs folder."""
    client: Literal["stable", "lazer"] | None
    """Which osu! has its editor open, when a probe could tell."""
    editor_open: bool | None
    """Whether an editor is open on this map; null when no probe can tell."""


class MapState(Wire):
    """The open beatmap as of one saved revision."""

    map_id: Id
    """Id of the open map; `select_map` takes it."""
    revision: int
    """Number of the saved revision, from 1, rising with every save."""
    origin: Literal["editor", "companion"]
    """Who wrote this revision."""
    file_name: str
    """Name of the `.osu` file, without its folder."""
    artist: str
    """Artist, in the unicode spelling where there is one."""
    title: str
    """Title, in the unicode spelling where there is one."""
    creator: str
    """The mapper."""
    difficulty_name: str
    """The difficulty's name (`Version` in the file)."""
    mode: Literal["osu", "taiko", "catch", "mania"]
    """The ruleset."""
    key_count: int | None
    """Number of columns in osu!mania."""
    circle_size: float
    """CS, which is the key count in osu!mania."""
    approach_rate: float
    """AR."""
    star_rating: float | None
    """Star rating of this revision, once computed."""
    audio_file_name: str
    """The song file the map names."""
    detection: Detection
    """How this map was found."""
    readable: bool
    """False when the file's bytes cannot be used: a problem says why, the timeline is empty."""
    changed: list[Span]
    """What this revision changed against the one before; empty for the first."""
    timeline: Timeline
    """Objects, lines, kiai and breaks."""


class MapCandidate(Wire):
    """A map that can be opened with `select_map`."""

    map_id: Id
    """Its id."""
    label: str
    """File name without `.osu`, which osu! makes of artist, title, creator and difficulty."""
    detection: Detection
    """Which probe found it."""
    selected: bool
    """Whether it is the open one."""
