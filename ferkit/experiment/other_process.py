"""A process other than the main one: it computes its rows of each batch, and handles no file of the run."""

from __future__ import annotations

import signal
import warnings
from collections.abc import Iterator, Sequence

from ferkit.components.discovery import load_plugins
from ferkit.errors import DivergenceError, RunError
from ferkit.experiment.estimator import make_network_estimator
from ferkit.experiment.main_process import Begin, Message, MoreFaces, NextEpoch, Predict
from ferkit.experiment.values import TrainingJob
from ferkit.interfaces import Epoch, Face
from ferkit.neural.estimator import NeuralEstimator
from ferkit.runtime.processes import share


class OtherProcess:
    """The network in a process other than the main one."""

    def __init__(self) -> None:
        self.faces: list[Face] = []
        self.network: NeuralEstimator | None = None
        self.epochs: Iterator[Epoch] = iter(())

    def obey(self, message: Message) -> None:
        """Do a step."""
        match message:
            case MoreFaces():
                self.faces += message.faces
            case Begin():
                self.network = _build(message)
                self.epochs = self.network.fit(self._take(message.train), self._take(message.validation))
            case NextEpoch():
                next(self.epochs, None)
            case Predict():
                if self.network is None:
                    raise RunError("the main process predicts before a training has begun.")
                self.network.predict(self._take(message.faces))

    def _take(self, places: Sequence[int]) -> list[Face]:
        return [self.faces[place] for place in places]


def follow() -> None:
    """Do the steps of the main process until its end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the main process ends this one
    warnings.simplefilter("ignore")  # the main process shows the same
    process = OtherProcess()
    while (message := share(None)) is not None:
        try:
            process.obey(message)
        except DivergenceError:
            continue  # the main process has the same, and may continue with another trial


def _build(message: Begin) -> NeuralEstimator:
    registry = load_plugins(message.settings.recipe.plugins)
    job = TrainingJob(message.settings, registry, message.fold, "accuracy")
    return make_network_estimator(job, message.labels)
