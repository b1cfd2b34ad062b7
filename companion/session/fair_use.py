"""Whether content may be generated here: the modding-only switches and the one-time notice.

osu!'s ranking criteria of August 2026 ask that hit objects, hitsounds and timing of ranked maps
come from direct human input, without generative tooling. Suggestions and checks change nothing in a
map; whatever writes generated content goes through `FairUse.require_generating`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from companion.errors import ModdingOnly, NoticeNotAcknowledged

POLICY_LINK: Final = "https://osu.ppy.sh/wiki/en/Ranking_criteria"


@dataclass(frozen=True, slots=True)
class Notice:
    """The policy in plain words."""

    title: str
    paragraphs: tuple[str, ...]
    link: str


NOTICE: Final = Notice(
    title="Before you generate anything",
    paragraphs=(
        "osu!'s ranking criteria have an AI policy since August 2026: the hit objects, hitsounds "
        "and timing of a map that is submitted for ranking have to come from direct human input. "
        "Maps made with generative tools are not rankable, and passing one off as hand-made is "
        "treated like cheating.",
        "Findings and suggestions only tell you where to look; what you then do by hand is yours. "
        "Regenerating a section, choosing hitsounds, taking over a timing that the model heard, or "
        "applying a fix that it proposes, writes generated content into your map; a new difficulty "
        "is generated as a whole.",
        "The companion keeps a record of everything generated (file, range, model, seed and "
        "date) outside the map. You can copy a disclosure text from it. If you work on a map for "
        "ranking, turn on modding-only: it refuses every action that writes generated content.",
    ),
    link=POLICY_LINK,
)


@dataclass(frozen=True, slots=True)
class FairUse:
    """The switches and the notice, for the open mapset."""

    modding_only_global: bool = False
    modding_only_forced: bool = False
    """Switched on in the settings, so the overlay cannot switch it off."""
    modding_only_mapset: bool = False
    notice_acknowledged: bool = False

    @property
    def modding_only(self) -> bool:
        """Whether one of the switches is on."""
        return self.modding_only_global or self.modding_only_forced or self.modding_only_mapset

    @property
    def can_generate(self) -> bool:
        """Whether a generating action would be let through."""
        return self.notice_acknowledged and not self.modding_only

    def require_generating(self) -> None:
        """Let a generating action through.

        Raises:
            ModdingOnly: a switch is on.
            NoticeNotAcknowledged: the notice has not been read.
        """
        if self.modding_only_global or self.modding_only_forced:
            raise ModdingOnly(
                "Modding-only is on for all maps, so nothing generated is written. "
                "Turn it off to generate."
            )
        if self.modding_only_mapset:
            raise ModdingOnly(
                "Modding-only is on for this mapset, so nothing generated is written. "
                "Turn it off to generate."
            )
        if not self.notice_acknowledged:
            raise NoticeNotAcknowledged(
                "Read the note on osu!'s AI policy first; it is shown once, before the first "
                "generated section."
            )
