"""What ``companion generate`` is given, writes, and takes from the settings file."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from companion.beatmap import Document
from companion.cli.map_wish import NO_EFFECT, MapWish
from companion.engine.events import ContextType
from companion.engine.map_requests import Unknown
from companion.journal import Journal, StoredFairUse
from tests.cli.conftest import MAP

if TYPE_CHECKING:
    from companion.engine.fake import FakeEngine
    from tests.cli.conftest import Answer, Commands

RICH = MAP.replace(
    b"[TimingPoints]\r\n0,500,4,2,0,60,1,0\r\n",
    b'[Events]\r\n0,0,"bg.jpg",0,0\r\n2,1600,1900\r\nSprite,Fail,Centre,"x.png",1,2\r\n\r\n'
    b"[TimingPoints]\r\n0,500,4,2,0,60,1,0\r\n1000,-50,4,2,0,35,0,0\r\n\r\n"
    b"[Colours]\r\nCombo1 : 1,2,3\r\n",
).replace(b"Mode: 0\r\n", b"Mode: 0\r\nStackLeniency: 0.3\r\n")
MAPPERATORINATORS = """
model_path audio_path output_path beatmap_path lora_path auto_select_gamemode_model gamemode
beatmap_id difficulty mapper_id year hitsounded hp_drain_rate circle_size overall_difficulty
approach_rate slider_multiplier slider_tick_rate keycount hold_note_ratio scroll_speed_ratio
descriptors negative_descriptors seed device precision attn_implementation add_to_beatmap
overwrite_reference_beatmap export_osz start_time end_time lookback lookahead timing_leniency
in_context output_type cfg_scale temperature timing_temperature mania_column_temperature
taiko_hit_temperature timeshift_bias top_p top_k parallel do_sample num_beams super_timing
timer_num_beams timer_bpm_threshold timer_cfg_scale timer_iterations use_server max_batch_size
resnap_events snap_near_perfect_overlaps bpm offset title artist creator version background
preview_time generate_positions diff_cfg_scale compile pad_sequence diff_ckpt diff_refine_ckpt
beatmap_idx refine_iters random_init timesteps max_seq_len overlap_buffer title_unicode
artist_unicode source tags
"""
"""Every option of the original's inference configuration."""


@pytest.fixture
def ready(companion: Commands) -> Commands:
    """The notice has been read."""
    Journal(companion.data).keep_fair_use(StoredFairUse(notice_acknowledged="2026-01-01"))
    return companion


@pytest.fixture
def rich(map_path: Path) -> Path:
    map_path.write_bytes(RICH)
    map_path.with_name("bg.jpg").write_bytes(b"picture")
    return map_path


def settings_file(companion: Commands, text: str) -> None:
    companion.data.with_name("companion.toml").write_text(text, encoding="utf-8")


def written(answer: Answer) -> Document:
    return Document.parse(Path(answer.value["written"]).read_bytes())


@pytest.mark.parametrize("name", MAPPERATORINATORS.split())
def test_every_option_of_the_original_is_there(companion: Commands, name: str):
    from typer.testing import CliRunner

    from companion.cli import app

    words = CliRunner().invoke(app, ["generate", "--help"]).output.split()
    assert f"--{name.replace('_', '-')}" in [word.rstrip(",") for word in words]


# The set's own things stay


def test_colours_storyboard_and_settings_of_the_set_stay(ready: Commands, rich: Path):
    document = written(ready("generate", rich, "--difficulty", 3, "--json"))
    text = document.to_bytes().decode()
    assert "Combo1 : 1,2,3\r\n" in text
    assert "StackLeniency: 0.3\r\n" in text
    assert '0,0,"bg.jpg",0,0\r\nSprite,Fail,Centre,"x.png",1,2\r\n' in text
    assert "2,1600,1900" not in text  # breaks are the old objects'
    assert "-50,4,2,0,35" not in text  # and so are green lines
    assert text.count("[TimingPoints]") == text.count("[HitObjects]") == 1
    assert len(document.beatmap.hit_objects) == 16
    assert "\n\n" not in text.replace("\r\n", "\n").replace("\n\n[", "\n[")


