from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from companion.beatmap import Mode
from companion.beatmap.star_rating import star_rating
from companion.engine.conditioning import Conditioning, note_density

if TYPE_CHECKING:
    from collections.abc import Callable


def test_a_map_speaks_about_itself(beatmap_of):
    beatmap = beatmap_of(["64,192,0,1,0", "192,192,500,128,2,1000:0:0:0:0:"], mode=3, cs=4)
    about = Conditioning.of(beatmap, 60_000, 3.2)
    assert about.mode is Mode.MANIA
    assert about.keycount == 4
    assert about.hold_note_ratio == 0.5
    assert about.scroll_speed_ratio == 0.0
    assert about.hitsounded
    assert (about.difficulty, about.song_length_ms, about.year) == (3.2, 60_000, None)


def test_ratios_are_only_known_where_they_mean_something(beatmap_of):
    about = Conditioning.of(beatmap_of(["64,192,0,1,0"]), 1000, None)
    assert about.hold_note_ratio is None
    assert about.scroll_speed_ratio is None
    assert not about.hitsounded
    assert about.keycount == 4


def test_a_map_without_objects_is_unknown_rather_than_an_error(beatmap_of):
    about = Conditioning.of(beatmap_of([], mode=3), 1000, None)
    assert about.hold_note_ratio is None
    assert about.scroll_speed_ratio is None
    assert about.note_density is None


def test_note_density_leaves_breaks_out(beatmap_of):
    beatmap = beatmap_of([f"64,192,{ms},1,0" for ms in (0, 1000, 2000, 7000)])
    assert note_density(beatmap) == pytest.approx(4 / 5)


def test_a_single_note_does_not_have_infinite_density(beatmap_of):
    assert note_density(beatmap_of(["64,192,0,1,0"])) == 1.0


def test_scroll_speed_changes_are_counted_per_moment(beatmap_of):
    timing = ["0,500,4,2,0,60,1,0", "500,-50,4,2,0,60,0,0", "1000,-50,4,2,0,60,0,0"]
    objects = ["64,192,0,1,0", "192,192,0,1,0", "64,192,500,1,0"]
    about = Conditioning.of(beatmap_of(objects, timing, mode=1), 1000, None)
    assert about.scroll_speed_ratio == 0.5


def test_stars_of_a_map_and_of_nonsense(document_of):
    data = document_of([f"{x},192,{x * 4},1,0" for x in range(0, 500, 20)]).to_bytes()
    stars = star_rating(data)
    assert stars is not None
    assert stars > 0
    star_rating(b"\x00\xff no map")  # whatever it says, it does not raise


def test_a_map_made_to_take_forever_has_no_star_rating(map_text: Callable[..., bytes]):
    endless = map_text(["0,0,0,2,0,L|9:0,1000000,1", "0,0,1,2,0,L|9:0,9000,131072"] * 99)
    assert star_rating(endless) is None
    assert star_rating(map_text(["0,0,0,2,0,L|9:0,3,90", "9,9,2000,1,0"] * 99)) is not None
