"""The networks: what turns windows of a song and a prompt into distributions over the vocabulary.

``backbone`` is the one interface that the rest of the engine knows; ``whisper``, ``rope_whisper``,
``var_whisper`` and ``bundled`` stand behind it and are imported only when a checkpoint of theirs is
loaded. ``layered_backbone`` runs the first two, with ``attention`` and ``rotary`` positions.
``settings`` holds what a checkpoint's own files say about it. May import ``companion.beatmap``,
``companion.errors`` and the torch-free values of ``companion.engine``.
"""
