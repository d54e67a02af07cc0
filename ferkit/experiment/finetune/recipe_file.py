"""The recipe as a file that can be read and edited: each part with a line on what it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli_w

HEAD = """\
# Written by `ferkit finetune`. Edit it, then:
#   {again}
# Every key: ferkit's documentation, "Recipes". Paths are relative to the folder in which ferkit is run.
"""
COMMENTS = {
    "[data]": "One folder for each class. group_pattern tells which images are of one person.",
    "[detector]": "What finds the face. For images that are faces already: whole_image.",
    "[faces]": "Files that can't be read are passed over; of faces alike pixel for pixel, one is used.",
    "[model]": "The network. A smaller image_size is quicker; initial is a file that it goes on from.",
    "[fit]": "Training. More epochs take longer; lr is the backbone's step, head_lr the new head's.",
    "[protocol]": "Which images train, choose the epoch and test. nested needs no groups, grouped does.",
}


OTHER_CLASSES = "The network. Its backbone begins with the file initial, its head anew, for other classes."
"""Of a `[model]` with initial_part."""


def write_recipe(table: Mapping[str, Any], again: str) -> str:
    """TOML; again: the command that runs it."""
    lines = [HEAD.format(again=again)]
    is_first = True
    for line in tomli_w.dumps(table, multiline_strings=False).splitlines():
        if line in COMMENTS:
            is_begun_anew = line == "[model]" and "initial_part" in table["model"]
            lines.append(f"# {OTHER_CLASSES if is_begun_anew else COMMENTS[line]}")
        if line.startswith(("augment =", "[[augment]]")) and is_first:
            is_first = False
            lines.append("# How the training faces are varied, anew in each epoch.")
        lines.append(line)
    return "\n".join(lines) + "\n"
