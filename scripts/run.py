"""Start the companion on any machine with Python 3.11 or newer: sets everything up, then runs it.

``python scripts/run.py demo`` is ``companion demo``; without arguments it is ``companion run``.
"""

from __future__ import annotations

import sys

from bootstrap import hand_over, prepare


def main() -> None:
    """Hand over to the command line of the companion."""
    python = prepare(dev=False)
    hand_over([str(python), "-m", "companion", *(sys.argv[1:] or ["run"])])


if __name__ == "__main__":
    main()
