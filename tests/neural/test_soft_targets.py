"""Soft targets reach the loss; the label stays what is counted right, scored and gone on with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ferkit.interfaces import Face
from ferkit.neural.batches import FaceImages, make_loader
from ferkit.neural.evaluation_batches import count_right
from tests.builders import LABELS
from tests.neural.tiny import FACES, parts, tiny_estimator

SHARED = {"happiness": 0.25, "anger": 0.75}


def with_soft_target(face: Face, shares: dict[str, float]) -> Face:
    return replace(face, sample=replace(face.sample, soft_target=shares))


def half_soft() -> list[Face]:
    """The angry faces are a quarter happy; the others have no soft target."""
    return [with_soft_target(one, SHARED) if one.sample.label == "anger" else one for one in FACES]


class Recording(nn.CrossEntropyLoss):
    """Keeps what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.given: list[Tensor] = []

    def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
        self.given.append(targets.clone())
        return super().forward(logits, targets)


def test_a_batch_has_a_share_for_each_label_in_their_order_and_all_for_the_label_of_a_face_without() -> None:
    faces = [with_soft_target(FACES[0], SHARED), FACES[-1]]
    images = FaceImages(faces, LABELS, 24, "facenet")
    _, targets = images.stack([(0, 0), (0, 1)])
    assert targets.dtype == torch.float32
    assert targets.tolist() == [[0.75, 0.25, 0.0], [0.0, 0.0, 1.0]]


def test_without_soft_targets_a_batch_has_label_indices() -> None:
    images = FaceImages(FACES[:2], LABELS, 24, "facenet")
    _, targets = images.stack([(0, 0), (0, 1)])
    assert targets.dtype == torch.int64
    assert targets.tolist() == [0, 0]


def test_worker_processes_give_the_same_soft_targets() -> None:
    def targets(workers: int) -> Tensor:
        loader, _ = make_loader(FaceImages(half_soft(), LABELS, 24, "facenet"), 5, workers, seed=1)
        return torch.cat([targets for _, targets in loader])

    assert torch.equal(targets(0), targets(1))


def test_class_counts_are_of_images_or_of_the_shares_of_soft_targets() -> None:
    assert FaceImages(FACES, LABELS, 24, "facenet").class_counts == [6, 6, 6]
    assert FaceImages(half_soft(), LABELS, 24, "facenet").class_counts == [4.5, 7.5, 6.0]


def test_the_loss_is_given_distributions_in_training_and_in_evaluation() -> None:
    estimator, loss = tiny_estimator(epochs=1), Recording()
    estimator.build_parts = lambda counts: parts(estimator.options, loss=loss)
    list(estimator.fit(half_soft(), half_soft()[:1]))
    assert all(one.dim() == 2 for one in loss.given)
    rows = torch.cat(loss.given[:-1])
    assert sorted(rows.tolist()) == sorted(
        [[0.75, 0.25, 0.0]] * 6 + [[0.0, 1.0, 0.0]] * 6 + [[0.0, 0.0, 1.0]] * 6
    )
    assert loss.given[-1].tolist() == [[0.75, 0.25, 0.0]]


def test_accuracy_counts_the_label_of_a_soft_target() -> None:
    logits = torch.tensor([[3.0, 1.0, 0.0], [0.0, 2.0, 1.0]])
    assert count_right(logits, torch.tensor([[0.6, 0.0, 0.4], [0.5, 0.3, 0.2]])) == 1
    assert count_right(logits, torch.tensor([0, 1])) == 2


def test_the_network_and_the_loss_are_built_with_the_same_counts() -> None:
    estimator = tiny_estimator(epochs=1)
    network, seen = estimator.build_network, []

    def build(counts: Sequence[float]) -> object:
        seen.append(list(counts))
        return network(counts)

    estimator.build_network = build  # type: ignore[assignment]
    estimator.build_parts = lambda counts: seen.append(list(counts)) or parts(estimator.options)  # type: ignore[func-returns-value]
    list(estimator.fit(half_soft(), FACES[:1]))
    assert seen == [[4.5, 7.5, 6.0]] * 2


def test_a_network_learns_the_distribution_and_not_only_the_label() -> None:
    # Each face is all of its class's brightness: what is left to learn is how sure to be.
    torch.manual_seed(0)
    soft, hard = (tiny_estimator(epochs=25) for _ in range(2))
    angry = [place for place, face in enumerate(FACES) if face.sample.label == "anger"]
    for estimator, faces in ((soft, half_soft()), (hard, FACES)):
        list(estimator.fit(faces, faces))
    found, sure = (one.predict(FACES)[angry].mean(axis=0) for one in (soft, hard))
    assert found[1] > sure[1] + 0.1
    assert found[:2] == pytest.approx([0.75, 0.25], abs=0.12)


def test_a_training_on_soft_targets_that_is_gone_on_with_ends_as_if_never_stopped(tmp_path: Path) -> None:
    whole = [epoch.probabilities for epoch in tiny_estimator(epochs=3).fit(half_soft(), FACES)]
    stopped = tiny_estimator(epochs=3, state_file=tmp_path / "state.pt").fit(half_soft(), FACES)
    next(stopped), next(stopped)  # the first epoch's state is kept once the second is asked for
    stopped.close()
    (*_, last) = tiny_estimator(epochs=3, state_file=tmp_path / "state.pt").fit(half_soft(), FACES)
    np.testing.assert_array_equal(last.probabilities, whole[-1])
