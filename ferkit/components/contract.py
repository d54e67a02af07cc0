"""What components give in the middle of a run, held against the contract as they give it.

A plugin that gives something else is named at once, in place of whatever its answer would break later on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from ferkit.components.component import Component
from ferkit.components.soft_target import find_disagreement
from ferkit.errors import ComponentError
from ferkit.interfaces import Detections, Detector, Sample
from ferkit.runtime.float32 import exact_float32

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

SHAPES = {"boxes": (4,), "scores": (), "landmarks": (5, 2)}


def check_samples(found: object, who: Component) -> Sequence[Sample]:
    """A data set's samples. Raises ComponentError."""
    given = list(found) if isinstance(found, Sequence) else [found]
    samples = [one for one in given if isinstance(one, Sample)]
    if len(samples) < len(given):
        wrong = next(one for one in given if not isinstance(one, Sample))
        raise disagree(who, "a list of Samples", f"{type(wrong).__name__} {wrong!r}")
    labels = {one.label for one in samples}
    for one in samples:
        if found_wrong := find_disagreement(one, labels):
            expected, came = found_wrong
            raise disagree(who, f"{expected}, for {one.path}", came)
    return samples


def check_left_out(dataset: object, who: Component) -> dict[str, int]:
    """What a data set says that it left out, by reason; may be nothing. Raises ComponentError."""
    found = getattr(dataset, "left_out", {})
    if not isinstance(found, Mapping) or not all(
        isinstance(reason, str) and isinstance(number, int) for reason, number in found.items()
    ):
        raise disagree(who, "left_out, from reasons to numbers", repr(found))
    return {reason: number for reason, number in found.items() if number}


class AgreedDetector:
    """A detector whose answers are checked, and on a GPU exact. Satisfies `Detector`."""

    def __init__(self, detector: Detector, who: Component) -> None:
        self.detector = detector
        self.who = who
        version = getattr(detector, "version", None)
        if not isinstance(version, str):
            raise disagree(who, "an attribute version, a string", repr(version))
        self.version = version

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> Sequence[Detections]:
        """Raises ComponentError where it gives other things than Detections, one for each image."""
        with exact_float32():
            answers = list(self.detector(images))
        if len(answers) != len(images):
            raise disagree(self.who, f"Detections for {len(images)} images", f"{len(answers)}")
        for one in answers:
            self._check(one)
        return answers

    def _check(self, found: object) -> None:
        import numpy as np

        if not isinstance(found, Detections):
            raise disagree(self.who, "Detections", type(found).__name__)
        for name, rest in SHAPES.items():
            array = getattr(found, name)
            expected = (len(found.boxes), *rest)
            if np.shape(array) != expected:
                raise disagree(self.who, f"{name} of shape {expected}", f"shape {np.shape(array)}")
        if not np.isfinite(found.boxes).all():
            raise disagree(self.who, "boxes of finite numbers", "others")


def agree_on_maps(backbone: nn.Module, who: Component) -> None:
    """Makes the backbone raise ComponentError where a stage's map is missing or is none."""
    _watch(backbone, who, partial(_check_maps, who))


def agree_on_logits(module: nn.Module, who: Component, classes: int) -> None:
    """Makes a head or an output raise ComponentError where its logits are not (B, classes)."""
    _watch(module, who, partial(_check_logits, who, classes))


def agree_on_a_number(loss: nn.Module, who: Component) -> None:
    """Makes a loss raise ComponentError where it gives anything but a scalar."""
    _watch(loss, who, partial(_check_scalar, who))


def _watch(module: nn.Module, who: Component, check: Callable[..., None]) -> None:
    if not hasattr(module, "register_forward_hook"):
        raise disagree(who, "a torch.nn.Module", type(module).__name__)
    module.register_forward_hook(check)


def _check_maps(who: Component, backbone: Any, given: tuple[Any, ...], maps: Any) -> None:
    if not isinstance(maps, Mapping):
        raise disagree(who, "a map for each stage, by its name", _shape(maps))
    for stage, channels in backbone.stages.items():
        expected = f"(B, {channels}, h, w) for stage {stage!r}"
        if stage not in maps:
            raise disagree(who, expected, f"{', '.join(map(str, maps))} only")
        shape = tuple(getattr(maps[stage], "shape", ()))
        if len(shape) != 4 or shape[1] != channels:
            raise disagree(who, expected, _shape(maps[stage]))


def _check_logits(who: Component, classes: int, module: Any, given: tuple[Any, ...], logits: Any) -> None:
    first = given[0] if given else None
    first = next(iter(first.values())) if isinstance(first, Mapping) else first
    expected = (len(first) if first is not None else "B", classes)
    if tuple(getattr(logits, "shape", ())) != expected:
        raise disagree(who, f"logits of shape {expected}", _shape(logits))


def _check_scalar(who: Component, module: Any, given: tuple[Any, ...], loss: Any) -> None:
    if getattr(loss, "shape", None) != ():
        raise disagree(who, "one number, the batch's mean", _shape(loss))


def _shape(found: Any) -> str:
    return f"shape {tuple(found.shape)}" if hasattr(found, "shape") else type(found).__name__


def disagree(who: Component, expected: str, came: str) -> ComponentError:
    return ComponentError(f"{who} broke the contract: expected {expected}, got {came}. {who.hint}")
