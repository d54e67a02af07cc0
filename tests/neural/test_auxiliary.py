"""Auxiliary losses of heads: added in training, logged by epoch, absent from evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from ferkit.components.component import Component
from ferkit.components.contract import agree_on_head
from ferkit.errors import ComponentError, RunError
from ferkit.neural.auxiliary import batch_loss
from ferkit.neural.estimator import NeuralEstimator
from ferkit.neural.network import Network
from tests.builders import LABELS, TinyBackbone, TinyHead
from tests.neural.tiny import fit, tiny_estimator

WHO = Component("head", "aux", "package:Head", "Auxiliary")


class AuxiliaryHead(TinyHead):
    """An auxiliary loss, and logits of a second classifier."""

    def __init__(self, size: float = 0.1, auxiliary_weight: float = 0.5) -> None:
        super().__init__(8, len(LABELS))
        self.second = nn.Linear(8, len(LABELS))
        self.size, self.auxiliary_weight = size, auxiliary_weight

    def forward(self, features: Tensor) -> Any:
        logits = super().forward(features)
        if not self.training:
            return logits
        second = self.second(features.mean(dim=(2, 3)))
        return logits, {"size": self.size * logits.square().mean(), "second": second}


def estimator(head: type[AuxiliaryHead] = AuxiliaryHead, **options: Any) -> NeuralEstimator:
    settings = {name: options.pop(name) for name in ("size", "auxiliary_weight") if name in options}
    made = tiny_estimator(**options)

    def build(counts: object) -> Network:
        backbone = TinyBackbone()
        return Network(backbone, head(**settings), nn.Identity(), backbone.default_stage)

    made.build_network = build
    return made


@pytest.mark.parametrize("is_soft", [False, True])
def test_the_loss_of_a_batch_is_the_weighted_sum(is_soft: bool) -> None:
    torch.manual_seed(0)
    logits, second = torch.randn(2, 4, 3)
    targets = torch.randn(4, 3).softmax(dim=1) if is_soft else torch.tensor([0, 1, 2, 1])
    values = {"size": torch.tensor(0.7), "second": second}
    network = Network(TinyBackbone(), AuxiliaryHead(auxiliary_weight=0.25), nn.Identity(), "late")
    found = batch_loss((logits, values), targets, nn.CrossEntropyLoss(), network)
    main, other = cross_entropy(logits, targets), cross_entropy(second, targets)
    assert found.main.item() == pytest.approx(main.item())
    assert found.total.item() == pytest.approx(main.item() + 0.7 + 0.25 * other.item())
    assert {k: v.item() for k, v in found.auxiliary.items()} == pytest.approx(
        {"size": 0.7, "second": other.item()}
    )


def test_auxiliary_losses_train_the_network_and_are_logged_by_epoch() -> None:
    epochs = fit(estimator(epochs=6))
    assert all(set(one.details) == {"auxiliary_size", "auxiliary_second"} for one in epochs)
    assert epochs[-1].details["auxiliary_second"] < epochs[0].details["auxiliary_second"]
    unweighted = fit(estimator(epochs=6, auxiliary_weight=0.0, size=0.0))
    assert unweighted[-1].train_loss != epochs[-1].train_loss
    assert fit(tiny_estimator(epochs=1))[0].details == {}


def test_an_auxiliary_loss_of_weight_0_changes_no_number() -> None:
    plain, weightless = tiny_estimator(epochs=1), estimator(epochs=1, auxiliary_weight=0.0, size=0.0)
    (one,), (other,) = fit(plain), fit(weightless)
    assert other.train_loss == pytest.approx(one.train_loss, rel=1e-6)


def test_a_stopped_training_with_auxiliary_losses_ends_with_the_same_numbers(tmp_path: Path) -> None:
    expected = fit(estimator())
    stopped = estimator(state_file=tmp_path / "state.pt")
    epochs = stopped.fit(*two())
    next(epochs), next(epochs)
    epochs.close()
    resumed = fit(estimator(state_file=tmp_path / "state.pt"))
    assert [one.details for one in resumed] == [one.details for one in expected[1:]]
    again = fit(estimator(state_file=tmp_path / "state.pt"))
    assert [one.details for one in again] == [expected[-1].details]


def two() -> Any:
    from tests.neural.tiny import FACES

    return FACES, FACES[::2]


def test_an_auxiliary_loss_that_is_not_finite_is_named() -> None:
    with pytest.raises(RunError, match=r"auxiliary loss 'size' of AuxiliaryHead"):
        fit(estimator(size=float("inf")))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"size": torch.zeros(4)}, "'size'.*scalar"),
        ({"size": 0.5}, "'size'.*scalar"),
        ({3: torch.tensor(0.5)}, "strings"),
        ([torch.tensor(0.5)], "mapping of auxiliary values"),
    ],
)
def test_auxiliary_values_of_another_form_are_refused_by_name(values: Any, expected: str) -> None:
    class Wrong(nn.Module):
        def forward(self, features: Tensor) -> Any:
            return torch.zeros(4, 3), values

    head = Wrong()
    agree_on_head(head, WHO, 3)
    with pytest.raises(ComponentError, match=rf"head 'aux'.*{expected}"):
        head(torch.zeros(4, 8, 2, 2))


def test_a_head_that_gives_auxiliary_values_in_eval_mode_is_refused() -> None:
    class Always(nn.Module):
        def forward(self, features: Tensor) -> Any:
            return torch.zeros(4, 3), {"size": torch.tensor(0.5)}

    head = Always()
    agree_on_head(head, WHO, 3)
    assert len(head(torch.zeros(4, 8, 2, 2))) == 2
    with pytest.raises(ComponentError, match="eval mode"):
        head.eval()(torch.zeros(4, 8, 2, 2))
