"""Run folders with damaged files: a table and a report, or an error that names the file."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

from ferkit.experiment.rescore import renew
from ferkit.report import render
from ferkit.report.table.entries import make_table
from ferkit.report.table.formats import to_markdown
from tests.campaign.campaign import damage
from tests.campaign.conftest import Start
from tests.campaign.tables import spoil_at_random
from tests.campaign.test_kills import run_command

FOLDERS = 500
SUFFIXES = (".json", ".jsonl", ".csv")


def spoil(file: Path, draw: random.Random) -> bytes:
    """Change some values of JSON, or some bytes."""
    content = file.read_bytes()
    if file.suffix == ".csv" or draw.random() < 0.2:
        return damage(content, draw)
    lines = content.decode().splitlines() if file.suffix == ".jsonl" else [content.decode()]
    place = draw.randrange(len(lines))
    spoiled = spoil_at_random(json.loads(lines[place]), draw)
    lines[place] = json.dumps(spoiled, default=str)
    return "\n".join(lines).encode("utf-8", "surrogatepass")


def test_a_damaged_run_folder_is_shown_or_refused(start: Start, tmp_path: Path) -> None:
    campaign = start("damaged run folders")
    (tmp_path / "whole").mkdir()
    command = run_command(tmp_path / "whole", tmp_path / "images")
    command.finish()
    whole, folder = command.folder / "run", tmp_path / "damaged"
    names = sorted(one.relative_to(whole) for one in whole.rglob("*") if one.suffix in SUFFIXES)
    for number in campaign.scaled(FOLDERS):
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        name = campaign.random.choice(names)
        (folder / name).write_bytes(spoil(folder / name, campaign.random))
        for call in (lambda: to_markdown(make_table(None, [folder])), lambda: renew(folder)):
            with campaign.answers(f"{call} {number}: {name}"):
                call()
        if number % 10 == 0:
            with campaign.answers(f"report {number}: {name}"):
                render(folder)
    campaign.check()
