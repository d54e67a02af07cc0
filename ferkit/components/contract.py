"""Check the results of components against the contract during a run.

The error names the plugin at once, before a wrong result causes an obscure error elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

from ferkit.components.component import Component
from ferkit.components.soft_target import find_disagreement
from ferkit.components.tracebacks import describe, is_interrupt
from ferkit.errors import ComponentError
from ferkit.interfaces import Detections, Detector, Sample
from ferkit.messages import shorten
from ferkit.runtime.float32 import exact_float32

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import nn

Wrong = tuple[str, str] | None
"""(expected, got), or None if the result is correct."""
SHAPES = {"boxes": (4,), "scores": (), "landmarks": (5, 2)}


def check_samples(found: object, who: Component) -> Sequence[Sample]:
    """Check and return the samples of a dataset. Raises ComponentError."""
    given = list(found) if isinstance(found, Sequence) else [found]
    samples = [one for one in given if isinstance(one, Sample)]
    if len(samples) < len(given):
        wrong = next(one for one in given if not isinstance(one, Sample))
        raise disagree(who, "a list of Samples", f"{type(wrong).__name__} {wrong!r}")
    labels = {one.label for one in samples}
    for one in samples:
        if found_wrong := find_disagreement(one, labels):
            expected, got = found_wrong
            raise disagree(who, f"{expected}, for {one.path}", got)
    return samples


def check_problems(found: object, who: Component) -> Sequence[str]:
    """Check and return the problems of a dataset. Raises ComponentError."""
    if isinstance(found, Sequence) and not isinstance(found, str):
        texts = [one for one in found if isinstance(one, str)]
        if len(texts) == len(found):
            return texts
    raise disagree(who, "problems, a list of strings", f"{type(found).__name__} {shorten(repr(found))}")


def check_left_out(dataset: object, who: Component) -> dict[str, int]:
    """Return the positive counts in the optional attribute `left_out` of a dataset. Raises ComponentError."""
    found: Mapping[str, int] = getattr(dataset, "left_out", {})
    _require(who, wrong_left_out(found))
    return {reason: number for reason, number in found.items() if number}


def gives_landmarks(detector: object) -> bool:
    """Return the optional attribute `has_landmarks` of a detector or its class. Default: True."""
    return getattr(detector, "has_landmarks", True) is not False


class AgreedDetector:
    """A detector with checked results and exact float32 on a GPU. Satisfies `Detector`."""

    def __init__(self, detector: Detector, who: Component) -> None:
        self.detector = detector
        self.who = who
        version = getattr(detector, "version", None)
        if not isinstance(version, str):
            raise disagree(who, "an attribute version, a string", repr(version))
        self.version = version

    def __call__(self, images: Sequence[NDArray[np.uint8]]) -> Sequence[Detections]:
        """Detect faces. Raises ComponentError unless there is one Detections for each image."""
        # Copies: a detector that draws on an image must not change the crops.
        answers = self._ask([image.copy() for image in images])
        if not isinstance(answers, Sequence):
            raise disagree(self.who, "a list of Detections", type(answers).__name__)
        if len(answers) != len(images):
            raise disagree(self.who, f"Detections for {len(images)} images", f"{len(answers)}")
        for image, one in zip(images, answers, strict=True):
            _require(self.who, wrong_detections(one) or wrong_boxes(one, image.shape))
        return answers

    def _ask(self, images: Sequence[NDArray[np.uint8]]) -> Any:
        try:
            with exact_float32():
                return self.detector(images)
        except BaseException as error:
            if isinstance(error, Exception) or is_interrupt(error):
                raise  # the command line names the plugin
            reason = describe(error, self.who.target)
            raise ComponentError(f"{self.who} ended the call: {reason}. {self.who.hint}") from error


def agree_on_maps(backbone: nn.Module, who: Component) -> None:
    """Make the backbone raise ComponentError if a feature map is missing or has a wrong shape."""
    _check_results(backbone, who, _wrong_maps_of)


def agree_on_normalisation(backbone: object, who: Component) -> None:
    """Raise ComponentError if the optional attributes `mean` and `std` of a backbone are wrong."""
    _require(who, wrong_normalisation(backbone))


def agree_on_logits(module: nn.Module, who: Component, classes: int) -> None:
    """Make an output raise ComponentError if its logits are not (B, classes)."""
    _check_results(module, who, partial(_wrong_logits_for, classes))


def agree_on_head(module: nn.Module, who: Component, classes: int) -> None:
    """Make a head raise ComponentError if its logits or auxiliary values have a wrong shape."""
    _check_results(module, who, partial(_wrong_head_for, classes))


def agree_on_a_number(loss: nn.Module, who: Component) -> None:
    """Make a loss raise ComponentError if it does not return a scalar."""
    _check_results(loss, who, _wrong_loss)


def _check_results(module: nn.Module, who: Component, find_wrong: Callable[..., Wrong]) -> None:
    if not hasattr(module, "register_forward_hook"):
        raise disagree(who, "a torch.nn.Module", type(module).__name__)
    module.register_forward_hook(partial(_hold, who, find_wrong))


def _hold(who: Component, find_wrong: Callable[..., Wrong], *call: Any) -> None:
    _require(who, find_wrong(*call))


def _wrong_maps_of(backbone: Any, given: tuple[Any, ...], maps: Any) -> Wrong:
    return wrong_maps(maps, backbone.stages)


def _wrong_logits_for(classes: int, module: Any, given: tuple[Any, ...], logits: Any) -> Wrong:
    first = given[0] if given else None
    first = next(iter(first.values())) if isinstance(first, Mapping) else first
    return wrong_logits(logits, (len(first) if first is not None else "B", classes))


def _wrong_head_for(classes: int, module: Any, given: tuple[Any, ...], answer: Any) -> Wrong:
    logits, wrong = answer, None
    if isinstance(answer, tuple):
        wrong = wrong_auxiliary(answer, module.training)
        logits = answer[0] if answer else None
    return wrong or _wrong_logits_for(classes, module, given, logits)


def _wrong_loss(module: Any, given: tuple[Any, ...], found: Any) -> Wrong:
    if wrong := wrong_scalar(found):
        return wrong
    has_gradient = found.requires_grad or not getattr(given[0], "requires_grad", False)
    return None if has_gradient else ("a loss computed from the logits", "one without a gradient")


def wrong_left_out(found: object) -> Wrong:
    if isinstance(found, Mapping) and all(
        isinstance(reason, str) and isinstance(number, int) for reason, number in found.items()
    ):
        return None
    return "left_out, a mapping of reasons to numbers", repr(found)


def wrong_detections(found: object) -> Wrong:
    import numpy as np

    if not isinstance(found, Detections):
        return "Detections", type(found).__name__
    for name, rest in SHAPES.items():
        array = getattr(found, name)
        expected = (len(found.boxes), *rest)
        if np.shape(array) != expected:
            return f"{name} of shape {expected}", f"shape {np.shape(array)}"
    for name in ("boxes", "scores"):
        if not np.isfinite(getattr(found, name)).all():
            return f"{name} of finite numbers", "others"
    return None


def wrong_boxes(found: Detections, shape: tuple[int, ...]) -> Wrong:
    """Find a box without an area, or wholly outside an image of that shape (H, W, 3)."""
    height, width = shape[:2]
    for x0, y0, x1, y1 in found.boxes.tolist():
        if not (x0 < x1 and y0 < y1 and x0 < width and y0 < height and x1 > 0 and y1 > 0):
            came = f"{x0:g} {y0:g} {x1:g} {y1:g} in {width} × {height} pixels"
            return "boxes x0 y0 x1 y1 that overlap the image", came
    return None


def wrong_normalisation(backbone: object) -> Wrong:
    found = {name: getattr(backbone, name, None) for name in ("mean", "std")}
    if all(one is None for one in found.values()):
        return None
    for name, least in (("mean", "0"), ("std", "above 0")):
        if not _is_of_pixels(found[name], is_positive=name == "std"):
            expected = f"{name}, three numbers ({least} to 1) for pixels scaled to 0..1, in RGB"
            return f"{expected}; set mean and std, or neither", shorten(repr(found[name]))
    return None


def _is_of_pixels(values: object, is_positive: bool) -> bool:
    if not isinstance(values, Sequence) or len(values) != 3:
        return False
    numbers = [float(one) for one in values if isinstance(one, Real)]
    least = min(numbers, default=0)
    return len(numbers) == 3 and all(0 <= one <= 1 for one in numbers) and (least > 0 or not is_positive)


def wrong_maps(maps: Any, stages: Mapping[str, int]) -> Wrong:
    if not isinstance(maps, Mapping):
        return "a mapping of stages to feature maps", _shape(maps)
    for stage, channels in stages.items():
        expected = f"(B, {channels}, h, w) for stage {stage!r}"
        if stage not in maps:
            return expected, f"{', '.join(map(str, maps))} only"
        shape = tuple(getattr(maps[stage], "shape", ()))
        if len(shape) != 4 or shape[1] != channels:
            return expected, _shape(maps[stage])
    return None


def wrong_logits(logits: Any, expected: tuple[object, int]) -> Wrong:
    if tuple(getattr(logits, "shape", ())) == expected:
        return None
    return f"logits of shape {expected}", _shape(logits)


def wrong_auxiliary(answer: tuple[Any, ...], is_training: bool) -> Wrong:
    """Check the auxiliary values in a head's tuple."""
    if not is_training:
        return "logits only in eval mode", f"a tuple of {len(answer)}"
    if len(answer) != 2 or not isinstance(answer[1], Mapping):
        return "(logits, mapping of auxiliary values)", f"({', '.join(type(one).__name__ for one in answer)})"
    for name, value in answer[1].items():
        if not isinstance(name, str):
            return "names of auxiliary values, strings", repr(name)
        if getattr(value, "shape", None) not in ((), getattr(answer[0], "shape", ())):
            return f"auxiliary value {name!r}: a scalar loss or logits (B, K)", _shape(value)
    return None


def wrong_scalar(found: Any) -> Wrong:
    return None if getattr(found, "shape", None) == () else ("one number, the batch's mean", _shape(found))


def _shape(found: Any) -> str:
    return f"shape {tuple(found.shape)}" if hasattr(found, "shape") else type(found).__name__


def disagree(who: Component, expected: str, got: str) -> ComponentError:
    """Return an error that names the component."""
    return ComponentError(f"{who} broke the contract: expected {expected}, got {got}. {who.hint}")


def _require(who: Component, wrong: Wrong) -> None:
    if wrong:
        raise disagree(who, *wrong)
