"""Checkpoints by name: which are published, which lie in the data folder, which one is used.

Owns the folder ``models`` of the data folder and what `companion models` does there. Only `hub`
uses the network, and only when a model is pulled. Files are read as bytes and JSON, without torch;
whether a network can be built of them is the engine's to say. May import settings and errors.
"""

from companion.model_store.catalogue import BUNDLED, CATALOGUE, Published, pull_hint
from companion.model_store.store import ModelStore, Origin
from companion.model_store.weights import Weights, read_weights_header

__all__ = [
    "BUNDLED",
    "CATALOGUE",
    "ModelStore",
    "Origin",
    "Published",
    "Weights",
    "pull_hint",
    "read_weights_header",
]