def test_wishes_change_the_lines_that_they_are_about(ready: Commands, rich: Path):
    (rich.parent / "other.png").write_bytes(b"picture")
    document = written(
        ready(
            *("generate", rich, "--hp-drain-rate", 3, "--slider-multiplier", 2, "--tags", "a b"),
            *("--title", "New", "--artist-unicode", "Ñ", "--source", "Film", "--json"),
            *("--background", rich.parent / "other.png", "--preview-time", 77),
        )
    )
    beatmap, text = document.beatmap, document.to_bytes().decode()
    assert (beatmap.hp, beatmap.slider_multiplier, beatmap.cs) == (3, 2, 4)
    assert (beatmap.title, beatmap.title_unicode, beatmap.artist) == ("New", "New", "Nobody")
    assert (beatmap.artist_unicode, beatmap.source, beatmap.tags) == ("Ñ", "Film", ("a", "b"))
    assert beatmap.preview_time_ms == 77
    assert '0,0,"other.png",0,0' in text
    assert "bg.jpg" not in text


def test_another_mode_has_settings_of_its_own(ready: Commands, rich: Path):
    document = written(ready("generate", rich, "--gamemode", 3, "--keycount", 7, "--json"))
    assert (int(document.beatmap.mode), document.beatmap.cs, document.beatmap.hp) == (3, 7, 5)


def test_a_song_in_a_folder_beside_the_map_is_found(ready: Commands, map_path: Path):
    (map_path.parent / "audio").mkdir()
    map_path.with_name("song.wav").rename(map_path.parent / "audio" / "song.wav")
    map_path.write_bytes(MAP.replace(b"song.wav", b"audio/song.wav"))
    document = written(ready("generate", map_path, "--json"))
    assert document.beatmap.audio_filename == "audio/song.wav"


# In and out


def test_contexts_reach_the_engine(ready: Commands, map_path: Path, engine: FakeEngine):
    ready("generate", map_path, "--in-context", "[GD,TIMING]", "--output-type", "kiai,map")
    ready("generate", map_path, "--in-context", "gd", "--in-context", "NONE", "--version", "b")
    first, second = engine.map_requests
    assert first.given == second.given == (ContextType.GD,)
    assert first.wanted == (ContextType.KIAI, ContextType.MAP)
    assert first.red_lines is not None
    assert first.reference is not None
    assert first.reference.to_bytes() == MAP
    assert second.wanted is None
    assert second.red_lines is None


def test_options_reach_the_engine(ready: Commands, map_path: Path, engine: FakeEngine):
    ready(
        *("generate", map_path, "--super-timing", "--timer-iterations", 3, "--timer-cfg-scale", 2),
        *("--timer-bpm-threshold", 0.5, "--no-do-sample", "--parallel", "--max-batch-size", 4),
        *("--no-resnap-events", "--no-snap-near-perfect-overlaps", "--start-time", "00:01:000"),
        *("--end-time", 5000, "--beatmap-id", 9, "--no-auto-select-gamemode-model"),
        *("--diff-ckpt", "d", "--diff-refine-ckpt", "r", "--diff-cfg-scale", 2),
        *("--timesteps", "[5, 0]", "--refine-iters", 4, "--random-init", "--max-seq-len", 64),
        *("--overlap-buffer", 8, "--num-beams", 3, "--timer-num-beams", 2),
    )
    (request,) = engine.map_requests
    options, timer, how = request.options, request.super_timing, request.refinement
    assert timer is not None
    assert how is not None
    assert (timer.iterations, timer.guidance, timer.tempo_majority) == (3, 2, 0.5)
    assert (options.do_sample, options.parallel, options.max_batch_size) == (False, True, 4)
    assert (options.n_beams, timer.n_beams) == (3, 2)
    assert (options.resnap, options.snap_near_overlaps) == (False, False)
    assert request.range is not None
    assert (request.range.start_ms, request.range.end_ms) == (1000, 5000)
    assert (request.conditioning.beatmap_id, request.weights_of_mode) == (9, False)
    assert (how.folder, how.refiner) == (Path("d"), Path("r"))
    drawn = how.options
    assert (drawn.guidance, drawn.steps, drawn.random_start) == (2, (5, 0), True)
    assert (drawn.further_iterations, drawn.max_points, drawn.overlap_points) == (4, 64, 8)


def test_overlaps_of_windows_can_be_chosen(ready: Commands, map_path: Path, engine: FakeEngine):
    ready("generate", map_path, "--lookback", 0.3, "--lookahead", 0.2)
    (request,) = engine.map_requests
    assert (request.options.lookback, request.options.lookahead) == (0.3, 0.2)


