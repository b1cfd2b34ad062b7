"""The overlay in a real browser against the real daemon: runs `npm run e2e` of the overlay.

The steps themselves are in `overlay/e2e`, beside the page they drive.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

OVERLAY = Path(__file__).resolve().parents[2] / "overlay"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
TIMEOUT_S = 720


def _browser() -> str | None:
    named = os.environ.get("CHROMIUM_PATH")
    return named or next(filter(None, map(shutil.which, BROWSERS)), None)


def _missing() -> str | None:
    if shutil.which("npm") is None:
        return "Node is not installed"
    if not (OVERLAY / "node_modules").is_dir():
        return "the overlay's packages are not installed (npm ci in overlay)"
    if _browser() is None:
        return "there is no Chromium (set CHROMIUM_PATH or install the package chromium)"
    return None


@pytest.mark.slow
@pytest.mark.timeout(TIMEOUT_S + 30)
def test_a_mapper_goes_from_save_to_findings_to_a_regenerated_range_and_back() -> None:
    reason = _missing()
    if reason is not None:
        pytest.skip(reason)
    run = subprocess.run(
        [shutil.which("npm") or "npm", "run", "--silent", "e2e"],
        cwd=OVERLAY,
        env={
            **os.environ,
            "COMPANION_PYTHON": sys.executable,
            "CHROMIUM_PATH": _browser() or "",
            "NO_COLOR": "1",
        },
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert run.returncode == 0, f"{run.stdout}\n{run.stderr}"
