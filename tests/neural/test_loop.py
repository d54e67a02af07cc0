from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from ferkit.errors import RunError
from ferkit.interfaces import Epoch
from ferkit.neural import options as fit_options
from ferkit.neural.batches import FaceImages
from ferkit.neural.loop import BatchReport
from tests.builders import LABELS
from tests.neural.tiny import FACES, fit, parts, tiny_estimator


def numbers(epochs: Sequence[Epoch]) -> list[tuple[float, float, float, bytes]]:
    """All that an epoch came to, but its time."""
    return [(e.train_loss, e.train_accuracy, e.validation_loss, e.probabilities.tobytes()) for e in epochs]


def test_a_network_learns_what_can_be_learnt() -> None:
    epochs = fit(tiny_estimator(epochs=15))
    predicted = epochs[-1].probabilities.argmax(axis=1)
    truth = [LABELS.index(face.sample.label) for face in FACES[::2]]
    assert np.mean(predicted == truth) > 0.8
    assert epochs[-1].train_loss < epochs[0].train_loss


def test_probabilities_are_rows_that_add_up_to_one() -> None:
    (epoch,) = fit(tiny_estimator(epochs=1))
    assert epoch.probabilities.shape == (len(FACES[::2]), len(LABELS))
    assert epoch.probabilities.sum(axis=1) == pytest.approx(1)


def test_predict_after_fit_gives_the_last_epochs_probabilities() -> None:
    estimator = tiny_estimator(epochs=2)
    last = fit(estimator)[-1]
    assert np.array_equal(estimator.predict(FACES[::2]), last.probabilities)


def test_predict_before_fit_is_refused() -> None:
    with pytest.raises(RunError, match="has not been fitted"):
        tiny_estimator().predict(FACES)


def test_the_same_seed_gives_the_same_numbers_and_another_seed_others() -> None:
    other = tiny_estimator()
    other.seed = 6
    assert numbers(fit(tiny_estimator())) == numbers(fit(tiny_estimator()))
    assert numbers(fit(tiny_estimator())) != numbers(fit(other))


@pytest.mark.parametrize("schedule", [fit_options.Part(name="one_cycle"), fit_options.Part(name="constant")])
@pytest.mark.parametrize("stop_after", [1, 2])
def test_a_stopped_training_ends_with_the_numbers_of_one_that_was_not(
    tmp_path: Path, stop_after: int, schedule: fit_options.Part
) -> None:
    whole = tiny_estimator(schedule=schedule)
    expected = numbers(fit(whole))
    stopped = tiny_estimator(state_file=tmp_path / "state.pt", schedule=schedule).fit(FACES, FACES[::2])
    for _ in range(stop_after + 1):
        next(stopped)
    stopped.close()
    resumed = tiny_estimator(state_file=tmp_path / "state.pt", schedule=schedule)
    assert numbers(fit(resumed)) == expected[stop_after:]
    whole.save(tmp_path / "whole.safetensors")
    resumed.save(tmp_path / "resumed.safetensors")
    assert (tmp_path / "whole.safetensors").read_bytes() == (tmp_path / "resumed.safetensors").read_bytes()


def test_a_loss_that_is_not_a_number_stops_the_run_and_says_where() -> None:
    estimator = tiny_estimator()
    estimator.build_parts = lambda counts: parts(estimator.options, loss=_NotANumber())
    told = r"the loss became nan in epoch 1, batch 1.*the loss, _NotANumber of .*fit.optimizer.lr"
    with pytest.raises(RunError, match=told):
        fit(estimator)


class _NotANumber(nn.Module):
    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return logits.sum() * float("nan")


def test_a_gradient_that_is_not_finite_stops_the_run_with_the_parameters_name() -> None:
    estimator = tiny_estimator()
    estimator.build_parts = lambda counts: parts(estimator.options, loss=_Cliff())
    with pytest.raises(RunError, match=r"gradient of \S+ is no longer finite in epoch 1, batch 1"):
        fit(estimator)


class _Cliff(nn.Module):
    """Its value is 0, its slope infinite."""

    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return (logits - logits.detach()).sum().sqrt()


def test_a_loss_that_writes_into_its_targets_changes_no_score() -> None:
    estimator = tiny_estimator(epochs=1)
    estimator.build_parts = lambda counts: parts(estimator.options, loss=_Zeroes())
    (spoilt,), (right,) = fit(estimator), fit(tiny_estimator(epochs=1))
    assert spoilt.train_accuracy == right.train_accuracy


class _Zeroes(nn.CrossEntropyLoss):
    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        loss = super().forward(logits, nn.functional.one_hot(targets, logits.shape[1]).float())
        targets.zero_()
        return loss


def test_each_epoch_is_told_to_the_images_it_alters(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    get = FaceImages.__getitem__
    monkeypatch.setattr(FaceImages, "__getitem__", lambda self, key: asked.append(key) or get(self, key))
    list(tiny_estimator(epochs=2).fit(FACES, FACES[:1]))
    orders = [[place for epoch, place in asked if epoch == number] for number in (1, 2)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(len(FACES)))
    assert orders[0] != orders[1]


def test_every_batch_is_reported() -> None:
    reports: list[BatchReport] = []
    estimator = tiny_estimator(epochs=1)
    estimator.on_batch = reports.append
    (epoch,) = fit(estimator)
    assert [report.batch for report in reports] == list(range(1, 6))
    assert reports[-1].loss == epoch.train_loss


def test_outputs_that_are_not_finite_are_never_scored() -> None:
    estimator = tiny_estimator(epochs=1)
    list(estimator.fit(FACES, FACES))
    with torch.no_grad():
        next(estimator._fitted().network.head.parameters()).fill_(torch.nan)
    with pytest.raises(RunError, match="outputs are no longer finite"):
        estimator.predict(FACES)


def test_a_gpu_that_is_not_there_is_refused() -> None:
    count = torch.cuda.device_count()
    estimator = tiny_estimator(epochs=1)
    estimator.options = estimator.options.model_copy(update={"device": f"cuda:{count}"})
    with pytest.raises(RunError, match=f"fit.device is 'cuda:{count}', but torch sees {count} GPUs"):
        fit(estimator)


def test_bfloat16_trains_and_gives_probabilities_in_double() -> None:
    (epoch,) = fit(tiny_estimator(epochs=1, precision="bfloat16"))
    assert epoch.probabilities.dtype == np.float64
    assert np.isfinite(epoch.probabilities).all()
