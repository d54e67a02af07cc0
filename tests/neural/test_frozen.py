from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from ferkit.neural.network import Network
from tests.builders import TinyBackbone
from tests.neural.tiny import FACES, fit, tiny_estimator, tiny_network


def test_a_frozen_backbone_sees_each_test_image_once_per_fit() -> None:
    estimator = tiny_estimator(epochs=3, is_frozen=True)
    networks: list[Network] = []

    def build(class_counts: Sequence[float]) -> Network:
        networks.append(tiny_network(is_frozen=True))
        return networks[-1]

    estimator.build_network = build
    fit(estimator)
    backbone = networks[0].backbone
    assert isinstance(backbone, TinyBackbone)
    training_batches = -(-len(FACES) // 4)
    test_batches = -(-len(FACES[::2]) // 4)
    assert backbone.calls == 3 * training_batches + test_batches


def test_a_frozen_backbone_is_not_part_of_the_state(tmp_path: Path) -> None:
    fit(tiny_estimator(state_file=tmp_path / "state.pt", is_frozen=True))
    state = torch.load(tmp_path / "state.pt", weights_only=True)
    assert set(state["network"]) == {"head.classify.weight", "head.classify.bias"}


def test_kept_features_change_no_score() -> None:
    frozen = tiny_estimator(epochs=2, is_frozen=True)
    kept = fit(frozen)[-1].probabilities
    network = frozen._fitted().network
    network.backbone.requires_grad_(True)
    assert np.array_equal(frozen.predict(FACES[::2]), kept)
