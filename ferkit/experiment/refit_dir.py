"""The folder refit/ of a run, which `RunDir` opens."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from ferkit.evaluation.run_files import REFIT
from ferkit.interfaces import Epoch
from ferkit.runtime.atomic_write import remove_written, write_text

FIELDS = ("train_loss", "train_accuracy", "learning_rate", "seconds")


class RefitDir:
    """The files of the network that all images of a run train, after its folds.

    - choice.json: number of epochs, values of the grid, and temperature.
    - metrics.jsonl: a row for each epoch. It has no score, because no image is left for a test.
    - model.safetensors and finished.json at the end; state.pt during training.

    The folder exists from the start of a run that asks for this network, so that a resumed run trains it too.

    Args:
        run: The run folder.
    """

    def __init__(self, run: Path) -> None:
        self.path = run / REFIT

    def request(self) -> None:
        """Mark the network as wanted."""
        self.path.mkdir(exist_ok=True)

    def withdraw(self) -> None:
        """Remove the mark of an earlier request, and the files of a run that was removed."""
        for name in ("choice.json", "metrics.jsonl", "finished.json", "model.safetensors"):
            (self.path / name).unlink(missing_ok=True)
        remove_written(self.state_file)
        with suppress(OSError):  # the folder is missing, or the user has files there
            self.path.rmdir()

    @property
    def is_wanted(self) -> bool:
        """True after `request`, also in a resumed run."""
        return self.path.is_dir()

    @property
    def state_file(self) -> Path:
        """Path of the state for resuming."""
        return self.path / "state.pt"

    @property
    def model_file(self) -> Path:
        """Path of the network."""
        return self.path / "model.safetensors"

    def begin(self, choice: Mapping[str, Any]) -> None:
        """Save how the network is trained."""
        write_text(self.path / "choice.json", json.dumps(choice) + "\n")

    def record_epoch(self, epoch: Epoch) -> None:
        """Save an epoch, and remove later epochs of a resumed training."""
        file = self.path / "metrics.jsonl"
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        rows = [row for row in map(json.loads, lines) if row["epoch"] < epoch.number]
        rows.append({"epoch": epoch.number, **{name: getattr(epoch, name) for name in FIELDS}})
        write_text(file, "".join(json.dumps(row) + "\n" for row in rows))

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Mark the network as trained, and remove its state for resuming."""
        write_text(self.path / "finished.json", json.dumps(facts) + "\n")
        remove_written(self.state_file)

    def finished(self) -> dict[str, Any] | None:
        """Return the argument of `finish`, or None if the network is not trained."""
        file = self.path / "finished.json"
        if not file.exists():
            return None
        remove_written(self.state_file)  # in case the process died in finish
        facts: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        return facts
