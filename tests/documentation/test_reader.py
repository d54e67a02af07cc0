"""The reader finds every kind of error that a page may have."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from ferkit.errors import DataError, RecipeError
from tests.documentation.blocks import find_blocks
from tests.documentation.reader import Reader


@pytest.fixture
def reader(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    reader = Reader(tmp_path, monkeypatch)
    yield reader
    reader.forget_modules()


def follow(reader: Reader, page: str) -> None:
    for block in find_blocks("page.md", page):
        reader.follow(block)


def console(*commands: str) -> str:
    return "```console\n" + "".join(f"$ {command}\n" for command in commands) + "```\n"


PLUGIN = '''
```python title="ferkit_page/__init__.py"
from ferkit.plugin import Component, hookimpl


@hookimpl
def ferkit_components():
    return [Component("head", "page", "ferkit_page.head:PageHead", "Written on a page")]
```

```python title="ferkit_page/head.py"
from torch import nn


class PageHead(nn.Module):
    """The mean of each channel, classified."""

    def __init__(self, in_channels: int, num_classes: int) -> None:
        super().__init__()
        self.classify = nn.Linear(in_channels, num_classes)

    def forward(self, features):
        return self.classify(features.mean(dim=(2, 3)))
```
'''


def test_a_plugin_that_conforms_is_passed(reader: Reader) -> None:
    follow(reader, PLUGIN + console("ferkit plugins check ferkit_page"))
    assert re.search(r"ferkit_page: \d+ passed, \d+ skipped", reader.printed)


def test_a_plugin_that_does_not_conform_is_found_out(reader: Reader) -> None:
    wrong = PLUGIN.replace("features.mean(dim=(2, 3))", "features.mean(dim=(2, 3))).softmax(dim=1")
    with pytest.raises(AssertionError, match="gives_logits_and_no_probabilities"):
        follow(reader, wrong + console("ferkit plugins check ferkit_page"))


def test_a_file_that_a_page_changes_is_read_anew(reader: Reader) -> None:
    check = console("ferkit plugins check ferkit_page")
    with pytest.raises(AssertionError, match="is_documented"):
        follow(
            reader, PLUGIN + check + PLUGIN.replace('"""The mean of each channel, classified."""', "") + check
        )


@pytest.mark.parametrize(
    "command",
    ["ferkit check quickstart --sett a=1", "ferkit cheque quickstart", "ferkit check", "ls", "make nothing"],
)
def test_a_command_that_is_none_is_found_out(reader: Reader, command: str) -> None:
    with pytest.raises(AssertionError):
        follow(reader, console(command))


def test_the_commands_of_a_block_that_is_not_run_are_held_against_the_command_line(reader: Reader) -> None:
    follow(reader, "<!-- not run: trains -->\n" + console("ferkit run quickstart --resume", "pip install x"))
    with pytest.raises(Exception, match="--resumed"):
        follow(reader, "<!-- not run: trains -->\n" + console("ferkit run quickstart --resumed"))


def test_output_that_was_not_printed_is_found_out(reader: Reader) -> None:
    shown = console("ferkit check quickstart") + "\n```text\nquickstart: {} problem found\n```\n"
    follow(reader, shown.format("no"))
    with pytest.raises(AssertionError, match="is not in what was printed"):
        follow(reader, shown.format("one"))


def test_a_line_of_dots_replaces_other_lines(reader: Reader) -> None:
    shown = console("ferkit check quickstart") + "\n```text\nquickstart: {} problem found\n...\n```\n"
    follow(reader, shown.format("no"))
    with pytest.raises(AssertionError, match="is not in what was printed"):
        follow(reader, shown.format("one"))


def test_a_table_definition_with_a_problem_is_found_out(reader: Reader) -> None:
    with pytest.raises(DataError, match="source"):
        follow(reader, '```toml title="a.toml"\nname = "a"\ntitle = "b"\nrow = []\n```\n')


def test_another_exit_status_than_the_page_says_is_found_out(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="no problem found"):
        follow(reader, "<!-- exits with 2 -->\n" + console("ferkit check quickstart"))


@pytest.mark.parametrize(
    "block", ["```toml\n[fit]\nepoch = 3\n```\n", '```toml title="a.toml"\nname = "a"\n```\n']
)
def test_a_recipe_with_a_problem_is_found_out(reader: Reader, block: str) -> None:
    with pytest.raises(RecipeError):
        follow(reader, block)


def test_code_that_raises_is_found_out(reader: Reader) -> None:
    follow(reader, "```python\nnumber = 1\n```\n\n```python\nassert number == 1\n```\n")
    with pytest.raises(NameError):
        follow(reader, "```python\nnothing\n```\n")


def test_a_language_of_which_nothing_is_known_is_found_out(reader: Reader) -> None:
    with pytest.raises(AssertionError, match="Mark it as not run"):
        follow(reader, "```rust\nfn main() {}\n```\n")
