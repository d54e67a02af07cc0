"""Warnings about collapse and divergence, each given once."""

from __future__ import annotations

import pytest
import torch
from ferkit_cycleat.watch import Watch, diversity, relative_diversity

QUIET = {
    "loss": 5.0,
    "diversity_s_to_a": 0.9,
    "diversity_a_to_s": 1.1,
    "loss_d_s": 0.2,
    "loss_d_a": 0.15,
}


def test_diversity_by_hand() -> None:
    images = torch.tensor([0.0, 1.0, 3.0])[:, None, None, None].expand(-1, 3, 2, 2)
    assert diversity(images) == pytest.approx((1 + 2 + 3) / 3)
    assert diversity(images[:1]) == 0


def test_the_same_picture_for_all_has_no_diversity_and_the_originals_have_all_of_it() -> None:
    originals, real = torch.randn(6, 3, 4, 4), 2 * torch.randn(6, 3, 4, 4)
    assert relative_diversity(torch.ones(6, 3, 4, 4), originals, real) == 0
    assert relative_diversity(originals, originals, real) == pytest.approx(1)


def test_a_domain_of_like_images_asks_for_no_more_diversity_than_it_has() -> None:
    originals = torch.randn(6, 3, 4, 4)
    assert relative_diversity(0.1 * originals, originals, 0.1 * originals) == pytest.approx(1)
    assert relative_diversity(originals, originals, torch.zeros(6, 3, 4, 4)) == 1


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("diversity_s_to_a", 0.05, "Mode collapse from source to auxiliary"),
        ("diversity_a_to_s", 0.05, "Mode collapse from auxiliary to source"),
        ("loss_d_s", 0.002, "The discriminator of the source domain has won"),
        ("loss_d_a", 0.002, "The discriminator of the auxiliary domain has won"),
        ("loss", 70.0, "The loss has exploded to more than 10 times its minimum"),
    ],
)
def test_each_trouble_is_told_once_with_its_epoch_and_a_hint(name: str, value: float, words: str) -> None:
    watch = Watch()
    assert watch.look(QUIET) == []
    (warning,) = watch.look({**QUIET, name: value})
    assert words in warning
    assert "ower lr" in warning
    assert watch.look({**QUIET, name: value}) == []


def test_a_mode_without_translation_has_nothing_to_tell() -> None:
    assert Watch().look({"loss": 1.0}) == []


def test_what_was_told_is_remembered_by_a_training_that_goes_on() -> None:
    first, second = Watch(), Watch()
    first.look(QUIET)
    first.look({**QUIET, "loss": 70.0})
    second.restore(first.state())
    assert second.look({**QUIET, "loss": 80.0}) == []
    assert second.look({**QUIET, "loss_d_a": 0.0}) != []
