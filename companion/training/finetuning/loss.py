"""What training minimises: surprise at the tokens that are asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.nn import functional as F

from companion.engine.events import EventType

if TYPE_CHECKING:
    from torch import Tensor

    from companion.engine.vocabulary import Vocabulary
    from companion.training.data.draws import Batch
    from companion.training.data.options import ExampleOptions


def token_loss(
    logits: Tensor, batch: Batch, vocabulary: Vocabulary, options: ExampleOptions
) -> Tensor:
    """Mean surprise in nats; times weigh more where the family was trained so.

    As with the published checkpoints the weighted sum is divided by the number of tokens, not by
    the sum of their weights.

    Args:
        logits: Shape = (n, n_tokens, vocab_out).
        batch: What was asked for.
        vocabulary: What the ids mean.
        options: Weight of times and label smoothing.
    """
    targets = batch.targets[batch.predicted]
    nats = F.cross_entropy(
        logits[batch.predicted],
        targets,
        label_smoothing=options.label_smoothing,
        reduction="none",
    )
    if options.rhythm_weight != 1.0:
        kind = vocabulary.ranges[EventType.TIME_SHIFT]
        is_time = (targets >= kind.first_id) & (targets < kind.end_id)
        nats = nats * is_time.to(nats.dtype).mul(options.rhythm_weight - 1).add(1)
    return nats.sum() / max(len(targets), 1)
