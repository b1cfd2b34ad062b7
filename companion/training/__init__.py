"""Training and judging of the bundled model, and training of any other further.

``library`` finds sets and leaves some out, ``spectra`` and ``charts`` prepare sound and maps,
``material`` gathers all of it. ``draws`` and ``batches`` make training windows, ``losses`` and
``loop`` train on them, ``judging`` looks at held-out windows meanwhile. ``evaluate`` judges a
finished model through the engine's own interface, with ``hearings``, ``faults`` and ``continuing``;
``figures`` and ``measures`` sum up. The packages ``data`` and ``finetuning`` train any checkpoint
further on any folder of sets. Nothing of the companion imports this package; it may import
``companion.engine`` and below.
"""
