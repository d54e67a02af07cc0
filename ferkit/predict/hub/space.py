"""A Gradio Space: a page on the Hub where a model can be tried."""

from __future__ import annotations

from importlib.resources import files
from string import Template

from ferkit.predict.hub.download import CARD
from ferkit.predict.hub.upload import Uploaded, commit_files
from ferkit.runtime.hub_reference import HubReference
from ferkit.version import __version__

README = """\
---
title: $name
sdk: gradio
app_file: app.py
models:
- $repository
---

A page to try [$repository]($card), made with ferkit.

If the model is private, add a secret `HF_TOKEN` with the right to read it, in the settings of this Space.
"""


def push_space(model: Uploaded, *, is_private: bool = False) -> Uploaded:
    """Create a Space with the name of the model, or update it. It uses the model's commit.

    Args:
        model: The uploaded model.
        is_private: Create a private Space.

    Raises:
        RunError: As for `push_model`.
    """
    known = model.reference
    target = HubReference(known.repository)
    made = {name: text.encode() for name, text in write_space(known, model.url).items()}
    message = f"Use {known}"
    return commit_files(target, made, "space", message, is_private, space_sdk="gradio")


def write_space(model: HubReference, card: str) -> dict[str, str]:
    """Write the files of a Space: name to content.

    Args:
        model: The model with its commit.
        card: Address of its card.
    """
    app = files("ferkit.predict.hub").joinpath("app.py.template").read_text(encoding="utf-8")
    values = {"reference": str(model), "repository": model.repository, "name": model.name, "card": card}
    return {
        "app.py": Template(app).substitute(values),
        "requirements.txt": f"ferkit=={__version__}\n",
        CARD: Template(README).substitute(values),
    }
