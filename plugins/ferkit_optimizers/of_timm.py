"""Optimizers of timm by name: `of_timm.lion` is timm's "lion", with the options of its class."""

from __future__ import annotations

import functools
import inspect
import operator
import types
import typing
from typing import Any

import timm
from torch import Tensor

from ferkit_optimizers.option_texts import explain

MOMENTUM = 0.9
"""Default of the option `momentum`, as of timm's create_optimizer_v2. That of torch's SGD is 0."""
CONTEXT = ("params", "lr", "weight_decay")
"""Arguments from ferkit."""
HIDDEN = frozenset({"algo", "capturable", "differentiable", "maximize", "verbose"})
"""Options that a recipe has no use for."""


def __getattr__(name: str) -> Any:
    """Return a constructor of an optimizer. Raises AttributeError for an unknown name."""
    if name.startswith("_"):
        raise AttributeError(name)
    return _constructor(name)


@functools.cache
def _constructor(name: str) -> Any:
    from timm.optim import get_optimizer_class

    try:
        kind: Any = get_optimizer_class(name)
    except ValueError as error:
        raise AttributeError(f"timm {timm.__version__} has no optimizer {name!r}. Update timm") from error

    signature = _written_in_toml(inspect.signature(kind))
    defaults = {"momentum": MOMENTUM} if "momentum" in signature.parameters else {}

    def construct(**options: Any) -> Any:
        return kind(**defaults | options)

    bare = getattr(kind, "func", kind)
    construct.__name__ = construct.__qualname__ = bare.__name__
    construct.__module__ = __name__
    library = bare.__module__.partition(".")[0]
    options = [name for name in signature.parameters if name not in CONTEXT]
    construct.__doc__ = f"{bare.__name__} of {library}.\n\n{explain(options)}\n    "
    construct.__signature__ = signature  # type: ignore[attr-defined]
    return construct


def _written_in_toml(signature: inspect.Signature) -> inspect.Signature:
    """Keep the parameters that TOML can express. torch also allows tensors instead of numbers."""
    known = {one.name: one.replace(annotation=_without_tensors(one)) for one in signature.parameters.values()}
    hidden = {name for name in known if name in HIDDEN or name.endswith("_dtype")}
    if "momentum" in known:
        known["momentum"] = known["momentum"].replace(default=MOMENTUM)
    return inspect.Signature([one for name, one in known.items() if name not in hidden])


def _without_tensors(parameter: inspect.Parameter) -> Any:
    if parameter.name in CONTEXT:
        return Any
    if parameter.annotation is parameter.empty:
        return _infer(parameter.default)
    return _reduce(parameter.annotation)


def _infer(default: Any) -> Any:
    """Return the type of a default. Some classes of timm annotate nothing."""
    if isinstance(default, tuple):
        return types.GenericAlias(tuple, tuple(_infer(one) for one in default))
    return bool if isinstance(default, bool) else float


def _reduce(annotation: Any) -> Any:
    """Remove Tensor from the unions of an annotation."""
    kept = [_reduce(one) for one in typing.get_args(annotation) if one is not Tensor]
    if typing.get_origin(annotation) is tuple:
        return types.GenericAlias(tuple, tuple(kept))
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return functools.reduce(operator.or_, kept)
    return annotation
