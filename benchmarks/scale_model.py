"""A simulation of independent trainings on nodes that are slow or lost, as `ferkit run --on ray` places them.

Each free slot takes the next training that waits. A lost node ends its trainings. They wait again, last in
the queue, and continue from their last complete epoch. After `RETRIES` restarts, a training fails.
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count

from ferkit.experiment.parts.pool import RETRIES

Losses = Iterable[tuple[float, int]]
"""(seconds, node) of each loss, in order. May be endless."""


@dataclass(frozen=True, slots=True)
class Training:
    """A training on a node of speed 1.

    Attributes:
        epochs: Number of epochs.
        seconds: Seconds of an epoch.
        start: Seconds before the first epoch, also after a restart.
    """

    epochs: int
    seconds: float
    start: float = 0

    @property
    def whole(self) -> float:
        """Seconds of the whole training."""
        return self.start + self.epochs * self.seconds


@dataclass(frozen=True, slots=True)
class Nodes:
    """The nodes of a cluster.

    Attributes:
        speeds: Speed of each node. A node of speed 0.5 takes twice as long.
        slots: Number of trainings that a node computes at a time.
        absence: Seconds until a node of the same speed replaces a lost one. None: it is not replaced.
    """

    speeds: Sequence[float]
    slots: int
    absence: float | None = None


@dataclass(slots=True)
class Outcome:
    """The course of a simulation.

    Attributes:
        seconds: Seconds until the last training ended.
        restarts: Number of trainings that a loss ended, and that were started again.
        repeated: Seconds of work that restarts repeated, start-up included.
        failed: Number of trainings that were lost more than `RETRIES` times.
    """

    seconds: float = 0
    restarts: int = 0
    repeated: float = 0
    failed: int = 0


@dataclass(slots=True, eq=False)
class Attempt:
    """A training, the epochs that it has completed, and its present place."""

    training: Training
    done: int = 0
    deaths: int = 0
    node: int = -1
    since: float = 0


@dataclass
class Simulation:
    """Trainings on nodes. `finish` simulates them.

    Attributes:
        nodes: The nodes.
        losses: Losses of nodes.
        waiting: Trainings without a slot.
        outcome: What has happened.
    """

    nodes: Nodes
    losses: Iterator[tuple[float, int]]
    waiting: deque[Attempt]
    outcome: Outcome = field(default_factory=Outcome)

    def __post_init__(self) -> None:
        self._running: set[Attempt] = set()
        self._free = dict.fromkeys(range(len(self.nodes.speeds)), self.nodes.slots)
        self._events: list[tuple[float, int, Callable[[float], None]]] = []
        self._order = count()

    def finish(self) -> Outcome:
        """Simulate until no training is left. Raises ValueError if all nodes are lost."""
        self._plan_loss()
        self._assign(0)
        while self.waiting or self._running:
            if not self._free and self.nodes.absence is None:
                raise ValueError("all nodes are lost, and none is replaced")
            now, _, happen = heapq.heappop(self._events)
            happen(now)
            self._assign(now)
            self.outcome.seconds = now
        return self.outcome

    def _plan(self, moment: float, happen: Callable[[float], None]) -> None:
        heapq.heappush(self._events, (moment, next(self._order), happen))

    def _plan_loss(self) -> None:
        if found := next(self.losses, None):
            self._plan(found[0], partial(self._lose, found[1]))

    def _assign(self, now: float) -> None:
        for node in sorted(self._free) if self.waiting else ():
            while self._free[node] and self.waiting:
                self._free[node] -= 1
                self._start(self.waiting.popleft(), node, now)

    def _start(self, attempt: Attempt, node: int, now: float) -> None:
        attempt.node, attempt.since = node, now
        self._running.add(attempt)
        training = attempt.training
        left = training.start + training.seconds * (training.epochs - attempt.done)
        self._plan(now + left / self.nodes.speeds[node], partial(self._end, attempt, attempt.deaths))

    def _end(self, attempt: Attempt, deaths: int, now: float) -> None:
        if deaths == attempt.deaths:  # else its node was lost before
            self._running.remove(attempt)
            self._free[attempt.node] += 1

    def _lose(self, node: int, now: float) -> None:
        self._plan_loss()
        if self._free.pop(node, None) is None:
            return  # not replaced yet
        if self.nodes.absence is not None:
            self._plan(now + self.nodes.absence, partial(self._replace, node))
        for attempt in sorted((one for one in self._running if one.node == node), key=lambda one: one.since):
            self._interrupt(attempt, now)

    def _interrupt(self, attempt: Attempt, now: float) -> None:
        training, worked = attempt.training, (now - attempt.since) * self.nodes.speeds[attempt.node]
        epochs = max(0, int((worked - training.start) / training.seconds))
        attempt.done += epochs
        attempt.deaths += 1
        self._running.remove(attempt)
        if attempt.deaths > RETRIES:
            self.outcome.failed += 1
            return
        self.outcome.restarts += 1
        self.outcome.repeated += worked - epochs * training.seconds
        self.waiting.append(attempt)

    def _replace(self, node: int, now: float) -> None:
        self._free[node] = self.nodes.slots


def simulate(trainings: Iterable[Training], nodes: Nodes, losses: Losses = ()) -> Outcome:
    """Simulate trainings that are submitted at once. Raises ValueError if all nodes are lost."""
    return Simulation(nodes, iter(losses), deque(map(Attempt, trainings))).finish()


def draw_losses(nodes: int, per_hour: float, draw: random.Random) -> Iterator[tuple[float, int]]:
    """Yield endless losses: each node is lost with this rate, independently of its past."""
    now = 0.0
    while per_hour:
        now += draw.expovariate(nodes * per_hour / 3600)
        yield now, draw.randrange(nodes)


def draw_speeds(nodes: int, slow: float, factor: float, draw: random.Random) -> list[float]:
    """Return a speed for each node. Each is slower by a factor with the probability `slow`."""
    return [1 / factor if draw.random() < slow else 1.0 for _ in range(nodes)]


def shortest(trainings: Sequence[Training], slots: int) -> tuple[float, str]:
    """Return the seconds below which no schedule on nodes of speed 1 ends, and what bounds them."""
    spread, longest = sum(one.whole for one in trainings) / slots, max(one.whole for one in trainings)
    return (spread, "cores") if spread >= longest else (longest, "longest training")
