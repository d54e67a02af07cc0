"""Count the trials of a campaign, and keep the faults that it finds."""

from __future__ import annotations

import os
import random
import secrets
import time
import traceback
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ferkit.errors import FerkitError

ROOT = Path(__file__).parents[2]
SEED = "FERKIT_CAMPAIGN_SEED"
"""The environment variable that repeats a campaign. Without it, each campaign draws its seed."""
SCALE = "FERKIT_CAMPAIGN_SCALE"
"""The environment variable with the fraction of the full size to run, such as 0.01."""
DEFAULT_SCALE = 0.1
"""Fits into 20 minutes on two cores. At full size, 1, a campaign takes hours."""
LONGEST = 2000
"""Characters of a fault's input that are shown, and of its traceback's end."""


@dataclass
class Campaign:
    """Many trials of one kind.

    Attributes:
        name: What is tried.
        seed: The random numbers follow from it.
        tried: Number of trials.
        faults: The input and the traceback of each trial that failed.
        seen: Number of trials by what happened in them, for the line of numbers.
    """

    name: str
    seed: int = field(default_factory=lambda: int(os.environ.get(SEED) or secrets.randbits(32)))
    tried: int = 0
    faults: list[tuple[str, str]] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    started: float = field(default_factory=time.monotonic)

    def __post_init__(self) -> None:
        self.random = random.Random(f"{self.name} {self.seed}")
        self.numbers = np.random.default_rng(self.random.getrandbits(64))

    @contextmanager
    def trial(self, given: object, *allowed: type[BaseException]) -> Iterator[None]:
        """Count a trial; whatever it raises is a fault, unless it is allowed."""
        self.tried += 1
        try:
            yield
        except allowed:
            pass
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:
            self.add_fault(given, "".join(traceback.format_exception(error)))

    def answers(self, given: object) -> AbstractContextManager[None]:
        """`trial` for a reader: it gives a result or raises FerkitError."""
        return self.trial(given, FerkitError)

    def add_fault(self, given: object, reason: str) -> None:
        self.faults.append((str(given), reason))

    def scaled(self, count: int) -> range:
        """The numbers of the trials, at least one. `count` is the full size."""
        return range(max(1, round(count * float(os.environ.get(SCALE) or DEFAULT_SCALE))))

    def __str__(self) -> str:
        survived, seconds = self.tried - len(self.faults), time.monotonic() - self.started
        counts = f"{self.tried} tried, {survived} survived, {len(self.faults)} faults"
        counts += "".join(f", {count} {what}" for what, count in sorted(self.seen.items()))
        return f"{self.name}: {counts} ({SEED}={self.seed}, {seconds:.0f} s)"

    def check(self) -> None:
        """Fail if there is a fault, or if nothing was tried. Of faults at one line, the shortest is shown."""
        kinds: dict[tuple[str, ...], list[tuple[str, str]]] = {}
        for given, reason in self.faults:
            frames = [line for line in reason.splitlines() if line.startswith('  File "')]
            kinds.setdefault(tuple(frames[-1:]), []).append((given, reason))
        shown = [str(self)]
        for alike in kinds.values():
            given, reason = min(alike, key=lambda one: len(one[0]))
            shown.append(f"{len(alike)} faults, such as: {given[:LONGEST]}\n{reason[-LONGEST:]}")
        assert not self.faults, "\n\n".join(shown)
        assert self.tried, f"{self.name}: nothing was tried"


def damage(content: bytes, draw: random.Random) -> bytes:
    """Flip, insert, delete or repeat some bytes, or cut the end off."""
    damaged = bytearray(content)
    for _ in range(draw.choice((1, 1, 2, 5, 20))):
        place = draw.randrange(len(damaged) + 1)
        if draw.random() < 0.5:  # headers are at the start
            place = min(place, draw.randrange(64))
        _damage_once(damaged, place, draw)
    return bytes(damaged)


def _damage_once(content: bytearray, place: int, draw: random.Random) -> None:
    kind = draw.choice(("flip", "flip", "flip", "set", "insert", "delete", "repeat", "cut"))
    length = draw.choice((1, 1, 2, 4, 50))
    if kind == "flip" and place < len(content):
        content[place] ^= 1 << draw.randrange(8)
    elif kind == "set":
        end = min(place + length, len(content))
        content[place:end] = bytes([draw.choice((0, 1, 127, 128, 255))]) * (end - place)
    elif kind == "insert":
        content[place:place] = draw.randbytes(length)
    elif kind == "delete":
        del content[place : place + length]
    elif kind == "repeat":
        content[place:place] = content[place : place + 100]
    elif kind == "cut" and draw.random() < 0.3:
        del content[place:]


def differences(expected: dict[str, object], found: dict[str, object]) -> Sequence[str]:
    """The keys whose values differ."""
    return [key for key in sorted(expected.keys() | found.keys()) if expected.get(key) != found.get(key)]
