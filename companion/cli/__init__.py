"""The command line: ``companion run``, ``demo``, ``mod``, ``regenerate``, ``undo``, ``doctor``.

`app` declares the commands and nothing else; what a command does lies in a module of its own, which
is imported when the command runs, so that ``--help`` is quick and never touches torch. The commands
use the same session, engine generators, journal and storage as the daemon.
"""

from __future__ import annotations

from companion.cli.app import app, main

__all__ = ["app", "main"]
