from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.campaign.campaign import Campaign

Start = Callable[[str], Campaign]
PROPERTY = "campaign"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here. As slow too: a -m of one's own replaces the one of pyproject.toml."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker("campaign")
            item.add_marker("slow")


@pytest.fixture
def start(request: pytest.FixtureRequest) -> Iterator[Start]:
    """Start a campaign by its name; its numbers are printed at the end, and its faults fail the test."""
    started: list[Campaign] = []

    def begin(name: str) -> Campaign:
        started.append(Campaign(name))
        return started[-1]

    yield begin
    for one in started:
        request.node.user_properties.append((PROPERTY, str(one)))


@pytest.fixture
def address() -> Iterator[str]:
    """The address of two nodes with one CPU each."""
    pytest.importorskip("ray", reason="ray is not installed")
    from ray.cluster_utils import Cluster

    made: Any = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "include_dashboard": False})
    made.add_node(num_cpus=1)
    made.wait_for_nodes()
    yield made.address
    made.shutdown()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the numbers of each campaign."""
    reports = [one for group in terminalreporter.stats.values() for one in group]
    lines = {
        value
        for report in reports
        if getattr(report, "when", "") == "teardown"
        for name, value in report.user_properties
        if name == PROPERTY
    }
    if lines:
        terminalreporter.section("campaigns")
    for line in sorted(lines):
        terminalreporter.write_line(line)
