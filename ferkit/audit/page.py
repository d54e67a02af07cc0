"""Write an audit as an HTML page or as JSON. Neither shows an image."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from ferkit.audit import text
from ferkit.audit.result import Audit
from ferkit.errors import RunError
from ferkit.messages import count_of, number, percent
from ferkit.runtime.atomic_write import write_text
from ferkit.version import __version__

SHOWN = 200
"""Maximum rows of a table on the page. The JSON file has all rows."""


def write_page(audit: Audit, file: Path) -> None:
    """Write the page, which needs no network and no other file. Raises RunError if it cannot."""
    # The style sheet is that of the run report.
    loader = ChoiceLoader([PackageLoader("ferkit.audit", "."), PackageLoader("ferkit.report", ".")])
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"percent": percent, "number": number, "count_of": count_of}
    page = made.get_template("page.html").render(audit=audit, words=text, shown=SHOWN, version=__version__)
    write_output(file, page)


def write_json(audit: Audit, file: Path) -> None:
    """Write the result as JSON. Fractions are 0..1. Raises RunError if the file cannot be written."""
    found = {
        "ferkit": __version__,
        "serious": audit.is_serious,
        "imbalance": audit.imbalance,
        **asdict(audit),
    }
    write_output(file, json.dumps(found, indent=2) + "\n")


WRITERS: Mapping[str, Callable[[Audit, Path], None]] = {".html": write_page, ".json": write_json}
"""File suffix -> the function that writes it."""


def check_outputs(files: Sequence[Path]) -> None:
    """Raise RunError if the suffix of a file is not supported."""
    for file in files:
        if file.suffix not in WRITERS:
            raise RunError(f"Cannot write --out {file}: expected the suffix {' or '.join(WRITERS)}")


def write_output(file: Path, text: str) -> None:
    """Write a file of --out. Raises RunError with the option's name."""
    try:
        write_text(file, text)
    except RunError as error:
        raise RunError(
            f"Cannot write --out {file}: {error.__cause__}. Give a file in a writable folder."
        ) from error
