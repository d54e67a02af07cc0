"""An audit as a page and as JSON. Neither shows an image."""

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
"""Rows of a table on the page; the JSON file has more."""


def write_page(audit: Audit, file: Path) -> None:
    """The page needs no network and no other file. Raises RunError where it can't be written."""
    # The looks are the run report's.
    loader = ChoiceLoader([PackageLoader("ferkit.audit", "."), PackageLoader("ferkit.report", ".")])
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"percent": percent, "number": number, "count_of": count_of}
    page = made.get_template("page.html").render(audit=audit, words=text, shown=SHOWN, version=__version__)
    _write(file, page)


def write_json(audit: Audit, file: Path) -> None:
    """All that the result holds; shares are 0..1. Raises RunError where it can't be written."""
    found = {
        "ferkit": __version__,
        "serious": audit.is_serious,
        "imbalance": audit.imbalance,
        **asdict(audit),
    }
    _write(file, json.dumps(found, indent=2) + "\n")


WRITERS: Mapping[str, Callable[[Audit, Path], None]] = {".html": write_page, ".json": write_json}
"""The ending of a file, and what writes it."""


def check_outputs(files: Sequence[Path]) -> None:
    """Raise RunError if a file has an ending that nothing writes."""
    for file in files:
        if file.suffix not in WRITERS:
            raise RunError(f"--out {file}: expected a file that ends in {' or '.join(WRITERS)}")


def _write(file: Path, text: str) -> None:
    try:
        write_text(file, text)
    except RunError as error:
        raise RunError(
            f"--out: can't write {file}: {error.__cause__}. Give a file in a folder that you may write to."
        ) from error
