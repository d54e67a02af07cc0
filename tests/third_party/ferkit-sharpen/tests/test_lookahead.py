import pytest
import torch
from ferkit_sharpen.callback import LookaheadCallback
from torch import nn

from ferkit.plugin import TrainingSetup


def test_it_is_the_algorithm_of_the_paper():
    network = nn.Linear(1, 1, bias=False)
    network.weight.data.fill_(1.0)
    callback = LookaheadCallback(every=2, rate=0.25)
    callback.begin(TrainingSetup(network, None, epochs=1, steps_per_epoch=4))
    seen = []
    for _ in range(4):
        network.weight.data.add_(1.0)
        callback.end_step()
        seen.append(network.weight.item())
    assert seen == pytest.approx([2.0, 1.5, 2.5, 2.0])


@pytest.mark.parametrize(("options", "word"), [({"every": 0}, "every"), ({"rate": 0.0}, "rate")])
def test_a_wrong_option_is_named(options, word):
    with pytest.raises(ValueError, match=f"^{word}: expected .*, got 0"):
        LookaheadCallback(**options)


def test_frozen_parameters_have_no_slow_weights():
    network = nn.Linear(2, 2)
    network.weight.requires_grad_(False)
    callback = LookaheadCallback()
    callback.begin(TrainingSetup(network, None, epochs=1, steps_per_epoch=1))
    assert [one.shape for one in callback.slow] == [torch.Size([2])]
