"""Write the doubtful labels of a run as an HTML page, CSV or JSON."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, astuple, fields
from pathlib import Path

from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

from ferkit.audit.labels.of_run import DoubtfulLabel, LabelAudit
from ferkit.audit.labels.thumbnails import Thumbnail, make_thumbnails
from ferkit.audit.page import write_output
from ferkit.errors import RunError
from ferkit.messages import count_of, number, percent, printable
from ferkit.runtime.escape import csv_row
from ferkit.version import __version__

SUFFIXES = (".html", ".csv", ".json")
LIMIT = 20
"""Number of images that the terminal and the page list."""


def check_label_outputs(files: Sequence[Path], has_images: bool) -> None:
    """Raise RunError if the suffix of a file is not supported, or if no page can show the images."""
    for file in files:
        if file.suffix not in SUFFIXES:
            raise RunError(f"Cannot write --out {file}: expected the suffix {', '.join(SUFFIXES)}.")
    if has_images and not any(file.suffix == ".html" for file in files):
        raise RunError("Cannot show images: --images needs a page. Add --out FILE.html.")


def write_labels(found: LabelAudit, file: Path, limit: int = LIMIT, has_images: bool = False) -> list[str]:
    """Write the result.

    Args:
        found: The result.
        file: The file. Its suffix is the format. CSV and JSON have all images.
        limit: Maximum number of images on the page.
        has_images: Show thumbnails on the page.

    Returns:
        Warnings about images that the page cannot show.

    Raises:
        RunError: The file cannot be written.
    """
    if file.suffix == ".csv":
        write_output(file, _as_csv(found.doubtful))
    elif file.suffix == ".json":
        write_output(file, json.dumps({"ferkit": __version__, **asdict(found)}, indent=2) + "\n")
    else:
        shown = found.doubtful[:limit]
        thumbnails = make_thumbnails(Path(found.run), shown) if has_images else []
        write_output(file, _as_page(found, shown, thumbnails))
        lost = [
            f"{printable(one.name)}: {image.reason}"
            for one, image in zip(shown, thumbnails, strict=False)
            if image.reason
        ]
        return [f"{count_of(len(lost), 'image')} cannot be shown, such as {lost[0]}"] if lost else []
    return []


def _as_csv(doubtful: Sequence[DoubtfulLabel]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(field.name for field in fields(DoubtfulLabel))
    writer.writerows(csv_row(astuple(one)) for one in doubtful)
    return buffer.getvalue()


def _as_page(found: LabelAudit, shown: Sequence[DoubtfulLabel], thumbnails: Sequence[Thumbnail]) -> str:
    loader = ChoiceLoader([PackageLoader("ferkit.audit", "."), PackageLoader("ferkit.report", ".")])
    made = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    made.filters |= {"percent": percent, "number": number, "count_of": count_of, "printable": printable}
    return made.get_template("labels.html").render(
        found=found, shown=shown, thumbnails=thumbnails, version=__version__
    )
