"""One of two processes that train together, for test_launched.py."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import torch
from ferkit_losses.center import CenterLoss
from numpy.typing import NDArray
from torch import nn

from ferkit.cli import main
from ferkit.interfaces import Epoch
from ferkit.neural.options import Optimizer, Part
from ferkit.runtime.processes import join_processes, leave_processes
from tests.builders import LABELS
from tests.neural import tiny

SGD = Optimizer(name="sgd", lr=0.05)
"""Adam would amplify the rounding of gradients that are 0."""
CASES = ("state", "tricks", "sam", "frozen")


def estimator(case: str, state_file: Path | None = None) -> tiny.NeuralEstimator:
    """Build a tiny network's training without dropout, which is drawn for each process."""
    options = {
        "state": {},
        "tricks": {"callbacks": [Part(name="mixup"), Part(name="ema")], "loss": CenterLoss(len(LABELS))},
        "sam": {"optimizer": Optimizer(name="sam", lr=0.05, base={"name": "sgd"}), "balance": 0.5},
        "frozen": {"is_frozen": True, "accumulate": 2, "clip_norm": 0.5},
    }[case]
    built = tiny.tiny_estimator(epochs=2, state_file=state_file, **{"optimizer": SGD, **options})
    build = built.build_network

    def without_dropout(counts: object) -> tiny.Network:
        network = build(counts)
        for module in network.modules():
            if isinstance(module, nn.Dropout):
                module.p = 0.0
        return network

    built.build_network = without_dropout
    return built


def numbers(trained: tiny.NeuralEstimator, epochs: list[Epoch]) -> list[NDArray[np.float64]]:
    """Return losses, accuracy, validation outputs and test outputs."""
    last = epochs[-1]
    losses = np.array([last.train_loss, last.train_accuracy, last.validation_loss])
    return [losses, last.probabilities, trained.predict(tiny.FACES[1::2])]


def train_cases(folder: Path) -> None:
    """Train the cases. The main process writes their numbers, and the state after an epoch."""
    is_main = join_processes().index == 0
    for case in CASES:
        file = folder / "state.pt" if case == "state" and is_main else None
        trained = estimator(case, file)
        if case == "state":
            epochs = trained.fit(tiny.FACES, tiny.FACES[::2])
            next(epochs)
            trained.options = trained.options.model_copy(update={"epochs": 1})  # to end after the state
            next(epochs, None)
            continue
        found = numbers(trained, tiny.fit(trained))
        if is_main:
            np.savez(folder / f"{case}.npz", *found)
    leave_processes()


def work(rank: int, ports: Sequence[int], recipe: Path, folder: Path) -> None:
    """Run the recipe, then train the cases, as process `rank`."""
    launched = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1"}
    os.environ |= {**launched, "RANK": str(rank), "LOCAL_RANK": str(rank), "MASTER_PORT": str(ports[0])}
    torch.set_num_threads(1)  # OpenMP cannot start threads in a fork
    sys.argv = ["ferkit", "run", str(recipe), "--quiet", "--out", str(folder / "run")]
    with (folder / f"output{rank}.txt").open("w") as output, redirect_stdout(output):
        try:
            main()
        except SystemExit as ended:
            if ended.code:
                raise
        os.environ["MASTER_PORT"] = str(ports[1])
        train_cases(folder)
