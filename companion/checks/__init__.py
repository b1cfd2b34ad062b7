"""Rules that a person could verify by hand, from the ranking criteria and from common sense.

One module per category, each check a function that yields issues; ``catalogue`` lists them all.
Pure code over a document: no model, no files beside the one at hand, milliseconds per map.
"""

from __future__ import annotations

from companion.checks.catalogue import CHECKS, run_checks
from companion.checks.check import Check, CheckContext, Issue

__all__ = ["CHECKS", "Check", "CheckContext", "Issue", "run_checks"]
