"""READMEs of the plugins: one form, and a table of all components."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ferkit.components.discovery import load_plugins

PLUGINS = Path(__file__).parents[2] / "plugins"
PACKAGES = sorted(path.name for path in PLUGINS.glob("ferkit_*"))


def read(package: str) -> str:
    return (PLUGINS / package / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_readme_has_the_packages_name_and_the_sections_of_all(package: str) -> None:
    text = read(package)
    assert re.match(rf"# {package}(: .+)?\n", text)
    sections = re.findall(r"^## (.+)$", text, re.M)
    assert sections[0] == "Components"
    assert {"Weights", "Measured"} <= set(sections)


@pytest.mark.parametrize("package", PACKAGES)
def test_a_readmes_table_has_every_component_of_its_package_and_no_other(package: str) -> None:
    _, after = read(package).split("## Components", 1)
    table = after.split("\n## ", 1)[0]
    rows = re.findall(r"^\| (\w+) \| `([\w-]+)` \| [^|]+ \| (?:.+ )?\|$", table, re.M)
    components = [entry.component for entry in load_plugins().entries() if entry.provider.startswith(package)]
    assert sorted(rows) == sorted((one.kind, one.name) for one in components)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_file_that_a_readme_links_to_is_there(package: str) -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", read(package))
    assert [link for link in links if not (PLUGINS / package / link).exists()] == []
