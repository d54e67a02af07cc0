"""What mkdocs calls while it builds: pages that are generated or borrowed, links, tables of checks."""

from __future__ import annotations

from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

from docs.hooks.api import errors_page, plugin_page, testing_page
from docs.hooks.borrowed import PLACES, ROOT, relink
from docs.hooks.checks import put_checks
from docs.hooks.commands import command_reference
from docs.hooks.components import component_reference
from docs.hooks.recipes import recipe_reference

GENERATED = {
    "reference/recipes.md": recipe_reference,
    "reference/commands.md": command_reference,
    "reference/components.md": component_reference,
    "reference/plugin.md": plugin_page,
    "reference/testing.md": testing_page,
    "reference/errors.md": errors_page,
}


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for source, at in PLACES.items():
        files.append(File.generated(config, at, abs_src_path=str(ROOT / source)))
    for at, make in GENERATED.items():
        files.append(File.generated(config, at, content=make()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    return put_checks(relink(markdown, page.file.src_uri))