def test_song_and_map_may_be_named_apart(ready: Commands, map_path: Path, engine: FakeEngine):
    audio = map_path.with_name("song.wav")
    assert ready("generate", "--beatmap-path", map_path, "--audio-path", audio).status == 0
    assert engine.map_requests[0].audio_path == audio
    for words in ((), (map_path, "--beatmap-path", map_path), (audio, "--audio-path", audio)):
        assert ready("generate", *words).status == 2
    other = map_path.with_name("other.wav")
    other.write_bytes(audio.read_bytes())
    named = ready("generate", map_path, "--audio-path", other, "--version", "b", "--json")
    assert written(named).beatmap.audio_filename == "other.wav"
    elsewhere = map_path.parent.parent / "else.wav"
    elsewhere.write_bytes(b"")
    assert "has to lie in" in ready("generate", map_path, "--audio-path", elsewhere).err


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--in-context", "sky"), "nothing named “sky”"),
        (("--in-context", "sv"), "mania maps only"),
        (("--in-context", "gd,no_hs"), "either gd or no_hs"),
        (("--in-context", "timing", "--new-timing"), "either MAP's or a new one"),
        (("--in-context", "timing", "--super-timing"), "either MAP's or a new one"),
        (("--in-context", "map", "--output-type", "map"), "given already"),
        (("--in-context", "map", "--gamemode", 3), "same mode"),
        (("--output-type", "gd"), "nothing that a model writes"),
        (("--output-type", "timing", "--in-context", "timing"), "given already"),
        (("--start-time", 5000, "--end-time", 1000), "range is empty"),
        (("--start-time", "soon"), "not a time"),
        (("--lookback", 0.7, "--lookahead", 0.5), "part of the window"),
        (("--parallel", "--lookback", 0.5), "side by side"),
        (("--max-batch-size", 0), "batch size"),
        (("--num-beams", 0), "number of beams"),
        (("--super-timing", "--timer-num-beams", 65), "number of beams"),
        (("--super-timing", "--timer-iterations", 0), "iterations"),
        (("--super-timing", "--timer-bpm-threshold", 1), "threshold"),
        (("--new-timing", "--super-timing", "--bpm", 120), "not both"),
        (("--overwrite-reference-beatmap",), "goes with --add-to-beatmap"),
        (("--add-to-beatmap", "--hp-drain-rate", 3), "settled by the map"),
        (("--add-to-beatmap", "--new-timing", "--end-time", 9), "Red lines are never changed"),
        (
            ("--add-to-beatmap", "--overwrite-reference-beatmap", "--title", "x"),
            "settled by the map",
        ),
        (("--add-to-beatmap", "--overwrite-reference-beatmap", "--osz"), "neither --out"),
        (("--generate-positions",), "--diff-ckpt"),
        (("--diff-ckpt", "x", "--timesteps", "a"), "whole numbers"),
        (("--diff-ckpt", "x", "--max-seq-len", 10), "cannot overlap"),
        (("--diff-ckpt", "x", "--timesteps", "5,-1"), "less than none"),
        (("--diff-ckpt", "x", "--diff-cfg-scale", 21), "guidance of diffusion"),
        (("--diff-ckpt", "x", "--refine-iters", -1), "less often than not at all"),
        (("--attn-implementation", "magic"), "is one of"),
        (("--precision", "fp8"), "engine.precision"),
    ],
)
def test_what_does_not_fit_is_refused(
    ready: Commands, map_path: Path, engine: FakeEngine, options: tuple[object, ...], words: str
):
    before = sorted(map_path.parent.iterdir())
    answer = ready("generate", map_path, *options, "--json")
    assert answer.status == 2
    assert words in answer.err
    assert json.loads(answer.out)["error"]["code"] in {"option_refused", "range_refused"}
    assert engine.map_requests == []
    assert sorted(map_path.parent.iterdir()) == before


def test_a_song_alone_has_nothing_to_be_given(ready: Commands, map_path: Path):
    audio = map_path.with_name("song.wav")
    for kind in ("timing", "gd", "kiai"):
        assert "no map to take" in ready("generate", audio, "--in-context", kind).err
    assert "needs a map to add to" in ready("generate", audio, "--add-to-beatmap").err


# Adding to a map


