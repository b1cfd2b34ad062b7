"""What is read out of published files against the configuration that the model was trained with."""

from __future__ import annotations

from dataclasses import fields

from companion.engine.checkpoint import load
from tests.parity.dictation import settings_of


def test_settings_are_those_of_the_training(recorded):
    found = load(recorded.folder / "model", "cpu").settings
    trained = settings_of(recorded.folder)
    for field in fields(trained):
        assert getattr(found, field.name) == getattr(trained, field.name), field.name
