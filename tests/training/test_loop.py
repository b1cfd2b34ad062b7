from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from companion.engine.model.bundled.lexicon import Lexicon
from companion.engine.model.bundled.network import BundledNetwork, Trail
from companion.errors import CheckpointMismatch
from companion.training.batches import Batch, assemble
from companion.training.draws import sound_of
from companion.training.judging import held_out_windows, quick_look, token_bits
from companion.training.loop import HEARING, WRITING, Report, Stage, Trainer
from companion.training.losses import losses
from companion.training.material import Material, gather, token_counts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from companion.engine.model.bundled.configuration import NetworkSizes
    from companion.engine.vocabulary import Vocabulary


@pytest.fixture(scope="module")
def material(
    make_set: Callable[..., Path],
    tmp_path_factory: pytest.TempPathFactory,
    vocabulary: Vocabulary,
    tiny_sizes: NetworkSizes,
) -> Material:
    data = tmp_path_factory.mktemp("data")
    for letter in "bcdfghjklmnpqrst":
        make_set(f"Song {letter}", (0, 0, 3), data / "real")
    make_set("Alone", (0, 3), data / "osu")
    return gather(data, tmp_path_factory.mktemp("cache"), tiny_sizes, vocabulary)


def a_network(material: Material, dropout: float = 0.1) -> BundledNetwork:
    torch.manual_seed(0)
    lexicon = Lexicon.of(material.drawer.vocabulary)
    return BundledNetwork(material.drawer.sizes, lexicon, dropout)


def a_stage(name: str, steps: int, silent_share: float = 0.3) -> Stage:
    return Stage(name, steps=steps, windows=2, warm_up=2, silent_share=silent_share)


def a_batch(material: Material, n: int = 2) -> Batch:
    rng = np.random.default_rng(3)
    windows = material.drawer.batch(material.paired, n, 2, rng)
    return assemble(windows, sound_of(windows, material.spectra), material.drawer.sizes, 819)


def test_a_run_goes_on_from_finished_weights(material: Material, tmp_path: Path) -> None:
    finished = a_network(material)
    with torch.no_grad():
        for weight in finished.parameters():
            weight.add_(0.25)
    trainer = Trainer(a_network(material), material, tmp_path)
    trainer.begin_with(finished.state_dict())
    assert trainer.clock.stage == WRITING
    for network in (trainer.network, trainer.average):
        for name, weight in network.state_dict().items():
            assert torch.equal(weight, finished.state_dict()[name])


def test_weights_without_an_encoder_are_refused(material: Material, tmp_path: Path) -> None:
    weights = a_network(material).state_dict()
    lacking = {name: tensor for name, tensor in weights.items() if not name.startswith("encoder.")}
    with pytest.raises(CheckpointMismatch):
        Trainer(a_network(material), material, tmp_path).begin_with(lacking)


def test_an_interrupted_run_ends_with_the_same_weights(material: Material, tmp_path: Path) -> None:
    whole = Trainer(a_network(material), material, tmp_path / "whole")
    assert whole.run(a_stage(HEARING, 2), lambda _: None)
    assert whole.run(a_stage(WRITING, 3), lambda _: None)

    steps: list[Report] = []
    first = Trainer(a_network(material), material, tmp_path / "parts")
    assert first.run(a_stage(HEARING, 2), steps.append)
    assert not first.run(a_stage(WRITING, 3), steps.append, stop=lambda: len(steps) == 3)
    second = Trainer(a_network(material), material, tmp_path / "parts")
    assert second.resume()
    assert second.clock.step == 1
    assert second.run(a_stage(WRITING, 3), steps.append)

    assert len(steps) == 5
    for kind in ("network", "average"):
        expected = getattr(whole, kind).state_dict()
        for name, value in getattr(second, kind).state_dict().items():
            assert torch.equal(value, expected[name]), name


