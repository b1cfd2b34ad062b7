"""Training the bundled model, training any checkpoint further, and judging both.

``library`` finds sets and leaves some out, ``spectra`` and ``charts`` prepare sound and maps,
``material`` gathers all of it. ``draws`` and ``batches`` make training windows, ``losses`` and
``loop`` train on them, ``judging`` looks at held-out windows meanwhile. ``optimizers`` says how
weights follow their gradients. The packages ``data`` and ``finetuning`` train any checkpoint
further on any folder of sets. ``detecting`` and ``calibration``
teach a small checkpoint what its surprises mean. ``evaluation`` judges any
finished checkpoint through the engine's own interface; ``measures`` sums up. Only the command line
imports this package; it may import ``companion.engine``, ``companion.checks`` and below.
"""
