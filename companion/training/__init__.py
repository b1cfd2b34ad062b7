"""Training and judging of the bundled model, from folders of beatmap sets.

``library`` finds sets, ``spectra`` and ``charts`` prepare their sound and maps on disk, ``batches``
draws windows, ``losses`` and ``loop`` train, ``evaluate`` and ``measures`` judge. Nothing of the
companion imports this package; it may import ``companion.engine`` and below.
"""
