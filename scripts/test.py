"""Run every check on any machine with Python 3.11 or newer: sets everything up first.

Arguments go to ``scripts/check.py``; ``python scripts/test.py --help`` lists them.
"""

from __future__ import annotations

import sys

from bootstrap import ROOT, hand_over, prepare


def main() -> None:
    """Hand over to the checks."""
    python = prepare(dev=True)
    hand_over([str(python), str(ROOT / "scripts" / "check.py"), *sys.argv[1:]])


if __name__ == "__main__":
    main()
