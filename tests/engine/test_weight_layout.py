from __future__ import annotations

import torch
from torch import nn

from companion.engine.model.weight_layout import lay_out_for_steps


class Network(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        square, narrow = nn.Linear(8, 8), nn.Linear(16, 8)
        self.square = (square,)
        self.model = nn.ModuleDict(
            {
                "encoder": nn.ModuleDict({"square": nn.Linear(8, 8)}),
                "decoder": nn.ModuleDict({"square": square, "narrow": narrow}),
            }
        )
        self.proj_out = nn.Linear(8, 32, bias=False)


def test_weights_keep_their_values_and_shapes() -> None:
    network = Network()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    given = torch.randn(3, 8)
    said = network.proj_out(network.square[0](given))
    lay_out_for_steps(network)
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
    after = network.proj_out(network.square[0](given))
    torch.testing.assert_close(after, said)


def test_only_what_a_step_reads_faster_is_stored_by_columns() -> None:
    network = Network()
    lay_out_for_steps(network)
    by_columns = {
        name
        for name, value in network.state_dict().items()
        if value.dim() == 2 and not value.is_contiguous()
    }
    assert by_columns == {"model.decoder.square.weight", "proj_out.weight"}
