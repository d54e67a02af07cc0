from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ferkit import recipe
from ferkit.augment import Augmentation
from ferkit.errors import ComponentError, RunError
from ferkit.interfaces import Epoch
from ferkit.neural.batches import EpochSampler, FaceImages, make_loader
from ferkit.neural.checkpoint import hash_tensors, load_network
from ferkit.neural.device import seed_everything
from ferkit.neural.estimator import NeuralEstimator
from ferkit.neural.network import Network, assemble_network
from ferkit.neural.schedule import make_optimizer, make_scheduler
from ferkit.neural.training import BatchReport
from tests.builders import LABELS, TinyBackbone, TinyHead, make_faces, same_tensors

FACES = make_faces()
FLIPS = [recipe.Part(name="HorizontalFlip", p=0.5), recipe.Part(name="RandomResizedCrop", scale=[0.5, 1.0])]


def tiny_network(is_frozen: bool = False) -> Network:
    backbone = TinyBackbone(is_frozen)
    return Network(backbone, TinyHead(8, len(LABELS)), nn.Identity(), backbone.default_stage)


def tiny_estimator(
    epochs: int = 3, state_file: Path | None = None, is_frozen: bool = False, **fit: object
) -> NeuralEstimator:
    options = recipe.Fit(
        epochs=epochs,
        batch_size=4,
        device="cpu",
        optimizer=recipe.Optimizer(lr=0.02),
        **{"precision": "float32", **fit},
    )
    return NeuralEstimator(
        model=recipe.Model(image_size=24),
        options=options,
        labels=LABELS,
        seed=5,
        build_network=lambda: tiny_network(is_frozen),
        build_loss=lambda counts: nn.CrossEntropyLoss(),
        augmentation=Augmentation(FLIPS, 24),
        state_file=state_file,
    )


def seeded_backbone() -> TinyBackbone:
    """The backbone as `tiny_estimator` makes it."""
    seed_everything(tiny_estimator().seed)
    return TinyBackbone()


def fit(estimator: NeuralEstimator) -> list[Epoch]:
    return list(estimator.fit(FACES, FACES[::2]))


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


@pytest.mark.parametrize("schedule", [recipe.OneCycleSchedule(name="one_cycle"), recipe.ConstantSchedule()])
@pytest.mark.parametrize("stop_after", [1, 2])
def test_a_stopped_training_ends_with_the_numbers_of_one_that_was_not(
    tmp_path: Path, stop_after: int, schedule: recipe.Schedule
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


def test_a_frozen_backbone_sees_each_test_image_once_per_fit() -> None:
    estimator = tiny_estimator(epochs=3, is_frozen=True)
    networks: list[Network] = []

    def build() -> Network:
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


def test_a_loss_that_is_not_a_number_stops_the_run_and_says_where() -> None:
    estimator = tiny_estimator()
    estimator.build_loss = lambda counts: _NotANumber()
    with pytest.raises(RunError, match=r"the loss became nan in epoch 1, batch 1.*fit.optimizer.lr"):
        fit(estimator)


class _NotANumber(nn.Module):
    def forward(self, logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return logits.sum() * float("nan")


def test_a_broken_state_names_its_file_and_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "state.pt").write_bytes(b"half a file")
    with pytest.raises(RunError, match=r"state.pt is broken.*Delete it"):
        fit(tiny_estimator(state_file=tmp_path / "state.pt"))


def test_going_on_over_another_backbone_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.pt"
    training = tiny_estimator(state_file=file, is_frozen=True).fit(FACES, FACES[::2])
    next(training)
    next(training)
    other = tiny_estimator(state_file=file, is_frozen=True)
    other.seed += 1
    with pytest.raises(RunError, match="began with other weights in the backbone than are here now"):
        next(other.fit(FACES, FACES[::2]))


def test_a_losss_own_state_is_gone_on_with(tmp_path: Path) -> None:
    class Counting(nn.CrossEntropyLoss):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("calls", torch.zeros(()))

        def forward(self, logits: Tensor, targets: Tensor) -> Tensor:
            self.calls += self.training
            return super().forward(logits, targets)

    counts = []
    for stops in (True, False):
        losses: list[Counting] = []
        file = tmp_path / f"{stops}.pt"
        for epochs in (2, 4) if stops else (4,):
            estimator = tiny_estimator(epochs=epochs, state_file=file)
            estimator.build_loss = lambda _, made=losses: made.append(Counting()) or made[-1]
            fit(estimator)
        counts.append(losses[-1].calls.item())
    assert counts[0] == counts[1] > 0


def test_each_epoch_is_told_to_the_images_it_alters(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int]] = []
    get = FaceImages.__getitem__
    monkeypatch.setattr(FaceImages, "__getitem__", lambda self, key: asked.append(key) or get(self, key))
    list(tiny_estimator(epochs=2).fit(FACES, FACES[:1]))
    orders = [[place for epoch, place in asked if epoch == number] for number in (1, 2)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(len(FACES)))
    assert orders[0] != orders[1]


