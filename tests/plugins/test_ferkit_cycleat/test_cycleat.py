"""The estimator cycleat: no labels of the target, resuming, warnings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from ferkit_cycleat.cycleat import find_device
from ferkit_cycleat.generators import ResnetGenerator
from ferkit_cycleat.options import Mode
from ferkit_cycleat.state import save_state
from ferkit_cycleat.training import Training

from ferkit.plugin import DataError, Epoch, Face, RunError
from tests.plugins.test_ferkit_cycleat.domains import LABELS, Faces, hide_labels, make_estimator, make_faces

MODES: tuple[Mode, ...] = get_args(Mode)
TRAIN = hide_labels(make_faces(4, is_target=True))
WATCHED = hide_labels(make_faces(6, is_target=True)[-6:])


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "cell" / "state.pt"


def numbers(epochs: Iterator[Epoch] | list[Epoch]) -> list[Any]:
    """All of each epoch that does not depend on the clock."""
    return [
        (
            epoch.number,
            epoch.train_loss,
            epoch.train_accuracy,
            epoch.learning_rate,
            dict(epoch.details),
            epoch.probabilities.tolist(),
            {name: picture.tolist() for name, picture in epoch.pictures.items()},
        )
        for epoch in epochs
    ]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("has_auxiliary", [False, True])
def test_labels_of_the_target_and_of_the_auxiliary_faces_are_never_read(
    state: Path, mode: Mode, has_auxiliary: bool
) -> None:
    auxiliary = Faces(hide_labels(make_faces(2))) if has_auxiliary else None
    estimator = make_estimator(state, mode=mode, auxiliary=auxiliary)
    for number, epoch in enumerate(estimator.fit(TRAIN, WATCHED), start=1):
        assert epoch.number == number
        assert epoch.probabilities.shape == (6, 3)
        np.testing.assert_allclose(epoch.probabilities.sum(axis=1), 1)
        assert np.isnan(epoch.validation_loss)
    assert number == 2
    assert estimator.predict(TRAIN).shape == (12, 3)


def test_the_faces_above_do_tell_of_a_reader() -> None:
    with pytest.raises(AssertionError, match="a label of the target was read"):
        _ = TRAIN[0].sample.label


@pytest.mark.parametrize(
    ("options", "losses"),
    [
        ({"mode": "source_only"}, {"class_t"}),
        ({"mode": "gan"}, {"adv_g", "cycle", "class_s", "class_t", "d_s", "d_a"}),
        ({"mode": "attention"}, {"adv_g", "cycle", "class_s", "class_t", "d_s", "d_a", "attention"}),
        (
            {"mode": "gan", "identity_weight": 5.0},
            {"adv_g", "cycle", "class_s", "class_t", "d_s", "d_a", "identity"},
        ),
    ],
)
def test_every_mode_tells_its_own_losses(state: Path, options: dict[str, Any], losses: set[str]) -> None:
    epoch = next(make_estimator(state, **options).fit(TRAIN, WATCHED))
    told = {name.removeprefix("loss_") for name in epoch.details if name.startswith("loss_")}
    assert told == losses
    assert all(np.isfinite(value) for value in epoch.details.values())
    assert ("diversity_s_to_a" in epoch.details) == (options["mode"] != "source_only")


def test_the_loss_is_the_weighted_sum_that_the_readme_gives(state: Path) -> None:
    weights = {"cycle_weight": 3.0, "identity_weight": 2.0, "attention_weight": 40.0}
    epoch = next(make_estimator(state, **weights).fit(TRAIN, WATCHED))
    factors = {"adv_g": 1, "cycle": 3, "identity": 2, "class_s": 1, "class_t": 1, "attention": 40}
    expected = sum(factor * epoch.details[f"loss_{name}"] for name, factor in factors.items())
    assert epoch.train_loss == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("mode", MODES)
def test_a_training_that_was_stopped_ends_with_the_same_numbers(
    state: Path, tmp_path: Path, mode: Mode
) -> None:
    options: dict[str, Any] = {"mode": mode, "epochs": 3, "warmup_epochs": 2, "buffer_size": 6}
    whole = numbers(make_estimator(tmp_path / "whole.pt", **options).fit(TRAIN, WATCHED))
    stopped = make_estimator(state, **options).fit(TRAIN, WATCHED)
    begun = numbers([next(stopped), next(stopped)])
    stopped.close()  # after the second epoch was recorded, before its state was kept
    torch.manual_seed(99)
    gone_on = numbers(make_estimator(state, **options).fit(TRAIN, WATCHED))
    assert begun == whole[:2]
    assert gone_on == whole[1:]
    assert list(make_estimator(state, **options).fit(TRAIN, WATCHED)) == []


def test_a_warm_up_that_was_stopped_is_gone_on_with(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = numbers(make_estimator(tmp_path / "whole.pt", warmup_epochs=3).fit(TRAIN, WATCHED))
    warm_up, done = Training.warm_up, []

    def stop_at_third(training: Training, epoch: int) -> None:
        if epoch == 3 and len(done) == 2:
            done.clear()
            raise KeyboardInterrupt
        done.append(epoch)
        warm_up(training, epoch)

    monkeypatch.setattr(Training, "warm_up", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        next(make_estimator(state, warmup_epochs=3).fit(TRAIN, WATCHED))
    assert numbers(make_estimator(state, warmup_epochs=3).fit(TRAIN, WATCHED)) == whole
    assert done == [3]


def test_predicting_between_epochs_changes_nothing_and_touches_no_random_numbers(
    state: Path, tmp_path: Path
) -> None:
    undisturbed = numbers(make_estimator(tmp_path / "other.pt").fit(TRAIN, WATCHED))
    before = torch.get_rng_state()
    estimator, disturbed = make_estimator(state), []
    for epoch in estimator.fit(TRAIN, WATCHED):
        np.testing.assert_array_equal(estimator.predict(WATCHED), epoch.probabilities)
        disturbed.append(epoch)
        estimator.predict(TRAIN)
    assert numbers(disturbed) == undisturbed
    assert torch.equal(torch.get_rng_state(), before)


def test_another_seed_gives_other_numbers(state: Path, tmp_path: Path) -> None:
    one = next(make_estimator(state).fit(TRAIN, WATCHED))
    other = next(make_estimator(tmp_path / "other.pt", seed=4).fit(TRAIN, WATCHED))
    assert one.train_loss != other.train_loss


def test_every_mode_begins_with_the_same_source_classifier(state: Path, tmp_path: Path) -> None:
    found = []
    for mode in MODES:
        estimator = make_estimator(tmp_path / f"{mode}.pt", mode=mode)
        next(estimator.fit(TRAIN, WATCHED))
        assert estimator._training is not None
        found.append([p.detach() for p in estimator._training.source_classifier.parameters()])
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_sample_sheets_come_first_every_few_epochs_and_last(state: Path) -> None:
    epochs = list(make_estimator(state, epochs=5, pictures_every=3, steps_per_epoch=1).fit(TRAIN, WATCHED))
    assert [epoch.number for epoch in epochs if epoch.pictures] == [1, 3, 5]
    sheet = epochs[-1].pictures["translations"]
    # Six rows of eight images of 16 pixels with 2 between them; the two halves have an edge each.
    assert sheet.shape == (2 * (3 * 18 + 2), 8 * 18 + 2, 3)
    assert sheet.dtype == np.uint8


def test_without_translation_there_is_no_sample_sheet(state: Path) -> None:
    assert not next(make_estimator(state, mode="source_only").fit(TRAIN, WATCHED)).pictures


def test_learning_rates_fall_in_the_second_half(state: Path) -> None:
    options = make_estimator(state, epochs=4).options
    assert [options.rate(epoch) for epoch in (1, 2, 3, 4)] == pytest.approx([1, 1, 2 / 3, 1 / 3])
    assert make_estimator(state, epochs=1).options.rate(1) == 1


def test_constant_translations_are_told_as_mode_collapse_once(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ResnetGenerator, "forward", lambda self, x: 0 * self.layers(x) + 0.3)
    warnings = [epoch.warnings for epoch in make_estimator(state, epochs=3).fit(TRAIN, WATCHED)]
    collapsed = [[one for one in warning if "Mode collapse" in one] for warning in warnings]
    assert [len(told) for told in collapsed] == [2, 0, 0]


def test_translations_that_differ_are_not_told(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ResnetGenerator, "forward", lambda self, x: 0 * self.layers(x) - x)
    assert [list(epoch.warnings) for epoch in make_estimator(state).fit(TRAIN, WATCHED)] == [[], []]


def test_a_loss_that_is_no_number_ends_the_training_with_a_hint(state: Path) -> None:
    estimator = make_estimator(state, cycle_weight=1e39)
    with pytest.raises(RunError, match=r"finite losses, but loss became inf in epoch 1, step 1: .*Lower"):
        next(estimator.fit(TRAIN, WATCHED))


def test_labels_left_out_are_told_in_the_first_epoch_only(state: Path) -> None:
    source = make_faces()
    source += [Face(type(f.sample)(f.sample.path, "fear"), f.image, None, None, "") for f in source[:2]]
    first, second = make_estimator(state, source).fit(TRAIN, WATCHED)
    assert "no label fear" in first.warnings[0]
    assert not second.warnings


def test_a_source_without_the_target_s_labels_is_refused(state: Path) -> None:
    with pytest.raises(DataError, match="no faces labelled neutral"):
        next(make_estimator(state, make_faces(labels=LABELS[:2])).fit(TRAIN, WATCHED))


def test_a_broken_state_and_one_of_other_networks_are_told_apart(state: Path) -> None:
    list(make_estimator(state).fit(TRAIN, WATCHED))
    with pytest.raises(RunError, match=r"Cannot resume from .*other networks"):
        next(make_estimator(state, width=6).fit(TRAIN, WATCHED))
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(RunError, match=r"Cannot read .*broken"):
        next(make_estimator(state).fit(TRAIN, WATCHED))


def test_a_state_that_can_not_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "state.pt"
    folder.mkdir()
    with pytest.raises(RunError, match=r"Cannot write .*state.pt"):
        save_state(folder, {})
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


def test_predictions_before_fit_are_refused(state: Path) -> None:
    with pytest.raises(RunError, match="has not been fitted"):
        make_estimator(state).predict(TRAIN)


def test_no_faces_have_no_probabilities(state: Path) -> None:
    estimator = make_estimator(state)
    assert next(estimator.fit(TRAIN, [])).probabilities.shape == (0, 3)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_named() -> None:
    assert find_device("auto") == torch.device("cpu")
    with pytest.raises(RunError, match=r"estimator.device: expected a GPU"):
        find_device("cuda")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"image_size": 30}, "image_size: expected a multiple of 4, .* got 30"),
        ({"image_size": 12}, "image_size: .* got 12"),
        ({"with_target": False}, "with_target: expected true without an auxiliary"),
        ({"epochs": 0}, "epochs: expected at least 1, got 0"),
        ({"warmup_epochs": 0}, "warmup_epochs: expected at least 1, got 0: .*random"),
        ({"warmup_epochs": -1, "classifier": "network"}, "warmup_epochs: expected at least 0, got -1$"),
        ({"steps_per_epoch": 0}, "steps_per_epoch: expected at least 1, got 0"),
        ({"batch_size": 1}, "batch_size: expected at least 2, got 1"),
        ({"lr": 0.0}, "lr: expected a number between 0 and 1, got 0.0"),
        ({"classifier_lr": float("nan")}, "classifier_lr: .* got nan"),
        ({"cycle_weight": float("nan")}, "cycle_weight: expected at least 0, got nan"),
        ({"attention_weight": -1.0}, "attention_weight: expected at least 0, got -1.0"),
        ({"discriminator_layers": 3}, "discriminator_layers: .* an image of 16, got 3"),
        ({"discriminator_layers": 0}, "discriminator_layers: expected 1 to 5"),
        ({"pictures_every": 0}, "pictures_every: expected at least 1"),
        ({"width": 0}, "width: expected at least 1"),
        ({"blocks": -1}, "blocks: expected at least 0"),
    ],
)
def test_an_option_that_can_not_work_is_named(state: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make_estimator(state, **options)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("image_size", [16, 20, 36])
def test_sizes_that_are_allowed_train(state: Path, image_size: int, layers: int) -> None:
    options: dict[str, Any] = {"image_size": image_size, "discriminator_layers": layers, "epochs": 1}
    (epoch,) = make_estimator(state, **options, steps_per_epoch=1).fit(TRAIN, WATCHED)
    assert np.isfinite(epoch.train_loss)
