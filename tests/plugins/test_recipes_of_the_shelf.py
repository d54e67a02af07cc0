"""Recipes with components of several plugins: checks and dry runs."""

from __future__ import annotations

import pytest

from ferkit.errors import RecipeError
from ferkit.recipe.load import load_recipe

COSINES = 'model.head={name="prototype", distance="cosine", temperature=0.0625}'


@pytest.mark.parametrize(
    "overrides",
    [
        ['model.head={name="attention", stage="stage4", kernel=3}'],
        ['model.head={name="prototype", embedding_size=16}'],
        [COSINES, 'loss={name="arcface", scale=16, base={name="label_smoothing"}}'],
        ['loss={name="class_balanced", beta=0.99, gamma=1.0}'],
        ['loss={name="center", base={name="symmetric_cross_entropy", alpha=1.0}}'],
        ['model.output={name="temperature", phase="always", learned=true}'],
        ['model.output={name="logit_adjustment", tau=0.5}'],
    ],
    ids=lambda overrides: overrides[-1].split('"')[1],
)
def test_a_recipe_may_name_it(overrides: list[str]) -> None:
    load_recipe("quickstart", overrides)


@pytest.mark.parametrize(
    ("override", "problem"),
    [
        ('model.head={name="attention", stage="stage9"}', "stage: the backbone has no stage 'stage9'"),
        (
            'model.head={name="prototype", distance="cosin"}',
            "head.distance: expected one of 'euclidean', 'cosine'",
        ),
        ('loss={name="class_balanced", class_counts=[1]}', "ferkit itself gives 'class_counts' to the loss"),
        ('loss={name="arcface", scale=16, base="focal"}', "loss.base: expected a loss"),
        ('data={name="rafdb", root="nowhere"}', "from its authors"),
        ('data={name="rafdb", root="nowhere", images="cut"}', "data.images: expected one of 'aligned'"),
        ('data={name="ckplus", root="nowhere"}', "jeffcohn"),
        ('detector={name="retinaface", max_size="x"}', "detector.max_size: expected"),
    ],
)
def test_what_is_wrong_with_it_is_told_by_its_key(override: str, problem: str) -> None:
    with pytest.raises(RecipeError, match=problem):
        load_recipe("quickstart", [override])
