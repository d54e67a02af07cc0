"""Wrong catalogue entries."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ferkit.plugin import Component, DirectFile, Weights
from tests.testing.wrong.case import CASES, Case

RIGHT = Weights(
    name="wrong",
    filename="wrong.pt",
    sha256="0" * 64,
    source=DirectFile("https://example.org/wrong.pt"),
    licence="MIT",
    trained_on="nothing",
    embedding_size=8,
    labels=("anger", "neutral"),
)
CHANGES: dict[str, dict[str, Any]] = {
    "is_called_as_its_component": {"name": "other"},
    "tells_its_terms_and_origin": {"licence": " "},
    "has_a_hash_or_none": {"sha256": "unknown"},
    "says_where_it_is": {"source": DirectFile("http://example.org/wrong.pt")},
    "has_a_plain_file_name": {"filename": "../wrong.pt"},
    "names_canonical_labels": {"labels": ("Angry", "neutral")},
}
WRONG = {check: replace(RIGHT, **change) for check, change in CHANGES.items()}
globals().update(WRONG)
CASES += [
    Case(Component("weights", "wrong", f"{__name__}:{check}", "Weights of a test"), check) for check in WRONG
]
