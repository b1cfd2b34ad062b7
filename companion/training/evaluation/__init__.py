"""The yardstick for any checkpoint: how well it knows, writes, mods and times maps of given songs.

``songs`` chooses maps and windows; ``listening`` asks a checkpoint about them through the engine's
own interface. What is measured stands in four parts: ``bits`` (with ``baselines``), ``writing``
(with ``onsets``, ``shapes`` and ``excerpts``), ``faults`` (with ``fault_kinds``, ``planters``,
``planting`` and ``suspicion``) and ``timing``. ``run`` goes through all songs, ``figures`` sums up
with songs as units, ``summary`` makes one value of it, ``report`` and ``plots`` show it. May import
``companion.engine``, ``companion.checks`` and below, and of ``companion.training`` only ``library``
and ``measures``.
"""
