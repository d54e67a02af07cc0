"""A component under test, and the values that checks build it with."""

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
"""Options as in a recipe, or a function that returns them.

The function gets an empty folder and can write the files that the component reads.
"""

STAGES: Mapping[str, tuple[int, int]] = {"shallow": (4, 18), "middle": (6, 9), "deep": (8, 9)}
"""Stage to channels and size of the feature maps for a head."""
UNLOADED = ("can_be_loaded", "has_a_summary")
"""Checks that do not import the component."""
VARIABLE = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(eq=False)
class ComponentUnderTest:
    """A component, its provider and its options.

    Attributes:
        component: The component.
        registry: All components, for options that are components.
        provider: Name and version of the plugin.
        given: Options from the plugin's tests.
        image_size: Width and height of the images for a backbone, in pixels.
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
        """Temporary folder, removed with this object."""
        folder = Path(tempfile.mkdtemp(prefix="ferkit-testing-"))
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        return folder

    @cached_property
    def options(self) -> dict[str, Any]:
        """Options for the constructor. Checks download nothing: the default is no pretrained weights."""
        given = self.given(self.folder) if callable(self.given) else self.given
        return {**without_weights(self.component), **given}

    @cached_property
    def missing(self) -> list[str]:
        """Names of required options without a value."""
        parameters = option_parameters(self.component).values()
        needed = [p.name for p in parameters if p.default is p.empty and p.kind not in VARIABLE]
        return [name for name in needed if name not in self.options]

    def build(self, **changes: Any) -> Any:
        """Build a new instance with a fixed random seed. Skip the check if this is not possible.

        Args:
            changes: Other values for options, or for arguments from ferkit (`labels`, `num_classes`, ...).
        """
        if self.missing and (needed := [name for name in self.missing if name not in changes]):
            skip(f"needs the option {needed[0]!r}: set {self.say_how_to_give(needed[0])}")
        if not self.missing and self.problem:
            skip(f"it cannot be built: see {self}.is_built_from_its_options")
        return self.construct(**changes)

    def say_how_to_give(self, option: str) -> str:
        """Describe how to set an option, in pytest and on the command line."""
        return f"options={{{str(self)!r}: {{{option!r}: ...}}}}, or --set {self}.{option}=..."

    @property
    def module(self) -> str:
        return self.component.target.partition(":")[0]

    @cached_property
    def load_problem(self) -> str:
        """The error of importing the target or reading its options, or ""."""
        try:
            option_parameters(self.component) if self.component.kind != "weights" else self.component.load()
        except ComponentError as error:
            return str(error)
        return ""

    def blocked(self, check: CheckFunction) -> str:
        """Return the reason to skip a check: the component cannot be loaded, or the basis failed."""
        if check.__name__ in UNLOADED:
            return ""
        if self.load_problem:
            return f"it cannot be loaded: see {self}.can_be_loaded"
        basis = BASIS.get(self.component.kind)
        if basis and check in RESTING and not self._holds(basis):
            return f"it depends on a failed check: see {self}.{basis.__name__}"
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
        """The error of building it with its options, or ""."""
        try:
            self.construct()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        return ""

    def construct(self, **changes: Any) -> Any:
        """Build a new instance, or raise the error. Raises ComponentError if the options do not fit."""
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
        """Arguments from ferkit. `build` passes those that the constructor names."""
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
            "open_model": lambda name: PixelNetwork(LABELS),
            "side": self.image_size,
            **(self._training() if self.component.kind in ("optimizer", "scheduler") else {}),
        }

    def _training(self) -> dict[str, Any]:
        """Arguments of an optimizer and a scheduler."""
        from ferkit.testing.training import EPOCHS, RATES, STEPS, Line, small_optimizer

        return {
            "params": Line().groups(),
            "lr": RATES[0],
            "weight_decay": 0.0,
            "optimizer": small_optimizer(),
            "epochs": EPOCHS,
            "steps_per_epoch": STEPS,
        }

    @cached_property
    def wants_stages(self) -> bool:
        """True if a head's `in_channels` is a mapping of stages."""
        parameters = inspect.signature(self.component.load(), eval_str=True).parameters
        return "in_channels" in parameters and parameters["in_channels"].annotation is not int

    @cached_property
    def built(self) -> Any:
        """An instance that all checks share. They must not change it."""
        return self.build()

    def accepts(self, **changes: Any) -> Any | None:
        """Build an instance with other options. Return None if the constructor rejects them."""
        try:
            return self.build(**changes)
        except ComponentError:
            return None
