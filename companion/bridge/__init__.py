"""Between the world and the session: files, windows and clients.

Owns the watcher, the detectors, the loopback server and the conductor that carries out what the
session asks for. The only package that knows both the protocol and the session.
"""

from __future__ import annotations
