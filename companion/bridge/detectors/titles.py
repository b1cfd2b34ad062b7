"""Editor window titles.

stable: two spaces after `osu!`, builds of other channels name themselves, `osu!  - X.osu` and
`osu!cuttingedge b20260624 - X.osu`. lazer: one space, `osu! - X.osu`. Both leave `.osu` out when
the editor is not open. (MapsetVerifier's title tests; lazer `OsuGame.updateWindowTitle`.)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from companion.session.values import Client

_STABLE = re.compile(r"osu!  - (?P<file>.+\.osu)")
_STABLE_CHANNEL = re.compile(r"osu!\w+ b[\w.]+ {1,2}- (?P<file>.+\.osu)")
_LAZER = re.compile(r"osu! - (?P<file>.+\.osu)")


@dataclass(frozen=True, slots=True)
class EditorTitle:
    """An open editor, as its title tells."""

    file_name: str
    client: Client


def read_title(title: str) -> EditorTitle | None:
    """The map in an editor's title; None for every other window, osu!'s own included."""
    text = title.rstrip()
    for pattern in (_STABLE, _STABLE_CHANNEL):
        if found := pattern.fullmatch(text):
            return EditorTitle(found["file"], "stable")
    if found := _LAZER.fullmatch(text):
        return EditorTitle(found["file"], "lazer")
    return None
