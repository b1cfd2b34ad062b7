"""Choosing among what the detectors say."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from companion.bridge.detectors.editor_state import EditorState

ORDER: Final = ("picked", "given", "window_title", "last_saved")
"""Best first: what a person says beats what is seen, and that beats what is guessed."""


def rank(states: Sequence[EditorState]) -> tuple[EditorState, ...]:
    """States with a map, best first, one per map; each knows what the others know of its editor."""
    ranked = sorted((s for s in states if s.map_path is not None), key=_order)
    seen = {state.map_path: state for state in reversed(ranked)}  # the best one stays
    unique = [s for s in ranked if seen[s.map_path] is s]
    return tuple(_with_editor(state, states) for state in unique)


def _order(state: EditorState) -> int:
    return ORDER.index(state.probe)


def _with_editor(state: EditorState, states: Sequence[EditorState]) -> EditorState:
    if state.editor_open is not None or state.map_path is None:
        return state
    for other in states:
        if other.editor_open and other.file_name == state.map_path.name:
            return replace(state, client=other.client, editor_open=True)
    return state
