"""Fits the detectors of a checkpoint: what its surprises look like where a map has a fault.

Faults are planted into maps of the songs that the checkpoint was trained on, one kind at a time.
For each kind a logistic regression tells the objects that have it from untouched ones that could
have it; both sides weigh the same, so its result is a likelihood ratio.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from companion.beatmap import Document, Mode
from companion.engine.modding.detectors import SCOPES, Detector, Fault, damped
from companion.engine.modding.features import FEATURE_INDEX
from companion.errors import CompanionError
from companion.training.evaluation.faults import FaultExaminer, windows_apart
from companion.training.evaluation.listening import MapListener
from companion.training.evaluation.planting import kinds_for
from companion.training.evaluation.suspicion import DETECTED_AS, can_have
from companion.training.measures import spread

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from companion.engine.loaded_model import LoadedModel, Song
    from companion.engine.modding.detectors import Detectors
    from companion.engine.modding.features import ObjectRow
    from companion.training.evaluation.fault_kinds import FaultKind
    from companion.training.evaluation.listening import MapView
    from companion.training.library import SongSet

MODES = (Mode.OSU, Mode.MANIA)
"""Of the others there are too few maps."""
WINDOWS_PER_MAP = 24
FAULTS_PER_KIND = 6
"""Per map."""
LEAST_FAULTS = 40
"""Fewer of a kind teach nothing."""
RIDGE = 10.0
"""Pull of the standardised weights towards 0."""
_LEAST_SPREAD = 0.1


@dataclass(slots=True)
class FaultRows:
    """Objects with faults of each kind and untouched ones, as a checkpoint saw them."""

    faulty: dict[FaultKind, list[ObjectRow]] = field(
        default_factory=dict["FaultKind", "list[ObjectRow]"]
    )
    clean: list[ObjectRow] = field(default_factory=list["ObjectRow"])

    def add(self, other: FaultRows) -> None:
        """Take in what was seen of another map."""
        self.clean += other.clean
        for kind, rows in other.faulty.items():
            self.faulty.setdefault(kind, []).extend(rows)


def gather_rows(
    model: LoadedModel, sets: Sequence[SongSet], maps_per_song: int
) -> Iterator[tuple[str, Mode, FaultRows]]:
    """Plant faults into some maps of every song; yields the map's name and what was seen of it."""
    examiner = FaultExaminer(MapListener(model), FAULTS_PER_KIND, seed=0)
    for song_set in sets:
        for mode in MODES:
            maps = [one for one in song_set.maps if one.mode == mode]
            step = max(len(maps) // maps_per_song, 1)
            for one in maps[step // 2 :: step][:maps_per_song]:
                document = Document.parse(one.path.read_bytes())
                try:
                    song = model.listen(song_set.audio)
                    view = examiner.listener.view(document, model.conditioning_of(document, song))
                except CompanionError:
                    continue
                yield one.path.name, mode, _rows_of(examiner, view, song)


def _rows_of(examiner: FaultExaminer, view: MapView, song: Song) -> FaultRows:
    n_samples = len(song.waveform.samples)
    windows = windows_apart(examiner.listener.windows(n_samples, view, WINDOWS_PER_MAP))
    chosen = [windows[index] for index in spread(len(windows), FAULTS_PER_KIND)]
    rows = FaultRows(clean=[one.row for one in examiner.seen_objects(view, song, chosen)])
    for kind in kinds_for(view.beatmap):
        _, _, faulty = examiner.seen_faults(view, song, kind, chosen)
        rows.faulty[kind] = [one.row for one in faulty]
    return rows


def fit_detectors(by_mode: dict[Mode, FaultRows]) -> Detectors:
    """A detector for every kind of fault of which there are enough."""
    return {
        mode: {
            fault: detector
            for fault in Fault
            if (detector := fit_detector(fault, rows)) is not None
        }
        for mode, rows in by_mode.items()
    }


def fit_detector(fault: Fault, rows: FaultRows) -> Detector | None:
    """Logistic regression on the features of a fault's scope; None with too few faults."""
    kinds = [kind for kind, known_as in DETECTED_AS.items() if known_as is fault]
    faulty = [row for kind in kinds for row in rows.faulty.get(kind, []) if can_have(kind, row)]
    clean = [row for row in rows.clean if can_have(kinds[0], row)]
    if len(faulty) < LEAST_FAULTS or len(clean) < LEAST_FAULTS:
        return None
    names = SCOPES[fault].features
    columns = [FEATURE_INDEX[name] for name in names]
    have = damped(np.stack([row.values for row in faulty])[:, columns])
    lack = damped(np.stack([row.values for row in clean])[:, columns])
    mean, spread = lack.mean(0), lack.std(0) + _LEAST_SPREAD
    weights, bias = _regression((have - mean) / spread, (lack - mean) / spread)
    in_bits = weights / spread / np.log(2)
    bias_bits = bias / np.log(2) - float(in_bits @ mean)
    return Detector.of(bias_bits, dict(zip(names, in_bits.tolist(), strict=True)))


def _regression(
    have: NDArray[np.float64], lack: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float]:
    """Weights, shape = (n_features,), and bias, in nats."""
    x = torch.as_tensor(np.concatenate([have, lack]))
    y = torch.cat([torch.ones(len(have)), torch.zeros(len(lack))]).double()
    # Both sides weigh the same, so that the bias says nothing of how many faults were planted.
    share = torch.where(y > 0, 1.0, len(have) / len(lack))
    found = torch.zeros(x.shape[1] + 1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([found], max_iter=300, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        said = x @ found[:-1] + found[-1]
        misfit = torch.nn.functional.binary_cross_entropy_with_logits(
            said, y, share, reduction="sum"
        )
        loss = misfit + RIDGE * found[:-1].square().sum()
        loss.backward()  # pyright: ignore[reportUnknownMemberType]
        return loss

    optimizer.step(closure)  # pyright: ignore[reportUnknownMemberType]
    values = found.detach().numpy()
    return values[:-1], float(values[-1])
