"""The option that allows a model to import code."""

from __future__ import annotations

from typing import Annotated

import typer

TrustPlugins = Annotated[
    bool,
    typer.Option(
        "--trust-plugins",
        help="Import plugin modules that the model names, also if they are not installed. They run code: use "
        "it only for models that you know.",
    ),
]
