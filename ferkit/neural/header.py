"""The schema of what a network's file says about itself, with a bound on every value.

All readers use it: safetensors, ONNX and .pt2 files, and networks in run folders. A file may come from
elsewhere, so nothing is built from a value that is not checked here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from ferkit.components.part import Part
from ferkit.data.options import FaceOptions
from ferkit.errors import RunError
from ferkit.messages import shorten
from ferkit.neural.options import Known, Model

FORMAT = 1
"""Raised if a reader of the former format would misread a file."""
LARGEST_HEADER = 64 << 20
"""Characters."""
FORMER = "facenet"
"""Normalisation of a file that states none: the default before "pretrained"."""
MOST_LABELS = 1000
DEEPEST, MOST_ITEMS, LONGEST, LARGEST = 6, 1000, 200, 2.0**32
"""Of a component's options: nesting, values, characters of a string, numbers."""
MODULE = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$"


def _check_options(value: Any) -> Any:
    """Raises ValueError if a component's options are nested too deeply, too many, too long or too large."""
    items, todo = 0, [(value, 0)]
    while todo:
        one, depth = todo.pop()
        inner = [*one, *one.values()] if isinstance(one, dict) else one if isinstance(one, list) else ()
        items += 1
        todo += [(part, depth + 1) for part in inner]
        if depth > DEEPEST or items > MOST_ITEMS or len(todo) > MOST_ITEMS:
            raise ValueError(f"has more than {MOST_ITEMS} values, or more than {DEEPEST} levels")
        if isinstance(one, str) and len(one) > LONGEST:
            raise ValueError(f"has a string of {len(one)} characters; at most {LONGEST} are allowed")
        if isinstance(one, int | float) and not abs(one) <= LARGEST:
            raise ValueError(f"has a number whose size is above {LARGEST:g}")
    return value


def _check_part(part: Part) -> Part:
    _check_options(part.model_dump())
    return part


def _check_model(model: Model) -> Model:
    if model.normalize == "pretrained":
        raise ValueError("normalize is 'pretrained'; expected the mean and std of the network")
    for part in (model.backbone, model.head, model.output):
        _check_part(part)
    return model


def _check_apart(labels: Sequence[str]) -> Sequence[str]:
    if len(set(labels)) != len(labels):
        raise ValueError("two labels are the same")
    return labels


Label = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Labels = Annotated[tuple[Label, ...], Field(max_length=MOST_LABELS), AfterValidator(_check_apart)]
Text = Annotated[str, Field(max_length=1000)]


class Table(BaseModel):
    """Keys that a later ferkit adds are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, allow_inf_nan=False, defer_build=True)


Checked = TypeVar("Checked", bound=Table)


class NetworkHeader(Table):
    """The header of every network.

    Attributes:
        labels: In the order of the probabilities; empty in a file that another program wrote.
        temperature: Divides the logits; None if none was fitted.
        normalize: Normalisation of the images; None in files of earlier versions, and in model files, which
            have it in `model`.
        trained_on: The first digits of the hashes of its training images.
        source: The run.
    """

    labels: Labels = ()
    temperature: float | None = Field(default=None, gt=0, le=1e6)
    normalize: Known | None = None
    trained_on: frozenset[Annotated[str, Field(max_length=64)]] = frozenset()
    source: Text = ""


class ScoreHeader(Table):
    """The scores of one epoch selection."""

    title: Text = ""
    selected_on_test: bool = True
    accuracy: float | None = None
    mean_recall: float | None = None
    macro_f1: float | None = None
    nll: float | None = None
    ece: float | None = None


class MetricsHeader(Table):
    """Scores of the run, over all its folds."""

    data: Text | None = None
    protocol: Text | None = None
    demo: bool = False
    scores: dict[Label, ScoreHeader] = Field(default_factory=dict, max_length=10)


class ModelHeader(NetworkHeader):
    """The header of a model file: all that is needed to use the network on new images."""

    format: Literal[1]
    labels: Annotated[Labels, Field(min_length=1)]
    model: Annotated[Model, AfterValidator(_check_model)]
    detector: Annotated[Part, AfterValidator(_check_part)]
    faces: FaceOptions = FaceOptions()
    plugins: tuple[Annotated[str, Field(pattern=MODULE, max_length=LONGEST)], ...] = Field(
        default=(), max_length=50
    )
    metrics: MetricsHeader = MetricsHeader()


def parse_header(text: str | bytes, where: object) -> dict[str, Any]:
    """Parse a header's JSON.

    Raises:
        RunError: It is too long, no JSON, nested too deeply or no object.
    """
    try:
        if len(text) > LARGEST_HEADER:
            raise ValueError(f"it has {len(text)} characters")
        found = json.loads(text, object_pairs_hook=_without_twins)
        if not isinstance(found, dict):
            raise ValueError(f"expected an object, got {shorten(json.dumps(found))}")
    except (ValueError, RecursionError) as error:
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else shorten(error, 120)
        raise RunError(f"Cannot read the header of {where}: {reason}. Export the model again.") from error
    return found


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Raises ValueError if a key is there twice: readers differ in which value they take."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"the key {shorten(key)} is there twice")
        found[key] = value
    return found


def read_network_header(table: Mapping[str, Any], where: object) -> NetworkHeader:
    """Check the header of a network. Raises RunError, with the file and the key."""
    return _checked(NetworkHeader, table, where)


def read_model_header(table: Mapping[str, Any], where: object) -> ModelHeader:
    """Check the header of a model file. Raises RunError, with the file and the key."""
    if (found := table.get("format", FORMAT)) != FORMAT:
        raise RunError(
            f"{where} is a model file of format {shorten(found)}, this ferkit reads format {FORMAT}: update "
            "ferkit"
        )
    # A network's own reader has checked its many images.
    rest = {key: one for key, one in table.items() if key != "trained_on"}
    if isinstance(model := rest.get("model"), dict):
        rest["model"] = {"normalize": FORMER, **model}
    return _checked(ModelHeader, rest, where)


def _checked(kind: type[Checked], table: Mapping[str, Any], where: object) -> Checked:
    try:
        return kind.model_validate_json(json.dumps(table))
    except (ValidationError, RecursionError) as error:
        key, reason = "header", "nested too deeply"
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False, include_input=False)[0]
            way = [str(step) for step in first["loc"] if not str(step).startswith("|")]
            key, reason = ".".join(way) or key, first["msg"]
        raise RunError(
            f"{where} has an incomplete model description: {shorten(key)}: {shorten(reason, 120)}. Export "
            "it again: ferkit export"
        ) from error
