"""Temperature and logit adjustment, in training and prediction."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from ferkit_outputs.logit_adjustment import LogitAdjustmentOutput
from ferkit_outputs.temperature import TemperatureOutput

from ferkit.errors import RecipeError
from ferkit.neural.checkpoint import load_network
from ferkit.neural.network import Network
from ferkit.recipe.load import load_recipe
from tests.builders import LABELS as BUILT
from tests.builders import TinyBackbone, TinyHead, make_faces
from tests.neural.tiny import tiny_estimator

LABELS = ("anger", "fear", "neutral")
PRIOR = {"neutral": 70.0, "anger": 20.0, "fear": 10.0}
LOGITS = torch.randn(5, 3, generator=torch.Generator().manual_seed(0)) * 3


def test_a_temperature_divides_and_changes_no_class() -> None:
    output = TemperatureOutput(2.5).eval()
    torch.testing.assert_close(output(LOGITS), LOGITS / 2.5)
    assert torch.equal(output(LOGITS).argmax(dim=1), LOGITS.argmax(dim=1))


@pytest.mark.parametrize(("phase", "divisor"), [("evaluation", 1.0), ("always", 4.0)])
def test_training_is_divided_only_if_asked(phase: Any, divisor: float) -> None:
    torch.testing.assert_close(TemperatureOutput(4.0, phase).train()(LOGITS), LOGITS / divisor)


def test_a_given_temperature_is_not_trained_and_a_learned_one_falls_where_answers_are_right() -> None:
    assert not any(one.requires_grad for one in TemperatureOutput(2.0).parameters())
    output = TemperatureOutput(2.0, "always", learned=True)
    optimizer = torch.optim.SGD(output.parameters(), lr=0.1)
    torch.nn.functional.cross_entropy(output(LOGITS), LOGITS.argmax(dim=1)).backward()
    optimizer.step()
    assert output.logarithm.exp().item() < 2.0


def test_training_on_adjusted_logits_answers_with_plain_ones() -> None:
    output = LogitAdjustmentOutput(LABELS, prior=PRIOR, tau=2.0)
    shares = torch.tensor([0.2, 0.1, 0.7])
    torch.testing.assert_close(output.train()(LOGITS), LOGITS + 2 * shares.log())
    torch.testing.assert_close(output.eval()(LOGITS), LOGITS)


def test_adjusting_afterwards_divides_probabilities_by_the_prior() -> None:
    output = LogitAdjustmentOutput(LABELS, prior=PRIOR, phase="evaluation")
    assert output.train()(LOGITS) is LOGITS
    balanced = LOGITS.softmax(dim=1) / torch.tensor([0.2, 0.1, 0.7])
    expected = balanced / balanced.sum(dim=1, keepdim=True)
    torch.testing.assert_close(output.eval()(LOGITS).softmax(dim=1), expected)


def test_answers_are_adjusted_further_whatever_the_training_was() -> None:
    shares = torch.tensor([0.2, 0.1, 0.7]).log()
    trained = LogitAdjustmentOutput(LABELS, prior=PRIOR, tau=2.0, further=0.5)
    torch.testing.assert_close(trained.train()(LOGITS), LOGITS + 2 * shares)
    torch.testing.assert_close(trained.eval()(LOGITS), LOGITS - 0.5 * shares)
    after = LogitAdjustmentOutput(LABELS, prior=PRIOR, tau=2.0, phase="evaluation", further=0.5)
    torch.testing.assert_close(after.eval()(LOGITS), LOGITS - 2.5 * shares)


def test_a_class_may_be_held_back_in_the_answers_alone() -> None:
    output = LogitAdjustmentOutput(LABELS, prior=PRIOR, further=0.5, bias={"neutral": -0.5})
    shares = torch.tensor([0.2, 0.1, 0.7]).log()
    torch.testing.assert_close(output.train()(LOGITS), LOGITS + shares)
    expected = LOGITS - 0.5 * shares + torch.tensor([0.0, 0.0, -0.5])
    torch.testing.assert_close(output.eval()(LOGITS), expected)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: TemperatureOutput(0.0), r"temperature: expected a number above 0, got 0\.0"),
        (
            lambda: TemperatureOutput(learned=True),
            'learned: .* needs phase = "always"',
        ),
        (
            lambda: LogitAdjustmentOutput(LABELS, prior={"anger": 1.0}),
            "prior: .* got none for fear, neutral",
        ),
        (
            lambda: LogitAdjustmentOutput(LABELS, prior={**PRIOR, "joy": 1.0}),
            "prior: no label is called joy; the labels are anger, fear, neutral",
        ),
        (lambda: LogitAdjustmentOutput(LABELS, prior={**PRIOR, "fear": 0.0}), r"got 0\.0 for fear"),
        (lambda: LogitAdjustmentOutput(LABELS, prior=PRIOR, tau=-1.0), r"tau: expected .* got -1\.0"),
        (
            lambda: LogitAdjustmentOutput(LABELS, prior=PRIOR, bias={"joy": 1.0}),
            "bias: no label is called joy; the labels are anger, fear, neutral",
        ),
        (
            lambda: LogitAdjustmentOutput(LABELS, prior=PRIOR, bias={"fear": math.inf}),
            "bias: expected finite numbers, got inf for fear",
        ),
        (
            lambda: LogitAdjustmentOutput(LABELS, [3, 0, 1]),
            r"training images of every class, got \[3, 0, 1\]",
        ),
        (lambda: LogitAdjustmentOutput(LABELS), "without a prior needs training images of every class"),
    ],
)
def test_an_option_that_can_not_be_is_named(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_without_a_prior_it_is_that_of_the_training_images_or_of_their_soft_targets() -> None:
    output = LogitAdjustmentOutput(LABELS, [1.5, 0.5, 8.0], tau=2.0)
    torch.testing.assert_close(output.train()(LOGITS), LOGITS + 2 * torch.tensor([0.15, 0.05, 0.8]).log())


def test_a_network_is_trained_with_the_counts_of_its_faces_and_keeps_what_came_of_them(
    tmp_path: Path,
) -> None:
    """Rebuilt with other counts, as where only its file is known, it has the adjustment of its training."""
    faces = [*make_faces(per_class=6)[:12], *make_faces(per_class=2)[4:]]
    faces[0] = replace(
        faces[0], sample=replace(faces[0].sample, soft_target={"anger": 0.75, "neutral": 0.25})
    )

    def build(counts: Sequence[float]) -> Network:
        output = LogitAdjustmentOutput(BUILT, counts, phase="evaluation")
        return Network(TinyBackbone(), TinyHead(8, len(BUILT)), output, "late")

    estimator = tiny_estimator(epochs=1)
    estimator.build_network = build
    list(estimator.fit(faces, faces[:2]))
    estimator.save(tmp_path / "model.safetensors")
    network = build([1, 1, 1])
    network.load_state_dict(load_network(tmp_path / "model.safetensors", BUILT))
    expected = torch.tensor([5.75, 6.0, 2.25]) / 14
    torch.testing.assert_close(network.get_buffer("output.adjustment"), expected.log())


def test_a_recipe_may_name_a_prior_of_seven_labels_before_its_data_are_known() -> None:
    shares = ", ".join(f"{label}=1" for label in PRIOR)
    output = f'model.output={{name="logit_adjustment", prior={{{shares}}}}}'
    plugins = 'plugins=["ferkit_outputs"]'
    recipe, _ = load_recipe("quickstart", [plugins, output])
    assert recipe.model.output.name == "logit_adjustment"
    with pytest.raises(RecipeError, match=r"prior: expected fractions above 0, got -1\.0 for fear"):
        load_recipe("quickstart", [plugins, output.replace("fear=1", "fear=-1")])
