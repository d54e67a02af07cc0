"""Low-rank adaptation of a tiny network."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
import torch

from ferkit.errors import ComponentError, RunError
from ferkit.neural.checkpoint import load_network
from ferkit.neural.options import Part
from tests.builders import LABELS
from tests.neural.tiny import fit, tiny_estimator, tiny_network

# Not importorskip: importing peft takes each process that collects tests seconds.
pytestmark = pytest.mark.skipif(find_spec("peft") is None, reason="peft, the extra lora, is not installed")
LORA = [Part(name="lora", rank=2)]


def test_the_saved_network_is_a_plain_one_with_changed_convolutions_only(tmp_path: Path) -> None:
    estimator = tiny_estimator(epochs=2, callbacks=LORA)
    fit(estimator)
    estimator.save(tmp_path / "model.safetensors")
    saved = load_network(tmp_path / "model.safetensors", LABELS)
    network = tiny_network()
    network.load_state_dict(saved)
    before = estimator._start().state_dict()
    changed = {name for name in before if not torch.equal(before[name], saved[name])}
    assert changed == {"backbone.early.0.weight", "backbone.late.0.weight"} | {
        name for name in before if name.startswith("head.") and before[name].is_floating_point()
    }
    name = "backbone.late.0.weight"
    assert int(torch.linalg.matrix_rank((saved[name] - before[name]).flatten(1))) == 2


def test_the_saved_network_answers_as_the_trained_one(tmp_path: Path) -> None:
    estimator = tiny_estimator(epochs=2, callbacks=LORA)
    fit(estimator)
    training = estimator._fitted()
    pixels = torch.randn(2, 3, 24, 24)
    with torch.no_grad():
        trained, merged = training.network.eval()(pixels), training.evaluated.eval()(pixels)
    torch.testing.assert_close(trained, merged, atol=1e-5, rtol=0)


def test_a_layer_that_is_not_there_and_a_frozen_backbone_are_refused() -> None:
    with pytest.raises(ComponentError, match=r"no layer .* matches layers = \['block'\]"):
        fit(tiny_estimator(callbacks=[Part(name="lora", layers=["block"])]))
    with pytest.raises(ComponentError, match="the backbone is frozen"):
        fit(tiny_estimator(callbacks=LORA, is_frozen=True))


def test_two_callbacks_with_a_network_of_their_own_are_refused() -> None:
    with pytest.raises(RunError, match="LoRA and ExponentialMovingAverage can't be combined"):
        fit(tiny_estimator(callbacks=[*LORA, Part(name="ema")]))
