from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from companion.training.library import MapFile, SongSet, find_sets, find_unpaired, split, title_key

if TYPE_CHECKING:
    from collections.abc import Callable


def a_set(title: str, *modes: int) -> SongSet:
    maps = tuple(MapFile(Path(f"{title}-{mode}.osu"), mode, title) for mode in modes)
    return SongSet(title, title, Path("song.ogg"), maps)


def test_spelling_variants_and_cuts_of_a_title_fall_together() -> None:
    assert title_key("Dokuzu") == title_key("DOKOZU")
    assert title_key("Song (TV Size)") == title_key("song")
    assert title_key("One") != title_key("Two")
    assert title_key("aeiou") != ""


def test_no_title_is_both_trained_on_and_judged_by() -> None:
    sets = [a_set(f"Title {chr(65 + k)}{n}", k % 2 * 3) for k in range(20) for n in "xy"]
    sets += [a_set("Tatle Ax", 0), a_set("Titlu Bx", 3)]
    training, held_out = split(sets)
    assert len(training) + len(held_out) == len(sets)
    assert not {title_key(s.title) for s in training} & {title_key(s.title) for s in held_out}


def test_the_split_does_not_depend_on_the_order() -> None:
    sets = [a_set(f"Title {chr(65 + k)}", k % 2 * 3) for k in range(20)]
    forward, backward = split(sets)[1], split(sets[::-1])[1]
    assert {one.name for one in forward} == {one.name for one in backward}
    assert sum(0 in one.modes for one in forward) >= 6
    assert sum(3 in one.modes for one in forward) >= 5


def test_sets_are_found_with_their_song_and_maps(
    make_set: Callable[..., Path], tmp_path: Path
) -> None:
    folder = make_set("A song", (0, 3), tmp_path)
    make_set("Doubtful", (0, 3), tmp_path)
    (tmp_path / "Doubtful" / "set.json").write_text(
        '{"title": "Doubtful", "maps": [{"file": "0.osu", "align_ok": false}]}'
    )
    (tmp_path / "empty").mkdir()
    found = {one.title: one for one in find_sets([tmp_path])}
    assert found.keys() == {"A song", "Doubtful"}
    assert found["A song"].modes == {0, 3}
    assert found["A song"].audio == folder / "song.wav"
    assert [one.path.name for one in found["Doubtful"].maps] == ["1.osu"]


def test_maps_of_held_out_titles_are_not_used_without_their_song_either(
    make_set: Callable[..., Path], tmp_path: Path
) -> None:
    make_set("Kept", (0,), tmp_path)
    make_set("Left out", (0,), tmp_path)
    found = find_unpaired(tmp_path, [a_set("LEFT OUT", 0)])
    assert {one.title for one in found} == {"Kept"}
