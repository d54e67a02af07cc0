"""The answer of `GET /models`: what is known of the model."""

from __future__ import annotations

import re
from pathlib import Path

from pydantic import BaseModel

from ferkit.data.images import image_sha256
from ferkit.predict.hub.download import CARD, LARGEST_CARD
from ferkit.predict.model.find import find_model
from ferkit.predict.predictor import Predictor

SECTION = re.compile(r"^## (?P<title>[^\n]+)\n(?P<body>.*?)(?=^## |\Z)", re.M | re.S)
BULLET = re.compile(r"^- (.*(?:\n  .*)*)", re.M)
ALWAYS = (
    "The model reports which label a face resembles most. It does not report what a person feels.",
    "Base no decision about a person on the result.",
)
"""Limits of every model of facial expressions."""


class ModelInfo(BaseModel):
    """A model of the server.

    Attributes:
        name: Name of the file or run folder.
        title: A sentence that names the model.
        sha256: Hash of the model file; None for a run folder.
        labels: The labels, in the order of the probabilities.
        detector: Name of the face detector.
        limits: What the model cannot do.
        prohibited: Uses that the card prohibits.
        card: The model card, in Markdown; "" if there is none.
    """

    name: str
    title: str
    sha256: str | None
    labels: list[str]
    detector: str
    limits: list[str]
    prohibited: list[str]
    card: str


def describe_model(model: str | None, predictor: Predictor) -> ModelInfo:
    """Return what `GET /models` says of a model.

    Args:
        model: As for `Predictor`.
        predictor: Its predictor.
    """
    path = find_model(model)
    card = _read_card(path)
    return ModelInfo(
        name=path.stem if path.is_file() else path.name,
        title=re.sub(r"; model card: .*", "", predictor.title).replace(str(path), path.name),
        sha256=image_sha256(path) if path.is_file() else None,
        labels=list(predictor.labels),
        detector=predictor.detector,
        limits=[*ALWAYS, *find_bullets(card, "Limits")],
        prohibited=find_bullets(card, "Prohibited use"),
        card=card,
    )


def _read_card(path: Path) -> str:
    """Return the card of a model without the front matter for the Hub; "" if there is none.

    It is FILE.card.md of `ferkit export`, or README.md next to the model file if it has such front matter:
    other folders have a README.md too.
    """
    exported, readme = path.with_name(f"{path.name}.card.md"), path.with_name(CARD)
    for file in (exported, *([readme] if path.is_file() else ())):
        if file.is_file() and file.stat().st_size <= LARGEST_CARD:
            text = file.read_text(encoding="utf-8", errors="replace")
            card, has_front_matter = re.subn(r"\A---\n.*?\n---\n", "", text, flags=re.S)
            if has_front_matter or file == exported:
                return card.strip()
    return ""


def find_bullets(card: str, title: str) -> list[str]:
    """Return the bullets of a section of a card."""
    bodies = (one["body"] for one in SECTION.finditer(card) if one["title"].strip() == title)
    return [" ".join(bullet.split()) for body in bodies for bullet in BULLET.findall(body)]
