"""Plugins that misbehave: a deed, in a place of a component of a kind."""

from __future__ import annotations

HEAD = """\
import sys, warnings, os
from collections.abc import Sequence
from pathlib import Path
import numpy as np
import torch
from torch import Tensor, nn
from ferkit.plugin import Component, hookimpl
from tests.builders import TinyBackbone, TinyHead
from tests.plugins_for_tests.midway_plugin import Detector as TinyDetector
from tests.plugins_for_tests.tiny_plugin import Majority, Squares

GO_ON = object()


class Mine(BaseException):
    pass


class Unprintable(Exception):
    def __str__(self):
        raise RuntimeError("no words")


def deed(*inputs):
    {deed}
    return GO_ON

"""
HOOK = """
@hookimpl
def ferkit_components():
    {at_hook}
    return [Component({kind!r}, "bad", __name__ + ":Bad", "Misbehaves")]

"""
CLASSES = {
    "dataset": """\
class Bad(Squares):
    def __init__(self, root: Path) -> None:
        {constructor}
        super().__init__(root)

    def problems(self):
        {problems}
        return super().problems()

    def samples(self):
        {samples}
        return super().samples()
""",
    "detector": """\
class Bad:
    version = "1"

    def __init__(self) -> None:
        {constructor}
        from ferkit_detectors.whole_image import WholeImageDetector
        self.whole = WholeImageDetector()

    def __call__(self, images):
        found = self.whole(images)
        {call}
        return found
""",
    "backbone": """\
class Bad(TinyBackbone):
    def __init__(self) -> None:
        {constructor}
        super().__init__()

    def forward(self, images):
        found = super().forward(images)
        inputs = images
        {forward}
        return found
""",
    "head": """\
class Bad(TinyHead):
    def __init__(self, in_channels: int, num_classes: int) -> None:
        {constructor}
        super().__init__(in_channels, num_classes)

    def forward(self, features):
        inputs = features
        {forward}
        return super().forward(features)
""",
    "output": """\
class Bad(nn.Module):
    def __init__(self) -> None:
        {constructor}
        super().__init__()

    def forward(self, logits):
        inputs = logits
        {forward}
        return logits
""",
    "loss": """\
class Bad(nn.Module):
    def __init__(self, num_classes: int) -> None:
        {constructor}
        super().__init__()

    def forward(self, logits, targets):
        inputs = targets
        {forward}
        return nn.functional.cross_entropy(logits, targets)
""",
    "estimator": """\
class Bad(Majority):
    def __init__(self, labels: Sequence[str]) -> None:
        {constructor}
        super().__init__(labels)

    def fit(self, train, validation):
        {fit}
        yield from super().fit(train, validation)

    def predict(self, faces):
        {predict}
        return super().predict(faces)
""",
}
CALLS = {
    "dataset": ("problems", "samples"),
    "detector": ("call",),
    "backbone": ("forward",),
    "head": ("forward",),
    "output": ("forward",),
    "loss": ("forward",),
    "estimator": ("fit", "predict"),
}
RAISES = {
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "an old interrupt": "error = KeyboardInterrupt('stop')\n    raise error",
    "GeneratorExit": "raise GeneratorExit",
    "own BaseException": "raise Mine('no')",
    "sys.exit()": "sys.exit()",
    "sys.exit(0)": "sys.exit(0)",
    "sys.exit text": "sys.exit('not today')",
    "StopIteration": "raise StopIteration",
    "MemoryError": "raise MemoryError",
    "RecursionError": "return deed(*inputs)",
    "unprintable": "raise Unprintable",
    "hostile message": "raise ValueError('\\x1b[2J' + 'x' * 100_000)",
    "assertion": "assert False",
    "ImportError": "import no_such_module_at_all",
    "a chain": "try:\n        1 / 0\n    except ArithmeticError as error:\n        raise KeyError from error",
}
RETURNS = {
    "None": "return None",
    "an object": "return object()",
    "text": "return 'x'",
    "a list": "return [1]",
}
HARMLESS = {"a warning": "warnings.warn('look')", "output": "print('look')"}
GIVES = "found_ = deed({inputs})\n        if found_ is not GO_ON:\n            return found_"


def write_plugin(kind: str, place: str, deed: str) -> str:
    """Return a module's code."""
    places = dict.fromkeys(("constructor", *CALLS[kind]), "pass")
    if place == "constructor":
        places[place] = "deed()"
    elif place in places:
        places[place] = GIVES.format(inputs="")
    code = HEAD.format(deed=deed)
    if place == "import":
        code += "deed()\n"
    hook = HOOK.format(at_hook="deed()" if place == "hook" else "pass", kind=kind)
    return code + hook + "\n" + CLASSES[kind].format(**places)
