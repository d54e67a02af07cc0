"""Give parts to workers, one at a time to each, and again if a worker dies."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import Any

from ferkit.errors import RunError
from ferkit.predict.job import PredictionSummary
from ferkit.predict.media.sources import InputError
from ferkit.predict.scale.part import Part, PartOptions, predict_part, start_worker
from ferkit.predict.scale.worker import Worker, is_death

RETRIES = 2
"""Number of times that a part is predicted again after the death of its worker."""


class Sharing:
    """The parts that wait and those that are predicted.

    A worker gets its first part when it has loaded the model, and the next one when that is done. A worker of
    a cluster may wait for a free node, so no part depends on it.

    Args:
        workers: The workers.
        options: The options of all parts.
        parts: The parts.
        take: Called with each finished part.
        note: Called with a sentence about each death of a worker.
    """

    def __init__(
        self,
        workers: Sequence[Worker],
        options: PartOptions,
        parts: Sequence[Part],
        take: Callable[[Part, PredictionSummary], object],
        note: Callable[[str], object],
    ) -> None:
        self._options, self._take, self._note = options, take, note
        self._waiting = deque(parts)
        self._deaths: Counter[int | Worker] = Counter()
        self._lost: list[InputError] = []
        self._running: dict[Future[Any], tuple[Worker, Part | None]] = {}
        for worker in workers:
            self._start(worker)

    def run(self) -> list[InputError]:
        """Predict all parts. Return those whose workers died `RETRIES` + 1 times.

        Raises:
            RunError: A worker cannot load the model or write a part, or all workers died.
        """
        while self._waiting or any(part for _, part in self._running.values()):
            if not self._running:
                raise RunError("Cannot predict: all workers died at their start. Is memory short?")
            for future in wait(self._running, return_when=FIRST_COMPLETED).done:
                worker, part = self._running.pop(future)
                error = future.exception()
                if error and is_death(error):
                    self._replace(worker, part)
                else:
                    self._go_on(worker, part, future.result())
        return self._lost

    def _start(self, worker: Worker) -> None:
        self._running[worker.submit(start_worker, self._options)] = worker, None

    def _go_on(self, worker: Worker, part: Part | None, result: PredictionSummary | str | None) -> None:
        if isinstance(result, str):
            raise RunError(result)
        if part and result:
            self._take(part, result)
        elif not part:
            del self._deaths[worker]  # it can start
        if self._waiting:
            following = self._waiting.popleft()
            self._running[worker.submit(predict_part, self._options, following)] = worker, following

    def _replace(self, worker: Worker, part: Part | None) -> None:
        """Start a worker again after its death. One that cannot load the model is given up in the end."""
        who = part.number if part else worker
        self._deaths[who] += 1
        is_last = self._deaths[who] > RETRIES
        self._note(f"A worker died in {part or 'its start'}. Another one replaces it. Is memory short?")
        if part and is_last:
            self._lost.append(InputError(str(part), f"its worker died {RETRIES + 1} times"))
        elif part:
            self._waiting.append(part)
        if part or not is_last:
            self._start(worker)
