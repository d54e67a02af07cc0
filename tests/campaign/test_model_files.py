"""Spoiled headers, damaged model files and states: each is read or refused with an error of ferkit."""

from __future__ import annotations

import copy
import io
import json
import random
from functools import cache
from pathlib import Path

import pytest
import torch

from ferkit.neural.checkpoint import load_state, read_header
from ferkit.predict.model.load import load_model
from tests.campaign.campaign import Campaign, damage
from tests.campaign.child import Attempt, try_in_child
from tests.campaign.conftest import Start
from tests.campaign.models import KEY, export, join, split, write_model
from tests.campaign.tables import LONG_TEXTS, places, spoil_at_random
from tests.neural.tiny import fit, tiny_estimator

HEADERS = 4_000
BYTES = 1_000
PROGRAMS = 200
STATES = 300


@cache
def whole(folder: Path, suffix: str) -> bytes:
    """A valid model, made once in each process."""
    model = folder / "whole.safetensors"
    if not model.exists():
        write_model(model)
    file = folder / f"whole{suffix}"
    return (file if file.exists() else export(model, file)).read_bytes()


def read(content: bytes, folder: Path, suffix: str) -> None:
    file = folder / f"damaged{suffix}"
    file.write_bytes(content)
    load_model(file, device="cpu")


def spoiled_header(draw: random.Random, folder: Path) -> None:
    """A description with values of other types."""
    header, tensors = split(whole(folder, ".safetensors"))
    metadata = header["__metadata__"]
    assert isinstance(metadata, dict)
    description = json.loads(metadata[KEY])
    text = draw.choice(LONG_TEXTS) if draw.random() < 0.05 else json.dumps(spoil_at_random(description, draw))
    metadata[KEY] = text
    read(join(header, tensors), folder, ".safetensors")


def spoiled_tensors(draw: random.Random, folder: Path) -> None:
    """Names, shapes, types and places of tensors that are others."""
    header, tensors = split(whole(folder, ".safetensors"))
    read(join(spoil_at_random(header, draw), tensors), folder, ".safetensors")


def damaged_safetensors(draw: random.Random, folder: Path) -> None:
    content = damage(whole(folder, ".safetensors"), draw)
    read(content, folder, ".safetensors")
    read_header(folder / "damaged.safetensors")


def damaged_onnx(draw: random.Random, folder: Path) -> None:
    read(damage(whole(folder, ".onnx"), draw), folder, ".onnx")


def damaged_program(draw: random.Random, folder: Path) -> None:
    read(damage(whole(folder, ".pt2"), draw), folder, ".pt2")


def spoiled_state(draw: random.Random, folder: Path) -> None:
    """A state whose tensors and numbers are others, or damaged bytes."""
    file = folder / "state.pt"
    faces = _faces()
    if not (kept := folder / "whole.pt").exists():
        training = tiny_estimator(state_file=kept).fit(*faces)
        next(training)
        next(training)
    file.write_bytes(damage(kept.read_bytes(), draw))
    if draw.random() < 0.7:
        state = torch.load(kept, weights_only=True)
        buffer = io.BytesIO()
        torch.save(_spoil_state(state, draw), buffer)
        file.write_bytes(buffer.getvalue())
    load_state(file)
    fit(tiny_estimator(state_file=file))


def _faces() -> tuple[object, object]:
    from tests.neural.test_resuming import FACES

    return FACES, FACES[::2]


def _spoil_state(state: dict[str, object], draw: random.Random) -> object:
    odd = (None, [], {}, "x", -1, 10**9, float("nan"), torch.zeros(2), torch.zeros(2, 2).int(), [state], 1.5)
    if draw.random() < 0.1:
        return draw.choice(odd)
    found = copy.deepcopy(state)
    place, key = draw.choice(list(places(found)))
    if draw.random() < 0.3:
        del place[key]
    else:
        place[key] = draw.choice(odd)
    return found


@pytest.mark.parametrize(
    ("attempt", "count"),
    [
        (spoiled_header, HEADERS),
        (spoiled_tensors, BYTES),
        (damaged_safetensors, BYTES),
        (damaged_onnx, BYTES),
        (damaged_program, PROGRAMS),
        (spoiled_state, STATES),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_a_file_is_read_or_refused(start: Start, tmp_path: Path, attempt: Attempt, count: int) -> None:
    campaign: Campaign = start(attempt.__name__.replace("_", " "))
    try_in_child(campaign, count, attempt, tmp_path / "files")
    campaign.check()
