"""The blocks of README.md and of the documentation work as they are shown."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from _pytest.outcomes import Skipped

from ferkit.components.component import KINDS
from ferkit.testing.scaffold import write_package
from tests.documentation.blocks import MEASURED, PAGES, ROOT, find_blocks, read_blocks
from tests.documentation.reader import Reader, check_command, draw_images

NOT_RUN = {
    "README.md": 2,
    "docs/site/cost-of-scale.md": 1,
    "docs/site/data.md": 2,
    "docs/site/evaluate.md": 2,
    "docs/site/first-run.md": 4,
    "docs/site/index.md": 1,
    "docs/site/other-tools.md": 3,
    "docs/site/paper.md": 8,
    "docs/site/plugins.md": 3,
    "docs/site/predict.md": 2,
    "docs/site/scale.md": 6,
    "docs/site/serve.md": 5,
    "docs/site/several-processes.md": 2,
    "docs/site/train.md": 4,
    "plugins/ferkit_datasets/README.md": 1,
}
"""Page -> number of its blocks that are not run. The source of each has the reason."""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    draw_images(folder)
    return folder


@pytest.fixture
def reader(images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    shutil.copytree(images, tmp_path, dirs_exist_ok=True)
    reader = Reader(tmp_path, monkeypatch)
    yield reader
    reader.forget_modules()


@pytest.mark.parametrize("page", PAGES)
def test_who_does_what_a_page_says_gets_what_it_shows(page: str, reader: Reader) -> None:
    for block in read_blocks(page):
        reader.follow(block)
    for test in sorted((reader.folder / "tests").glob("test_*.py")):
        reader.forget_modules()
        run_tests(test)


def run_tests(path: Path) -> None:
    """Run every test of a file that a page shows, with the checks of parametrize_with_checks."""
    shown: dict[str, Any] = {}
    exec(compile(path.read_text(encoding="utf-8"), str(path), "exec"), shown)
    tests = {name: one for name, one in shown.items() if name.startswith("test_")}
    assert tests, f"{path.name} has no test"
    for test in tests.values():
        for mark in getattr(test, "pytestmark", []):
            for param in mark.args[1]:
                try:
                    test(param.values[0])
                except Skipped:
                    continue
        if not hasattr(test, "pytestmark"):
            test()


@pytest.mark.parametrize("page", PAGES)
def test_every_command_shows_its_output(page: str) -> None:
    blocks = read_blocks(page)
    following = [block.language for block in blocks[1:]] + [""] * bool(blocks)
    run = [block.language == "console" and not block.reason for block in blocks]
    silent = [
        str(one)
        for one, is_run, then in zip(blocks, run, following, strict=True)
        if is_run and then != "text"
    ]
    assert silent == []


def test_no_block_is_skipped_silently() -> None:
    skipped = {page: sum(bool(block.reason) for block in read_blocks(page)) for page in PAGES}
    assert {page: count for page, count in skipped.items() if count} == NOT_RUN


@pytest.mark.parametrize("page", MEASURED)
def test_every_command_of_a_page_of_measurements_has_the_options_that_it_is_given(page: str) -> None:
    for block in read_blocks(page):
        for command in block.commands:
            check_command(command)


def test_every_kind_has_its_example() -> None:
    shown = {block.file.split("/")[-1] for block in read_blocks("docs/site/plugin-kinds.md")}
    assert {f"{kind}.py" for kind in KINDS} <= shown


def test_the_papers_table_names_a_recipe_of_each_row() -> None:
    page = (ROOT / "docs" / "site" / "paper.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (\d) \|.*\| (`\w+`.*) \|$", page, re.M))
    table = tomllib.loads((ROOT / "recipes" / "tables" / "sfew.toml").read_text(encoding="utf-8"))
    assert rows.keys() == {str(one["place"]) for one in table["row"]}
    for one in table["row"]:
        assert set(re.findall(r"`(\w+)`", rows[str(one["place"])])) <= set(one["recipes"])


def test_the_package_that_the_page_shows_is_what_ferkit_writes(tmp_path: Path) -> None:
    (block,) = [one for one in read_blocks("docs/site/plugins.md") if one.file == "pyproject.toml"]
    shown = tomllib.loads(block.text)
    written = tomllib.loads((write_package("shown", "head", tmp_path) / "pyproject.toml").read_text("utf-8"))
    assert shown["build-system"] == written["build-system"]
    assert shown["project"]["dependencies"] == written["project"]["dependencies"]
    assert shown["project"]["requires-python"] == written["project"]["requires-python"]
    assert shown["project"]["entry-points"] == {"ferkit": {"maxpool": "ferkit_maxpool"}}


def test_the_fences_of_a_page_come_in_pairs() -> None:
    for page in PAGES:
        text = (ROOT / page).read_text(encoding="utf-8")
        assert text.count("```") == 2 * len(read_blocks(page)), page


PAGE = """
<!-- not run: it takes an hour -->
```console
$ ferkit run
```

```python title="a/b.py"
1
```

<!-- exits with 3 -->
```console
$ ferkit audit folder
printed
```
"""


def test_a_block_knows_its_file_its_status_and_why_it_is_not_run() -> None:
    first, second, third = find_blocks("page.md", PAGE)
    assert (first.reason, first.line, first.status) == ("it takes an hour", 3, 0)
    assert (second.file, second.reason) == ("a/b.py", "")
    assert (third.status, third.commands) == (3, ["ferkit audit folder"])
