"""What a diffusion network is told about the map as a whole.

A network knows some maps, difficulties, mappers, descriptors and circle sizes, each kind with one
more class for "unknown". They stand one behind the other in one vector of zeros and ones; a kind
that the network was not trained with has no classes at all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, cast

import torch

from companion.errors import CheckpointMismatch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor

MAX_CIRCLE_SIZE = 10


@dataclass(frozen=True, slots=True)
class MapTraits:
    """What the map should be like; ``None`` and empty mean that nothing is said about it."""

    stars: float | None = None
    mapper_id: int | None = None
    """User id of the mapper whose hand it should look like."""
    descriptors: tuple[str, ...] = ()
    negative_descriptors: tuple[str, ...] = ()
    """What guidance leads away from."""
    circle_size: float | None = None
    beatmap_id: int | None = None

    @property
    def opposite(self) -> MapTraits:
        """What guidance compares with: the same difficulty, but no mapper and no map."""
        return replace(
            self,
            mapper_id=None,
            beatmap_id=None,
            descriptors=self.negative_descriptors,
            negative_descriptors=(),
        )


@dataclass(frozen=True, slots=True)
class ClassTable:
    """The classes of a network, from the ``tokenizer`` part of its configuration.

    Counts include the class for "unknown", which is the last one of its kind.
    """

    n_beatmaps: int
    n_difficulties: int
    max_stars: float
    n_mappers: int
    n_descriptors: int
    n_circle_sizes: int
    beatmaps: Mapping[int, int]
    """Class of a map by its id."""
    beatmap_mappers: Mapping[int, int]
    """User id of a map's mapper by the map's id."""
    mappers: Mapping[int, int]
    """Class of a mapper by their user id."""
    descriptors: Mapping[str, int]

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> ClassTable:
        """Read the table.

        Raises:
            CheckpointMismatch: Something is missing or of a wrong type; it is named.
        """
        try:
            table = cls(
                n_beatmaps=int(config["num_classes"]),
                n_difficulties=int(config["num_diff_classes"]),
                max_stars=float(config["max_difficulty"]),
                n_mappers=int(config["num_mapper_classes"]),
                n_descriptors=int(config["num_descriptor_classes"]),
                n_circle_sizes=int(config["num_cs_classes"]),
                beatmaps=_ids(config["beatmap_idx"]),
                beatmap_mappers=_ids(config["beatmap_mapper"]),
                mappers=_ids(config["mapper_idx"]),
                descriptors={str(k): int(v) for k, v in _items(config["descriptor_idx"])},
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise CheckpointMismatch(
                f"The diffusion model's table of classes is damaged: {error!r}."
            ) from error
        table.check()
        return table

    def check(self) -> None:
        """Refuse a table whose classes lie outside their kind."""
        kinds = (
            ("beatmap_idx", self.beatmaps.values(), self.n_beatmaps),
            ("mapper_idx", self.mappers.values(), self.n_mappers),
            ("descriptor_idx", self.descriptors.values(), self.n_descriptors),
        )
        if min(self.n_difficulties, self.n_circle_sizes, *(count for _, _, count in kinds)) < 0:
            raise CheckpointMismatch("The diffusion model has kinds with less than no classes.")
        for name, classes, count in kinds:
            if any(not 0 <= index < max(count - 1, 0) for index in classes):
                raise CheckpointMismatch(
                    f"The diffusion model's “{name}” names a class outside its {count} classes."
                )
        if self.n_difficulties and not self.max_stars > 0:
            raise CheckpointMismatch("The diffusion model's “max_difficulty” is not above 0.")

    @property
    def size(self) -> int:
        """Length of the class vector."""
        return (
            self.n_beatmaps
            + self.n_difficulties
            + self.n_mappers
            + self.n_descriptors
            + self.n_circle_sizes
        )

    def vector(self, traits: MapTraits, *, original_quirks: bool = False) -> Tensor:
        """The traits of a map as the network takes them, shape = (size,), zeros and ones."""
        mapper_id = traits.mapper_id
        if original_quirks and mapper_id is not None:
            mapper_id = self.beatmap_mappers.get(mapper_id)
        known = [self.descriptors[d] for d in traits.descriptors if d in self.descriptors]
        kinds = (
            (self.n_beatmaps, _known(self.beatmaps, traits.beatmap_id)),
            (self.n_difficulties, _step(traits.stars, self.max_stars, self.n_difficulties)),
            (self.n_mappers, _known(self.mappers, mapper_id)),
            (self.n_descriptors, known),
            (self.n_circle_sizes, _step(traits.circle_size, MAX_CIRCLE_SIZE, self.n_circle_sizes)),
        )
        vector = torch.zeros(self.size)
        offset = 0
        for count, classes in kinds:
            if count:
                vector[[offset + index for index in classes or [count - 1]]] = 1.0
            offset += count
        return vector


def _items(table: object) -> list[tuple[Any, Any]]:
    return list(cast("Mapping[Any, Any]", table).items())


def _ids(table: object) -> dict[int, int]:
    """A table by id; JSON writes its keys as texts."""
    return {int(key): int(value) for key, value in _items(table)}


def _known(table: Mapping[int, int], key: int | None) -> list[int]:
    return [table[key]] if key is not None and key in table else []


def _step(value: float | None, top: float, count: int) -> list[int]:
    """The class of a value from 0 to `top`, cut off toward zero as in training."""
    if value is None or not count:
        return []
    return [min(max(int(value * (count - 2) / top), 0), count - 2)]
