"""The state machine of one open beatmap.

Owns what is known about the map that is being edited: its revision, its findings, the suggestions
and jobs, what may be generated and what is wrong. It imports beatmaps, checks, engine requests and
suggestions, never the protocol, and does no input or output.
"""

from __future__ import annotations

from companion.session.examination import Examined, examine
from companion.session.fair_use import FairUse
from companion.session.news import (
    CancelJob,
    CandidatesNews,
    CheckVariants,
    CreateDifficulty,
    FairUseNews,
    FindingsNews,
    JobNews,
    KeepDismissed,
    MapNews,
    ModelNews,
    News,
    Order,
    Output,
    PassageNews,
    ProblemClearedNews,
    ProblemNews,
    StartGuest,
    StartMap,
    StartOrder,
    StartRegenerate,
    StartScore,
    StartTiming,
    SuggestionNews,
    TimingNews,
    UndoNews,
)
from companion.session.session import Session
from companion.session.values import (
    Detection,
    Job,
    JobState,
    MapCandidate,
    ModelStatus,
    OpenMap,
    Problem,
    Revision,
    ShownFinding,
    Song,
    TimingReport,
    UndoStatus,
)

__all__ = [
    "CancelJob",
    "CandidatesNews",
    "CheckVariants",
    "CreateDifficulty",
    "Detection",
    "Examined",
    "FairUse",
    "FairUseNews",
    "FindingsNews",
    "Job",
    "JobNews",
    "JobState",
    "KeepDismissed",
    "MapCandidate",
    "MapNews",
    "ModelNews",
    "ModelStatus",
    "News",
    "OpenMap",
    "Order",
    "Output",
    "PassageNews",
    "Problem",
    "ProblemClearedNews",
    "ProblemNews",
    "Revision",
    "Session",
    "ShownFinding",
    "Song",
    "StartGuest",
    "StartMap",
    "StartOrder",
    "StartRegenerate",
    "StartScore",
    "StartTiming",
    "SuggestionNews",
    "TimingNews",
    "TimingReport",
    "UndoNews",
    "UndoStatus",
    "examine",
]
