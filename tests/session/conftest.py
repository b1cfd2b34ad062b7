"""A session with an open map, and what a test needs to drive it."""

from __future__ import annotations

from pathlib import Path

import pytest

from companion.beatmap import TimeRange
from companion.engine.requests import ModelInfo
from companion.findings import Finding, Severity, finding_id
from companion.session import (
    CheckVariants,
    Detection,
    FairUse,
    OpenMap,
    Session,
    Song,
    StartRegenerate,
    StartScore,
    examine,
)
from companion.suggestions import check_variants
from companion.worker import ModelReady

HEAD = (
    "osu file format v14\n\n[General]\nAudioFilename: a.mp3\n\n[Difficulty]\nCircleSize:4\n"
    "ApproachRate:9\nOverallDifficulty:8\nHPDrainRate:5\nSliderMultiplier:1.4\n"
    "SliderTickRate:1\n\n[TimingPoints]\n0,500,4,2,0,50,1,0\n\n[HitObjects]\n"
)


def make_map(n_objects=20, moved=None, *, head=HEAD):
    moved = moved or {}
    rows = "".join(
        f"{64 + i * 16},192,{1000 + i * 500 + moved.get(i, 0)},1,0,0:0:0:0:\n"
        for i in range(n_objects)
    )
    return (head + rows).encode()


def make_finding(start_ms, *, code="maimod.rhythm", fix=(), message="Expected elsewhere."):
    at = TimeRange(start_ms, start_ms + 1)
    return Finding(
        id=finding_id(code, at, (start_ms,), ""),
        code=code,
        category="Rhythm",
        severity=Severity.SUGGESTION,
        at=at,
        objects=(start_ms,),
        message=message,
        weight=1.0,
        surprisal_bits=5.0,
        fix=fix,
        fix_label="Move" if fix else None,
        editor_link="osu://edit/",
    )


class Driver:
    """A session, its outputs so far, and short ways to make things happen."""

    def __init__(self, fair_use=None):
        self.session = Session(fair_use or FairUse(notice_acknowledged=True))
        self.outputs = []
        self.data = make_map()

    def open(self, data=None, **stored):
        self.data = self.data if data is None else data
        self.session.open(
            OpenMap("m1", Path("/songs/1/x.osu"), Detection("given")),
            examine(self.data, None),
            **stored,
        )
        self.session.song_known(Song("a.mp3", 60_000.0))
        self.session.reported(ModelReady(ModelInfo("fake", "fake", 0, "ff", Path("m"))))
        return self.take()

    def save(self, data):
        self.data = data
        before = self.session.revision
        assert before is not None
        self.session.revised(examine(data, before.document, self.session.stated_level))
        return self.take()

    def take(self):
        new = self.session.drain()
        self.outputs += new
        return new

    def orders(self, kind):
        return [o for o in self.outputs if isinstance(o, kind)]

    def check(self):
        """Do what the shell does with suggestions that the rules are to look at."""
        for order in self.take():
            if isinstance(order, CheckVariants):
                self.session.variants_checked(order.suggestion, check_variants(order.suggestion))
        return self.take()

    @property
    def score(self):
        return self.orders(StartScore)[-1]

    @property
    def generation(self):
        return self.orders(StartRegenerate)[-1]


@pytest.fixture
def driver():
    return Driver()


@pytest.fixture
def opened(driver):
    driver.open()
    return driver


@pytest.fixture
def new_driver():
    return Driver


@pytest.fixture
def new_map():
    return make_map


@pytest.fixture
def new_finding():
    return make_finding
