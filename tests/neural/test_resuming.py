from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pytest
import torch
from torch import Tensor, nn

from ferkit.errors import RunError
from ferkit.interfaces import Epoch
from ferkit.neural.checkpoint import hash_tensors, load_network
from tests.builders import LABELS, same_tensors
from tests.neural.tiny import FACES, fit, parts, seeded_backbone, tiny_estimator


def numbers(epochs: Sequence[Epoch]) -> list[tuple[float, float, float, bytes]]:
    """All that an epoch came to, but its time."""
    return [(e.train_loss, e.train_accuracy, e.validation_loss, e.probabilities.tobytes()) for e in epochs]


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
    with pytest.raises(RunError, match="initial weights of the backbone have changed"):
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
            estimator.build_parts = lambda _, made=losses, one=estimator: (
                made.append(Counting()) or parts(one.options, loss=made[-1])
            )
            fit(estimator)
        counts.append(losses[-1].calls.item())
    assert counts[0] == counts[1] > 0


def test_a_state_of_another_network_is_refused(tmp_path: Path) -> None:
    began_with = hash_tensors(seeded_backbone().state_dict())
    state = {"epoch": 1, "began_with": began_with, "network": {"other": torch.zeros(1)}}
    torch.save(state, tmp_path / "state.pt")
    with pytest.raises(RunError, match="does not match the network"):
        fit(tiny_estimator(state_file=tmp_path / "state.pt"))


def test_a_full_disk_leaves_the_former_state_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state.pt"
    training = tiny_estimator(state_file=file).fit(FACES, FACES[::2])
    next(training)
    next(training)
    former = file.read_bytes()

    def save_half(state: object, half: IO[bytes]) -> None:
        half.write(former[: len(former) // 2])
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


KILLED = """
import sys
from pathlib import Path
from tests.neural.tiny import FACES, tiny_estimator
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


def test_a_training_that_was_through_gives_its_last_epoch_once_more(tmp_path: Path) -> None:
    file = tmp_path / "state.pt"
    whole = fit(tiny_estimator(state_file=file))
    again = fit(tiny_estimator(state_file=file))
    assert numbers(again) == numbers(whole[-1:])
    assert (again[0].number, again[0].learning_rate) == (whole[-1].number, whole[-1].learning_rate)
