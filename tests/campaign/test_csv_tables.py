"""CSV files in any encoding, with any bytes: samples, or a DataError."""

from __future__ import annotations

import csv
import io
import os
import random
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from ferkit_datasets.csv import TableDataset
from ferkit_datasets.manifest import Manifest

from ferkit.data.manifest import read_manifest
from ferkit.errors import DataError
from ferkit.interfaces import Sample
from ferkit.testing.drawing import draw_folders
from tests.campaign.campaign import damage
from tests.campaign.conftest import Start

TABLES = 10_000
ENCODINGS = ("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252", "latin-1", "shift-jis")
SEPARATORS = (",", ",", ";", "\t", "|", ":", " ", "\0", "é")
QUOTES = ('"', '"', "'")
CELLS = (
    "",
    " ",
    "\0",
    "é",
    "日本",
    '"',
    "=cmd",
    "../x",
    "/etc/passwd",
    "~root/x",
    "~nobody-of-this-name/x",
    "x" * 5000,
    "x" * 200_000,
    "a\nb",
    "\r",
    "train",
    "{",
    '{"person": "7"}',
    '{"person": 7}',
    "[" * 5000,
    "9" * 5000,
    "\u2028",
    "\ufeff",
    "NaN",
    "con",
    "C:\\x.png",
)
COLUMNS = ("path", "label", "split", "groups", "sha256")


def draw_table(draw: random.Random, names: list[str]) -> bytes:
    """A list of images with odd cells, in an odd encoding."""
    buffer = io.StringIO()
    quoting = draw.choice((csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_MINIMAL))
    separator = draw.choice(SEPARATORS)
    ends = draw.choice(("\n", "\r\n", "\r", "\n\n"))
    writer = csv.writer(buffer, delimiter=separator, quotechar=draw.choice(QUOTES), quoting=quoting)
    odd_names = draw.choices((*COLUMNS, *CELLS[:9]), k=draw.randint(0, 7))
    writer.writerow(COLUMNS if draw.random() < 0.8 else odd_names)
    for number, name in enumerate(draw.sample(names, draw.randint(0, len(names)))):
        row = [name, "anger" if number % 2 else "fear", draw.choice(("train", "test", "")), "{}", "0f" * 32]
        for _ in range(draw.choice((0, 0, 1, 3))):
            row[draw.randrange(5)] = draw.choice(CELLS)
        writer.writerow(row if draw.random() < 0.95 else row[: draw.randint(0, 4)])
    text = buffer.getvalue().replace("\r\n", ends)
    content = text.encode(draw.choice(ENCODINGS), draw.choice(("replace", "backslashreplace")))
    return damage(content, draw) if draw.random() < 0.3 else content


@pytest.fixture
def names(tmp_path: Path) -> list[str]:
    draw_folders(tmp_path / "images", ("anger", "fear"), 3)
    return sorted(os.path.relpath(path, tmp_path / "images") for path in tmp_path.rglob("*.png"))


def test_a_table_gives_samples_or_a_data_error(
    start: Start, tmp_path: Path, names: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("ERROR", "ferkit")
    campaign = start("CSV tables")
    file, counts = tmp_path / "images" / "list.csv", [0, 0, 0]
    for number in campaign.scaled(TABLES):
        content = draw_table(campaign.random, names)
        file.write_bytes(content)
        for place, dataset in enumerate((TableDataset(file), Manifest(file))):
            with campaign.trial(f"{number}: {content[:3000]!r}"), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                problems = dataset.problems()
                assert all(isinstance(one, str) and one for one in problems)
                with suppress(DataError):
                    samples = dataset.samples()
                    assert not problems
                    assert all(isinstance(one, Sample) for one in samples)
                    counts[place] += bool(samples)
        with campaign.trial(f"manifest {number}: {content[:3000]!r}", DataError):
            counts[2] += bool(read_manifest(str(file)))
    assert all(counts), "no table was ever read"
    campaign.check()