def test_a_range_is_put_into_the_map_and_taken_back(ready: Commands, rich: Path):
    before = rich.read_bytes()
    into = ("--add-to-beatmap", "--overwrite-reference-beatmap", "--start-time", 1200)
    answer = ready("generate", rich, *into, "--end-time", 2600, "--seed", 3, "--json")
    assert answer.value["written"] == str(rich)
    assert Path(answer.value["backup"]).read_bytes() == before
    beatmap = Document.parse(rich.read_bytes()).beatmap
    starts = [hit.start_ms for hit in beatmap.hit_objects]
    assert starts == [1000, 1500, 2000, 2500, 3000, 5000]
    old = {hit.start_ms: hit for hit in Document.parse(before).beatmap.hit_objects}
    assert (beatmap.hit_objects[1].x, old[1500].x) == (256, 200)
    # What lies behind the range sounds and moves as before.
    now = beatmap.timing.point_at(3000)
    assert now is not None
    assert (now.velocity, now.volume) == (2, 35)
    assert b"Combo1 : 1,2,3" in rich.read_bytes()
    (record,) = Journal(ready.data).provenance(rich)
    assert (record.start_ms, record.end_ms) == (1200, 2600)
    assert ready("undo", rich).status == 0
    assert rich.read_bytes() == before


def test_adding_without_overwriting_gives_a_new_difficulty(ready: Commands, rich: Path):
    before = rich.read_bytes()
    answer = ready(
        *("generate", rich, "--add-to-beatmap", "--end-time", 2600, "--version", "Mixed", "--json")
    )
    document = written(answer)
    assert rich.read_bytes() == before
    assert document.beatmap.version == "Mixed"
    assert [hit.start_ms for hit in document.beatmap.hit_objects][-2:] == [3000, 5000]
    assert b"2,1600,1900" in document.to_bytes()


def test_kiai_alone_is_laid_over_the_map(ready: Commands, rich: Path):
    answer = ready(
        *("generate", rich, "--in-context", "timing,map", "--output-type", "kiai", "--json")
    )
    beatmap, own = written(answer).beatmap, Document.parse(RICH).beatmap
    assert beatmap.kiai_ranges[0].start_ms == 2000
    assert beatmap.kiai_ranges[0].end_ms == 4000
    assert [hit.start_ms for hit in beatmap.hit_objects] == [o.start_ms for o in own.hit_objects]
    for ms in (0, 1000, 2000, 3000, 4500):
        now, then = beatmap.timing.point_at(ms), own.timing.point_at(ms)
        assert now is not None
        assert then is not None
        assert (now.velocity, now.volume) == (then.velocity, then.volume)


def test_kiai_for_a_part_leaves_all_other_lines_byte_for_byte(ready: Commands, rich: Path):
    own = b"4100.5,-98.0392156862745,4,2,1,70,0,0"
    rich.write_bytes(rich.read_bytes().replace(b"\r\n\r\n[Hit", b"\r\n" + own + b"\r\n\r\n[Hit"))
    before = rich.read_bytes()
    assert own in before
    into = ("--add-to-beatmap", "--overwrite-reference-beatmap", "--start-time", 1900)
    assert ready("generate", rich, *into, "--end-time", 3900, "--output-type", "kiai").status == 0
    after = rich.read_bytes()
    assert own in after.splitlines()
    added = [line for line in after.splitlines() if line not in before.splitlines()]
    assert [line.split(b",")[0] for line in added] == [b"2000", b"3900"]
    assert set(before.splitlines()) <= set(after.splitlines())


def test_timing_alone_replaces_the_red_lines(ready: Commands, rich: Path):
    into = ("--add-to-beatmap", "--overwrite-reference-beatmap")
    assert ready("generate", rich, *into, "--output-type", "timing").status == 0
    beatmap = Document.parse(rich.read_bytes()).beatmap
    assert [point.time_ms for point in beatmap.red_lines] == [25]
    assert [hit.start_ms for hit in beatmap.hit_objects] == [1000, 1500, 2009, 3000, 5000]
    assert beatmap.timing.velocity_at(3000) == 2


