"""Model inference in-process: audio and a beatmap in, surprisal or new objects out.

Owns everything that knows about tokens, windows and networks. May import ``companion.findings``,
``companion.beatmap``, ``companion.settings`` and ``companion.errors``; never asyncio or sockets.
Importing this package loads no model framework; ``requests`` is its light public face.
"""
