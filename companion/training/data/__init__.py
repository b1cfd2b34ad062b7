"""Beatmap sets to train on, from a Songs folder, ``.osz`` archives or an MMRS folder.

``sources`` finds sets and reads their files, ``records`` says what is in one, ``index`` remembers
that between runs, ``selection`` chooses maps and parts songs to train on from songs to judge by,
``sounds`` keeps decoded songs. ``variation`` and ``disturbance`` are the ways in which maps and
sound are changed at random, ``examples`` makes what a model is trained on with the engine's own
prompts, ``draws`` picks them by number. ``metadata_table`` and ``hub`` need an optional extra.
May import ``companion.engine`` and below.
"""