# What changes nothing


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--use-server",), "--use-server has no effect"),
        (("--compile", "--attn-implementation", "sdpa"), "--compile has no effect"),
        (("--timer-iterations", 5, "--timer-cfg-scale", 2), "without --super-timing"),
        (("--refine-iters", 5), "without diffusion"),
        (("--diff-ckpt", "x", "--refine-iters", 5), "without --diff-refine-ckpt"),
        (("--max-batch-size", 5), "without --parallel"),
        (("--no-do-sample", "--top-p", 0.5), "--top-p has no effect"),
        (("--timing-leniency", 5), "without timing that is heard"),
    ],
)
def test_what_has_no_effect_is_accepted_and_said(
    ready: Commands, map_path: Path, options: tuple[object, ...], words: str
):
    answer = ready("generate", map_path, *options, "--json")
    assert answer.value["objects"] == 16
    assert words in answer.err


def test_help_lists_what_never_has_an_effect(companion: Commands):
    from typer.testing import CliRunner

    from companion.cli import app

    text = CliRunner().invoke(app, ["generate", "--help"]).output
    section = text[text.index(NO_EFFECT) :]
    names = ("attn-implementation", "use-server", "compile", "pad-sequence", "beatmap-idx")
    assert all(f"--{name}" in section for name in names)


def test_values_that_the_model_has_never_met_are_named(
    ready: Commands, map_path: Path, engine: FakeEngine
):
    engine.unknown = (Unknown("descriptors", "wobbly"), Unknown("mapper_id", "7"))
    err = ready("generate", map_path, "--descriptors", "wobbly", "--mapper-id", 7).err
    assert "has never met “wobbly” (--descriptors)" in err
    assert "has never met “7” (--mapper-id)" in err


# The settings file


def test_the_settings_file_holds_options_and_flags_go_first(
    ready: Commands, map_path: Path, engine: FakeEngine
):
    settings_file(
        ready,
        """
[generate]
difficulty = 5
temperature = 0.5
in_context = ["timing", "gd"]
descriptors = ["tech"]
timesteps = [3, 0]
diff_ckpt = "d"
start_time = 1000
do_sample = false
""",
    )
    ready("generate", map_path, "--temperature", 0.7, "--do-sample", "--seed", 0)
    (request,) = engine.map_requests
    assert request.conditioning.difficulty == 5
    assert request.conditioning.descriptors == ("tech",)
    assert (request.options.temperature, request.options.do_sample) == (0.7, True)
    assert request.options.seed == 0
    assert request.given == (ContextType.GD,)
    assert request.range is not None
    assert request.range.start_ms == 1000
    assert request.refinement is not None
    assert request.refinement.options.steps == (3, 0)


def test_a_file_named_on_the_command_line_holds_them_too(
    ready: Commands, map_path: Path, engine: FakeEngine, tmp_path: Path
):
    (tmp_path / "mine.toml").write_text("[generate]\nseed = 12\n", encoding="utf-8")
    words = ("--config", tmp_path / "mine.toml", "generate", map_path, "--data", ready.data)
    assert ready(*words).status == 0
    assert engine.map_requests[-1].options.seed == 12


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[generate]\ntemprature = 1", "Did you mean 'generate.temperature'?"),
        ("[generate]\ncircle-size = 4", "Did you mean 'generate.circle_size'?"),
        ("[generate]\nwobble = 4", "no setting 'generate.wobble'"),
        ('[generate]\ntop_k = "many"', "generate.top_k"),
        ('[generate]\nin_context = "gd"', "generate.in_context"),
        ("[generate]\nacknowledge = true", "a settings file cannot say it"),
        ("[generates]\nseed = 1", "Did you mean 'generate'?"),
        ('[engine]\nprecison = "bf16"', "Did you mean 'engine.precision'?"),
    ],
)
def test_unknown_keys_name_the_nearest_one(
    ready: Commands, map_path: Path, engine: FakeEngine, text: str, words: str
):
    settings_file(ready, text)
    answer = ready("generate", map_path, "--json")
    assert answer.status == 2
    assert json.loads(answer.out)["error"]["code"] == "option_refused"
    assert words in answer.err
    assert "companion.toml" in answer.err or "acknowledge" in text
    assert engine.map_requests == []


def test_the_environment_holds_them_too(
    ready: Commands, map_path: Path, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COMPANION_GENERATE__SEED", "33")
    ready("generate", map_path)
    assert engine.map_requests[0].options.seed == 33


def test_every_wish_is_an_option_with_help():
    from typing import get_type_hints

    hints: dict[str, Any] = get_type_hints(MapWish, include_extras=True)
    for field in dataclasses.fields(MapWish):
        (option,) = hints[field.name].__metadata__
        assert option.help, field.name
