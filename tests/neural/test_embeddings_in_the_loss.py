"""Losses of embeddings: they get what the head's last layer got, whatever the head."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from ferkit_losses.center import CenterLoss
from torch import Tensor, nn
from torch.nn import functional as F

from ferkit.errors import ComponentError, RecipeError
from ferkit.neural.auxiliary import batch_loss, call_loss
from ferkit.neural.estimator import NeuralEstimator
from ferkit.neural.network import Network
from ferkit.recipe.load import load_recipe
from tests.builders import LABELS, TinyBackbone, TinyHead
from tests.neural.tiny import FACES, fit, tiny_estimator


class EmbeddingHead(TinyHead):
    """Dropout is part of the embedding, so a second call would give another one."""

    def __init__(self) -> None:
        super().__init__(8, len(LABELS))
        self.dropout = nn.Dropout(0.5)

    def embed(self, features: Tensor) -> Tensor:
        return self.dropout(features.mean(dim=(2, 3)))

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.classify(self.embed(features))
        return logits


def network(head: nn.Module) -> Network:
    backbone = TinyBackbone()
    made = Network(backbone, head, nn.Identity(), backbone.default_stage)
    made.keeps_embeddings = True
    return made


def test_the_loss_gets_the_input_of_the_last_layer_of_the_same_call() -> None:
    made = network(EmbeddingHead())
    answer = made(torch.randn(4, 3, 24, 24))
    kept = made.take_embeddings()
    torch.testing.assert_close(made.head.classify(kept), answer)
    copy.deepcopy(made)  # as a moving average of the weights does
    with pytest.raises(ComponentError, match="EmbeddingHead"):
        made.take_embeddings()


def test_center_loss_pulls_embeddings_to_the_centres_of_their_classes() -> None:
    made, loss = network(EmbeddingHead()), CenterLoss(3, weight=0.1, source="embeddings")
    targets = torch.tensor([0, 1, 2, 1])
    answer = made(torch.randn(4, 3, 24, 24))
    points = made._embeddings.detach().clone()
    found = batch_loss(answer, targets, loss, made)
    expected = F.cross_entropy(answer, targets) + 0.1 * points.square().sum(dim=1).mean() / 2
    torch.testing.assert_close(found.total, expected)
    torch.testing.assert_close(loss.centers[0], 0.5 * points[0] / 2)
    assert loss.centers.shape == (3, 8)


def test_center_loss_is_restored_with_the_size_of_its_embeddings() -> None:
    loss, other = CenterLoss(3, source="embeddings"), CenterLoss(3, source="embeddings")
    loss.centers = torch.randn(3, 8)
    other.load_state_dict(loss.state_dict())
    assert torch.equal(other.centers, loss.centers)


def estimator(**options: Any) -> NeuralEstimator:
    made = tiny_estimator(loss=CenterLoss(3, weight=0.1, source="embeddings"), **options)

    def build(counts: object) -> Network:
        return Network(backbone := TinyBackbone(), EmbeddingHead(), nn.Identity(), backbone.default_stage)

    made.build_network = build
    return made


def test_a_stopped_training_with_centres_of_embeddings_ends_with_the_same_numbers(tmp_path: Path) -> None:
    expected = fit(estimator())
    epochs = estimator(state_file=tmp_path / "state.pt").fit(FACES, FACES[::2])
    next(epochs), next(epochs)
    epochs.close()
    resumed = fit(estimator(state_file=tmp_path / "state.pt"))
    assert [(e.train_loss, e.validation_loss) for e in resumed] == [
        (e.train_loss, e.validation_loss) for e in expected[1:]
    ]


def test_a_head_that_does_not_embed_is_refused_by_name() -> None:
    with pytest.raises(ComponentError, match=r"TinyHead.*embed"):
        network(TinyHead(8, 3))(torch.randn(4, 3, 24, 24))


def test_as_a_base_it_gets_no_embeddings_and_says_so() -> None:
    loss = CenterLoss(3, base=CenterLoss(3, source="embeddings"))
    with pytest.raises(ComponentError, match="outer loss"):
        call_loss(loss, torch.randn(4, 3), torch.tensor([0, 1, 2, 1]), network(EmbeddingHead()))


RECIPE = """
name = "squares"
plugins = ["tests.plugins_for_tests.tiny_plugin"]
data = {{ name = "squares", root = "{root}" }}
detector = {{ name = "whole_image" }}
model = {{ image_size = 24, backbone = {{ name = "tiny" }}, head = {{ name = "{head}" }} }}
loss = {{ name = "center", source = "embeddings" }}
"""


@pytest.mark.parametrize("head", ["linear", "attention", "prototype"])
def test_the_check_accepts_any_head_that_embeds(tmp_path: Path, head: str) -> None:
    file = tmp_path / "squares.toml"
    file.write_text(RECIPE.format(root=tmp_path / "images", head=head))
    load_recipe(str(file))


def test_the_check_names_a_head_that_does_not_embed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("ferkit_heads.linear.LinearHead.embed")
    file = tmp_path / "squares.toml"
    file.write_text(RECIPE.format(root=tmp_path / "images", head="linear"))
    with pytest.raises(RecipeError, match=r"loss: .*center.*head 'linear'.*embed"):
        load_recipe(str(file))
