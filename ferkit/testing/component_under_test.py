"""A component under test: how the checks build it and what they give it."""

from __future__ import annotations

import inspect
import shutil
import tempfile
import weakref
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count
from pathlib import Path
from typing import Any

from ferkit.components.build import build
from ferkit.components.component import Component
from ferkit.components.options import check_options, option_parameters, without_weights
from ferkit.components.part import Part
from ferkit.components.registry import Registry
from ferkit.errors import ComponentError
from ferkit.testing.check import BASIS, RESTING, CheckFunction, CheckSkipped, skip
from ferkit.testing.drawing import LABELS, PixelNetwork, crop_whole

__tracebackhide__ = True
Options = Mapping[str, Any] | Callable[[Path], Mapping[str, Any]]
"""Options as a recipe has them, or a function that is given an empty folder, lays there what the component
reads, and gives the options."""

STAGES: Mapping[str, tuple[int, int]] = {"shallow": (4, 18), "middle": (6, 9), "deep": (8, 9)}
"""Channels and side of the maps that a head is given."""
UNLOADED = ("can_be_loaded", "has_a_summary")
"""Checks that need no import of the component."""
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(eq=False)
class ComponentUnderTest:
    """A component, who provides it, and the options that it is checked with.

    image_size: pixels, the side of a backbone's images.
    """

    component: Component
    registry: Registry
    provider: str
    given: Options = field(default_factory=dict)
    image_size: int = 96
    _numbers: Iterator[int] = field(default_factory=count, init=False, repr=False)
    _verdicts: dict[CheckFunction, bool] = field(default_factory=dict, init=False, repr=False)

    def __str__(self) -> str:
        return f"{self.component.kind}.{self.component.name}"

    @cached_property
    def folder(self) -> Path:
        """An empty folder, gone with the subject."""
        folder = Path(tempfile.mkdtemp(prefix="ferkit-testing-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    @cached_property
    def options(self) -> dict[str, Any]:
        """What was given, and no pretrained weights where nothing else is said: checks fetch nothing."""
        given = self.given(self.folder) if callable(self.given) else self.given
        return {**without_weights(self.component), **given}

    @cached_property
    def missing(self) -> list[str]:
        """Options that have no default and were not given."""
        parameters = option_parameters(self.component).values()
        needed = [p.name for p in parameters if p.default is p.empty and p.kind not in VARIABLE]
        return [name for name in needed if name not in self.options]

    def build(self, **changes: Any) -> Any:
        """A fresh one, from the same random numbers each time; skips where it can't be built at all.

        changes: of the options, or of what ferkit itself gives (`labels`, `num_classes`, ...).
        """
        if self.missing and (needed := [name for name in self.missing if name not in changes]):
            skip(f"needs the option {needed[0]!r}: give {self.say_how_to_give(needed[0])}")
        if not self.missing and self.problem:
            skip(f"it can't be built: see {self}.is_built_from_its_options")
        return self.construct(**changes)

    def say_how_to_give(self, option: str) -> str:
        """In pytest, and where the checks are asked for on the command line."""
        return f"options={{{str(self)!r}: {{{option!r}: ...}}}}, or --set {self}.{option}=..."

    @property
    def module(self) -> str:
        return self.component.target.partition(":")[0]

    @cached_property
    def load_problem(self) -> str:
        """Why its target can't be imported or its options not be read, if so."""
        try:
            option_parameters(self.component) if self.component.kind != "weights" else self.component.load()
        except ComponentError as error:
            return str(error)
        return ""

    def blocked(self, check: CheckFunction) -> str:
        """Where it can't be loaded, all but what needs no loading; where a basis fails, what rests on it."""
        if check.__name__ in UNLOADED:
            return ""
        if self.load_problem:
            return f"it can't be loaded: see {self}.can_be_loaded"
        basis = BASIS.get(self.component.kind)
        if basis and check in RESTING and not self._holds(basis):
            return f"it rests on what does not hold: see {self}.{basis.__name__}"
        return ""

    def _holds(self, check: CheckFunction) -> bool:
        if check not in self._verdicts:
            try:
                check(self)
                self._verdicts[check] = True
            except CheckSkipped:
                self._verdicts[check] = True
            except Exception:
                self._verdicts[check] = False
        return self._verdicts[check]

    @cached_property
    def problem(self) -> str:
        """Why it can't be built with its options, if so."""
        try:
            self.construct()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def construct(self, **changes: Any) -> Any:
        """`build`, whatever comes of it. Raises ComponentError where the options don't fit."""
        import torch

        context = self.context
        context |= {name: changes.pop(name) for name in set(changes) & set(context)}
        options = {**self.options, **changes}
        if problems := check_options(self.component, options, self.registry, str(self)):
            raise ComponentError("; ".join(map(str, problems)))
        part = Part(name=self.component.name, **options)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            return build(self.registry, self.component.kind, part, **context)

    @property
    def context(self) -> dict[str, Any]:
        """What ferkit gives to the constructors of some kinds; `build` hands on what is named."""
        channels: Any = {stage: channels for stage, (channels, _) in STAGES.items()}
        return {
            "labels": LABELS,
            "num_classes": len(LABELS),
            "class_counts": [6, 3, 1, 2],
            "in_channels": channels if self.wants_stages else channels["deep"],
            "seed": 0,
            "crop": crop_whole,
            "state_file": self.folder / f"state_{next(self._numbers)}",
            "network": PixelNetwork(LABELS),
        }

    @cached_property
    def wants_stages(self) -> bool:
        """Whether a head's `in_channels` asks for every stage's channels."""
        parameters = inspect.signature(self.component.load(), eval_str=True).parameters
        return "in_channels" in parameters and parameters["in_channels"].annotation is not int

    @cached_property
    def built(self) -> Any:
        """One that checks share: they must leave it as it is."""
        return self.build()

    def accepts(self, **changes: Any) -> Any | None:
        """One built with other options, or None where the constructor refuses them."""
        try:
            return self.build(**changes)
        except ComponentError:
            return None