def test_a_state_of_another_network_is_refused(tmp_path: Path) -> None:
    began_with = hash_tensors(seeded_backbone().state_dict())
    state = {"epoch": 1, "began_with": began_with, "network": {"other": torch.zeros(1)}}
    torch.save(state, tmp_path / "state.pt")
    with pytest.raises(RunError, match="of another network"):
        fit(tiny_estimator(state_file=tmp_path / "state.pt"))


def test_a_full_disk_leaves_the_former_state_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state.pt"
    training = tiny_estimator(state_file=file).fit(FACES, FACES[::2])
    next(training)
    next(training)
    former = file.read_bytes()

    def save_half(state: object, path: Path) -> None:
        Path(path).write_bytes(former[: len(former) // 2])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", save_half)
    with pytest.raises(RunError, match=r"can't write .*state.pt.*No space left.*--resume"):
        next(training)
    assert file.read_bytes() == former
    assert [path.name for path in tmp_path.iterdir()] == ["state.pt"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full here")
def test_a_really_full_device_is_an_error_of_ferkits(tmp_path: Path) -> None:
    (tmp_path / "state.pt.part").symlink_to("/dev/full")
    training = tiny_estimator(state_file=tmp_path / "state.pt").fit(FACES, FACES[::2])
    next(training)
    with pytest.raises(RunError, match=r"can't write .*state.pt"):
        next(training)
    assert not (tmp_path / "state.pt").exists()


def test_a_saved_network_has_its_label_names_and_refuses_others(tmp_path: Path) -> None:
    estimator = tiny_estimator(epochs=1)
    fit(estimator)
    estimator.save(tmp_path / "model.safetensors")
    tensors = load_network(tmp_path / "model.safetensors", LABELS)
    assert same_tensors(tensors, estimator._fitted().network.state_dict())
    with pytest.raises(RunError, match="anger, happiness, neutral; expected, in this order: neutral"):
        load_network(tmp_path / "model.safetensors", LABELS[::-1])


def test_every_batch_is_reported() -> None:
    reports: list[BatchReport] = []
    estimator = tiny_estimator(epochs=1)
    estimator.on_batch = reports.append
    (epoch,) = fit(estimator)
    assert [report.batch for report in reports] == list(range(1, 6))
    assert reports[-1].loss == epoch.train_loss


def test_a_last_batch_of_one_image_is_left_out_of_training_only() -> None:
    images = FaceImages(FACES[:9], LABELS, 24, "facenet")
    training, _ = make_loader(images, 4, 0, seed=1)
    testing, _ = make_loader(images, 4, 0, seed=None)
    assert [len(targets) for _, targets in training] == [4, 4]
    assert [len(targets) for _, targets in testing] == [4, 4, 1]


def test_worker_processes_change_no_image() -> None:
    def batches(workers: int) -> list[torch.Tensor]:
        images = FaceImages(FACES, LABELS, 24, "facenet", Augmentation(FLIPS, 24), seed=3)
        loader, sampler = make_loader(images, 5, workers, seed=3)
        sampler.epoch = 2
        return [pixels for pixels, _ in loader]

    assert all(torch.equal(a, b) for a, b in zip(batches(0), batches(2), strict=True))


def test_each_epoch_has_its_own_order() -> None:
    sampler = EpochSampler(20, seed=1)
    first = [position for _, position in sampler]
    sampler.epoch = 1
    second = [position for _, position in sampler]
    assert first != second
    assert sorted(first) == sorted(second) == list(range(20))


def test_a_face_is_square_before_it_is_altered_and_after() -> None:
    tall = [replace(face, image=face.image[:, :12].copy()) for face in FACES]
    seen: list[tuple[int, ...]] = []

    class Watching(Augmentation):
        def __call__(self, image: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
            seen.append(image.shape)
            return super().__call__(image, seed)[:10]

    images = FaceImages(tall, LABELS, 20, "facenet", Watching(FLIPS, 20))
    assert images[(1, 0)][0].shape == (3, 20, 20)
    assert seen == [(20, 20, 3)]


@pytest.mark.parametrize(
    ("normalize", "level"), [("facenet", 127.5 / 128), ("imagenet", (255 - 123.675) / 58.395)]
)
def test_images_are_normalised_as_the_recipe_says(normalize: str, level: float) -> None:
    face = make_faces(1)[0]
    white = type(face)(face.sample, np.full((8, 8, 3), 255, np.uint8), None, None, "")
    pixels, index = FaceImages([white], LABELS, 24, normalize)[0, 0]
    assert pixels.shape == (3, 24, 24)
    assert pixels[0, 0, 0].item() == pytest.approx(level)
    assert index == 0


def rates(schedule: recipe.Schedule, epochs: int = 6) -> list[float]:
    """The backbone's learning rate in each epoch of two steps."""
    optimizer = make_optimizer(tiny_network(), recipe.Optimizer(lr=1.0, head_lr=10.0))
    scheduler = make_scheduler(optimizer, schedule, epochs, steps_per_epoch=2)
    found = []
    for _ in range(epochs):
        found.append(optimizer.param_groups[0]["lr"])
        for _ in range(2):
            optimizer.step()
            scheduler.step()
    return found


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        (recipe.ConstantSchedule(), [1, 1, 1, 1, 1, 1]),
        (recipe.StepSchedule(name="step", every=2, factor=0.25), [1, 1, 0.25, 0.25, 0.0625, 0.0625]),
        (recipe.StepSchedule(name="step", every=2, mode="subtract"), [1, 1, 0.75, 0.75, 0.5, 0.5]),
        (recipe.StepSchedule(name="step", every=1, mode="subtract"), [1, 0.75, 0.5, 0.25, 0, 0]),
        (recipe.CosineSchedule(name="cosine"), [(1 + np.cos(np.pi * e / 6)) / 2 for e in range(6)]),
    ],
)
def test_the_rate_takes_its_course(schedule: recipe.Schedule, expected: list[float]) -> None:
    assert rates(schedule) == pytest.approx(expected)


def test_one_cycle_rises_and_falls() -> None:
    course = rates(recipe.OneCycleSchedule(name="one_cycle"), epochs=10)
    assert course[0] == pytest.approx(1 / 25)
    assert max(course) == pytest.approx(1, abs=0.05)
    assert course[-1] < 0.1


def test_a_warmup_of_less_than_a_step_is_refused() -> None:
    schedule = recipe.OneCycleSchedule(name="one_cycle", warmup=0.05)
    with pytest.raises(RunError, match=r"a warmup of 0\.05 of 12 steps is no step"):
        rates(schedule)


def test_outputs_that_are_not_finite_are_never_scored() -> None:
    estimator = tiny_estimator(epochs=1)
    list(estimator.fit(FACES, FACES))
    with torch.no_grad():
        next(estimator._fitted().network.head.parameters()).fill_(torch.nan)
    with pytest.raises(RunError, match="outputs are no longer finite"):
        estimator.predict(FACES)


def test_the_output_has_a_rate_of_its_own_or_the_heads() -> None:
    network = tiny_network()
    network.output = nn.Linear(3, 3)
    for options, expected in (
        ({"output_lr": 0.1}, [1.0, 0.1, 10.0]),
        ({}, [1.0, 10.0, 10.0]),
    ):
        optimizer = make_optimizer(network, recipe.Optimizer(lr=1.0, head_lr=10.0, **options))
        assert [group["lr"] for group in optimizer.param_groups] == expected


def test_the_head_has_a_rate_of_its_own() -> None:
    optimizer = make_optimizer(tiny_network(), recipe.Optimizer(lr=1.0, head_lr=10.0))
    assert [group["lr"] for group in optimizer.param_groups] == [1.0, 10.0]


class BothStages(nn.Module):
    def __init__(self, in_channels: dict[str, int], num_classes: int, wanted: tuple[str, ...]) -> None:
        super().__init__()
        self.stages = wanted
        self.in_channels = in_channels

    def forward(self, features: dict[str, torch.Tensor]) -> torch.Tensor:
        return torch.cat([features[stage].mean(dim=(2, 3)) for stage in self.stages], dim=1)


def test_a_head_that_takes_a_number_is_given_the_default_stage() -> None:
    network = assemble_network(
        TinyBackbone(), TinyHead, lambda in_channels: TinyHead(in_channels, 3), nn.Identity()
    )
    assert network(torch.zeros(2, 3, 24, 24)).shape == (2, 3)


def test_a_head_that_takes_a_mapping_is_given_the_stages_it_asks_for() -> None:
    network = assemble_network(
        TinyBackbone(),
        BothStages,
        lambda in_channels: BothStages(in_channels, 3, ("late", "early")),
        nn.Identity(),
    )
    assert network(torch.zeros(2, 3, 24, 24)).shape == (2, 12)


def test_a_stage_that_the_backbone_has_not_is_refused() -> None:
    with pytest.raises(ComponentError, match="asks for stage 'deep'; the backbone offers early, late"):
        assemble_network(
            TinyBackbone(),
            BothStages,
            lambda in_channels: BothStages(in_channels, 3, ("deep",)),
            nn.Identity(),
        )


KILLED = """
import sys
from pathlib import Path
from tests.neural.test_training import FACES, tiny_estimator
estimator = tiny_estimator(epochs=4, state_file=Path(sys.argv[1]))
for epoch in estimator.fit(FACES, FACES[::2]):
    print(epoch.number, flush=True)
"""


def test_a_killed_process_loses_at_most_the_epoch_under_way(tmp_path: Path) -> None:
    command = [sys.executable, "-c", KILLED, str(tmp_path / "state.pt")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        for line in process.stdout:
            if line.strip() == "3":
                process.send_signal(signal.SIGKILL)
                break
    resumed = fit(tiny_estimator(epochs=4, state_file=tmp_path / "state.pt"))
    assert resumed[0].number in (3, 4)
    assert numbers(resumed) == numbers(fit(tiny_estimator(epochs=4)))[resumed[0].number - 1 :]


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
