"""Distribute the parts of a run to workers, and merge them. The driver is the only writer of the run."""

from __future__ import annotations

import pickle
from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING

from ferkit.errors import RunError
from ferkit.experiment.parts.merge import lend, merge_part
from ferkit.experiment.parts.part import Part
from ferkit.experiment.parts.pool import Pool
from ferkit.experiment.parts.watch import PartWatch
from ferkit.experiment.parts.worker import PartJob
from ferkit.experiment.progress import Progress
from ferkit.experiment.run_dir import RunDir

if TYPE_CHECKING:
    from ferkit.experiment.run import RunRequest

SECONDS = 0.5
"""Time between two looks at the epochs of the workers."""


class Driver:
    """The trainings of a run on several workers.

    Args:
        order: The run.
        run_dir: The run folder.
        pool: The workers.
        progress: Receives what happens.
        total: Number of trainings of the run.
    """

    def __init__(
        self, order: RunRequest, run_dir: RunDir, pool: Pool, progress: Progress, total: int
    ) -> None:
        self.order = order
        self.run_dir = run_dir
        self.pool = pool
        self.progress = progress
        self.total = total
        self.recipe = pickle.dumps(order.recipe)
        self.deaths: Counter[str] = Counter()
        self.failed: list[str] = []
        self.running: dict[Future[str | None], PartWatch] = {}

    def train(self, parts: Sequence[Part]) -> None:
        """Train all parts.

        Raises:
            RunError: A training fails. All others end at once, and resume with the run. Or the processes of
                a part die repeatedly. The others are trained first.
        """
        for note in self.pool.notes:
            self.progress.note(note)
        waiting = deque(parts)
        while waiting or self.running:
            while waiting and len(self.running) < self.pool.size:
                self._start(waiting.popleft())
            done, _ = wait(self.running, SECONDS, FIRST_COMPLETED)
            for watch in self.running.values():
                watch.report()
            for future in done:
                part = self.running.pop(future).part
                if self._is_trained(part, future):
                    merge_part(self.order, self.run_dir, part, self.progress)
                elif part.title not in self.failed:
                    waiting.append(part)
        if self.failed:
            raise RunError(
                f"Cannot train {'; '.join(self.failed)}: its process was killed several times, or ran "
                "out of memory. All other trainings are kept. Use fewer --jobs or free memory, then continue "
                "with --resume."
            )

    def _start(self, part: Part) -> None:
        lend(self.run_dir, part)
        watch = PartWatch(self.run_dir.path, part, self.progress, self.total)
        future = self.pool.submit(PartJob(self.recipe, self.run_dir.path.absolute(), part.name))
        self.running[future] = watch

    def _is_trained(self, part: Part, future: Future[str | None]) -> bool:
        """Return False if the worker died. Raises RunError if the training failed."""
        error = future.exception()
        if error is None:
            if message := future.result():
                raise RunError(f"Cannot train {part.title}: {message}")
            return True
        if not self.pool.is_death(error):
            raise error
        self.deaths[part.name] += 1
        if self.deaths[part.name] > self.pool.retries:
            self.failed.append(part.title)
        else:
            self.progress.note(
                f"The process of {part.title} ended unexpectedly. Another one continues from its last epoch."
            )
        return False
