"""An exception is told with the plugin's own line, whatever library it came out of."""

from __future__ import annotations

from pathlib import Path

import pytest

from ferkit.components.tracebacks import describe, describe_call
from tests.components.test_broken_plugins import raised_by


def test_what_a_library_raised_is_told_as_the_line_that_called_it() -> None:
    error = raised_by("ferkit.experiment.run", "shop.inner", "numpy")
    assert describe(error, "shop.head:Head") == "ValueError: no (<string>:2)"
    assert describe_call(error, "shop") == " in fail (<string>:2)"


@pytest.mark.parametrize("package", ["shopping", "sho"])
def test_a_package_of_a_similar_name_has_no_line_in_it(package: str) -> None:
    error = raised_by("shop.inner", "numpy")
    assert describe(error, package) == "ValueError: no"
    assert describe_call(error, package) == ""


def test_a_file_is_named_without_its_folder() -> None:
    with pytest.raises(KeyError) as caught:
        {}["no"]
    assert f"({Path(__file__).name}:" in describe(caught.value, __name__)