def test_a_folder_without_a_state_is_not_resumed(material: Material, tmp_path: Path) -> None:
    assert not Trainer(a_network(material), material, tmp_path).resume()


def test_the_first_stage_leaves_the_decoder_alone(material: Material, tmp_path: Path) -> None:
    trainer = Trainer(a_network(material), material, tmp_path)
    before = {name: value.clone() for name, value in trainer.network.state_dict().items()}
    trainer.run(a_stage(HEARING, 2), lambda _: None)
    after = trainer.network.state_dict()
    assert torch.equal(before["decoder.tokens.weight"], after["decoder.tokens.weight"])
    assert not torch.equal(before["encoder.stem.weight"], after["encoder.stem.weight"])


def test_the_rate_warms_up_and_falls() -> None:
    from companion.training.loop import Clock

    stage = Stage(WRITING, steps=100, learning_rate=1.0, warm_up=10, last_share=0.1)
    rates = [stage.rate(Clock(WRITING, step)) for step in range(100)]
    assert rates[0] == pytest.approx(0.1, rel=0.01)
    assert max(rates) == pytest.approx(rates[9], rel=0.05)
    assert rates[99] == pytest.approx(0.1, rel=0.05)


def test_the_loss_is_the_surprise_that_the_engine_will_measure(material: Material) -> None:
    network = a_network(material, dropout=0.0).eval()
    batch = a_batch(material)
    with torch.no_grad():
        parts = losses(network, batch)
        hearing = network.hear(batch.ask)
        # Each window's maps share its sound in training; here every map gets its own copy.
        rows = torch.arange(batch.tokens.shape[0]) // 2
        hearing = hearing._replace(
            frames=hearing.frames[rows], ticks=hearing.ticks[rows], beats=hearing.beats[rows]
        )
        inputs = batch.tokens[:, :-1]
        trail = Trail.of(inputs, network.lexicon)
        places = network.decoder.places(hearing)
        h, _ = network.decoder(inputs, None, trail.bins, places)
        log_probs = network.log_probs(h, inputs, trail, places)
    targets = batch.tokens[:, 1:].clamp(max=log_probs.shape[2] - 1)
    nats = -log_probs.gather(2, targets.unsqueeze(2)).squeeze(2)
    wanted = batch.predicted[:, 1:]
    is_time = (targets >= 17) & (targets < 836) & wanted
    is_cell = (targets >= 1494) & (targets < 2451) & wanted
    expected = nats[wanted].sum()
    found = parts.plain * wanted.sum() + parts.time * is_time.sum() + parts.cell * is_cell.sum()
    assert float(found) == pytest.approx(float(expected), rel=1e-4)


def test_no_prompt_and_no_padding_is_learned(material: Material) -> None:
    batch = a_batch(material)
    assert not batch.predicted[:, :6].any()
    assert not batch.predicted[batch.tokens == 0].any()
    assert batch.predicted[batch.tokens == 2].all()


def test_a_quick_look_tells_bits_by_kind_and_the_heads_f1(material: Material) -> None:
    windows = held_out_windows(material, maps_per_song=1, per_map=2)
    figures = quick_look(a_network(material), material, windows)
    assert figures["osu_t"] > 0
    assert figures["mania_column_shuffled"] > 0
    assert 0 <= figures["osu_head_f1"] <= 1


def test_bits_are_nan_where_nothing_is_predicted(material: Material) -> None:
    batch = a_batch(material)
    with torch.no_grad():
        _, bits = token_bits(a_network(material).eval(), batch)
    assert (np.isnan(bits) == ~batch.predicted[:, 1:].numpy()).all()


def test_token_counts_cover_the_training_maps(material: Material) -> None:
    counts = token_counts(material)
    n_columns = sum(v for k, v in counts["mania"].items() if 2451 <= int(k) < 2469)
    notes = sum(
        len(chart.events_ms) for song in material.paired if song.mode == 3 for chart in song.charts
    )
    assert n_columns == notes
    assert counts["taiko"] == {}
