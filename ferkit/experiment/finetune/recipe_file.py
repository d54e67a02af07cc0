"""Write the recipe as a TOML file with a comment for each section."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import tomli_w

HEAD = """\
# Written by `ferkit finetune`. Edit it, then:
#   {again}
# The documentation page "Recipes" explains every key. Paths are relative to the working directory.
"""
COMMENTS = {
    "[data]": "One folder for each class. group_pattern finds the person in the name of a file.",
    "[detector]": "The face detector. Use whole_image if the images are cropped faces.",
    "[faces]": "Unreadable files are skipped. Of identical faces, one is used.",
    "[model]": "The network. A smaller image_size is faster. initial is a file with initial weights.",
    "[fit]": "Training. lr is the learning rate of the backbone, head_lr that of the new head.",
    "[protocol]": "Images for training, selection and testing. grouped needs groups, nested does not.",
}


OTHER_CLASSES = "The network. The backbone starts from the file initial. The head is new, for other classes."
"""Comment of a `[model]` with initial_part."""


def write_recipe(table: Mapping[str, Any], again: str) -> str:
    """Return TOML with comments. `again` is the command that runs the recipe."""
    lines = [HEAD.format(again=again)]
    is_first = True
    for line in tomli_w.dumps(table, multiline_strings=False).splitlines():
        if line in COMMENTS:
            has_new_head = line == "[model]" and "initial_part" in table["model"]
            lines.append(f"# {OTHER_CLASSES if has_new_head else COMMENTS[line]}")
        if line.startswith(("augment =", "[[augment]]")) and is_first:
            is_first = False
            lines.append("# Random augmentation of the training faces.")
        lines.append(line)
    return "\n".join(lines) + "\n"
