"""Fixtures shared by all tests: the recorded data beside the checkout, where there is some."""

from __future__ import annotations

import os
from pathlib import Path
from typing import cast

import pytest

os.environ.setdefault("OMP_NUM_THREADS", "2")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # spinning threads starve a busy machine

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--goldens",
        type=Path,
        default=SHARED / "goldens",
        help="folder with recorded inputs and outputs of the original",
    )
    parser.addoption(
        "--beatmapsets",
        type=Path,
        default=SHARED / "data",
        help="folder with real beatmapsets",
    )


@pytest.fixture(scope="session")
def goldens(request: pytest.FixtureRequest) -> Path:
    folder = cast("Path", request.config.getoption("--goldens"))
    if not folder.is_dir():
        pytest.skip(f"no goldens at {folder}")
    return folder


@pytest.fixture(scope="session")
def shared_data(request: pytest.FixtureRequest) -> Path:
    folder = cast("Path", request.config.getoption("--beatmapsets"))
    if not folder.is_dir():
        pytest.skip(f"no beatmapsets at {folder}")
    return folder
