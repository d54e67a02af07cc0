"""The recipe's network as F_S and F_T."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from ferkit_cycleat import attention
from ferkit_cycleat.attention import teach_attention
from ferkit_cycleat.classifiers import NetworkClassifier
from ferkit_cycleat.domains import to_pixels
from ferkit_cycleat.options import Mode
from torch.nn import functional as F

from ferkit.plugin import RunError
from tests.plugins.test_ferkit_cycleat.domains import (
    LABELS,
    TinyModule,
    TinyNetwork,
    hide_labels,
    make_estimator,
    make_faces,
)
from tests.plugins.test_ferkit_cycleat.test_cycleat import numbers

TRAIN = hide_labels(make_faces(4, is_target=True))
WATCHED = hide_labels(make_faces(2, is_target=True))
MODES: tuple[Mode, ...] = get_args(Mode)
IMAGES = torch.randn(4, 3, 16, 16, generator=torch.Generator().manual_seed(0)).clamp(-1, 1)


def network_estimator(state: Path, **options: Any) -> Any:
    given = {"classifier": "network", "network": TinyNetwork(), "warmup_epochs": 0, **options}
    return make_estimator(state, **given)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("kind", get_args(attention.Kind))
def test_a_network_is_trained_without_labels_of_the_target(tmp_path: Path, mode: Mode, kind: str) -> None:
    estimator = network_estimator(tmp_path / "state.pt", mode=mode, attention=kind)
    epochs = list(estimator.fit(TRAIN, WATCHED))
    assert [epoch.probabilities.shape for epoch in epochs] == [(6, len(LABELS))] * 2
    assert estimator.network.counts == [[8, 8, 8]]
    start = TinyModule().classify.weight
    assert torch.equal(estimator._training.source_classifier.module.classify.weight, start)
    assert not torch.equal(estimator._training.target_classifier.module.classify.weight, start)


@pytest.mark.parametrize("mode", MODES)
def test_a_stopped_training_with_dropout_ends_with_the_same_numbers(tmp_path: Path, mode: Mode) -> None:
    options: dict[str, Any] = {"mode": mode, "epochs": 3, "warmup_epochs": 1}
    whole = numbers(network_estimator(tmp_path / "whole.pt", **options).fit(TRAIN, WATCHED))
    stopped = network_estimator(tmp_path / "state.pt", **options).fit(TRAIN, WATCHED)
    next(stopped), next(stopped)
    stopped.close()
    torch.manual_seed(99)
    assert numbers(network_estimator(tmp_path / "state.pt", **options).fit(TRAIN, WATCHED)) == whole[1:]


def test_gradients_of_the_classification_reach_the_generator(tmp_path: Path) -> None:
    estimator = network_estimator(tmp_path / "state.pt")
    next(estimator.fit(TRAIN, WATCHED))
    training = estimator._training
    generator = training.translation.to_auxiliary
    loss = F.cross_entropy(training.target_classifier(generator(IMAGES)), torch.arange(4) % 3)
    (slopes,) = torch.autograd.grad(loss, generator.last.weight)
    assert float(slopes.abs().sum()) > 0


def test_the_network_sees_0_to_1_and_the_last_stage_is_attended_to() -> None:
    module = TinyModule().eval()
    seen = NetworkClassifier(module)(2 * IMAGES.abs() - 1)
    torch.testing.assert_close(seen, module(IMAGES.abs())[1])
    assert NetworkClassifier(module).look(IMAGES)[0].shape[1] == 4


def test_a_frozen_network_teaches_grad_cam() -> None:
    frozen = NetworkClassifier(TinyModule().eval().requires_grad_(False))
    taught = teach_attention("grad_cam", frozen, IMAGES, torch.arange(4) % 3)
    assert not taught.requires_grad
    assert float(taught.norm(dim=1).max()) == pytest.approx(1)


def test_a_network_without_a_model_is_refused(tmp_path: Path) -> None:
    estimator = network_estimator(tmp_path / "state.pt", network=None)
    assert estimator.needs_network
    assert not make_estimator(tmp_path / "other.pt").needs_network
    with pytest.raises(RunError, match=r"estimator\.classifier: .*\[model\]"):
        next(estimator.fit(TRAIN, WATCHED))


def test_grey_faces_have_equal_channels_in_training_and_prediction(tmp_path: Path) -> None:
    faces = make_faces(1, is_target=True)
    pixels = to_pixels(faces, 16, "grey").numpy()
    assert (pixels == pixels[:, :1]).all()
    assert not (to_pixels(faces, 16).numpy() == pixels).all()
    estimator = make_estimator(tmp_path / "state.pt", color="grey")
    epoch = next(estimator.fit(TRAIN, WATCHED))
    np.testing.assert_array_equal(estimator.predict(WATCHED), epoch.probabilities)
    assert estimator._training is not None
    domains = estimator._training.batches.domains
    for one in (domains.source, domains.auxiliary):
        assert torch.equal(one[:, 0], one[:, 2])
