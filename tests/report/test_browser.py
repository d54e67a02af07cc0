"""The page as a browser has it, without a network."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ferkit.report import render
from ferkit.report.faces.section import Images
from ferkit.report.faces.thumbnails import Portrait
from ferkit.report.figures.figure import embed
from ferkit.report.overview import render_overview
from ferkit.report.table.definition import read_definition
from ferkit.report.table.entries import make_table
from ferkit.report.table.formats import to_html
from tests.report.small_run import write_run
from tests.run_folders import write_run as write_table_run

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-logging=stderr", "--v=0", "--host-resolver-rules=MAP * ~NOTFOUND"),
]
CHECK = """
<script>
window.addEventListener("load", () => {
  document.documentElement.style.width = "390px";
  const scrolls = one => one.closest(".wide, pre") !== null;
  const found = {
    images: [...document.images].map(one => [one.naturalWidth, one.alt.length]),
    sticking_out: [...document.querySelectorAll("body *")]
      .filter(one => !scrolls(one) && one.getBoundingClientRect().right > 391).map(one => one.outerHTML),
    names: [...document.querySelectorAll("#runs tbody td:first-child")].map(one => one.textContent),
    hidden: document.querySelectorAll('[id^="curve-"][style*="none"]').length,
    loaded: performance.getEntriesByType("resource").filter(one => !one.name.startsWith("data:")).length,
  };
  const shown = document.createElement("output");
  shown.textContent = JSON.stringify(found);
  document.body.append(shown);
});
</script>
"""


@pytest.fixture
def page(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    folder = write_run(tmp_path / "run")
    drawn = next(iter(render(folder).parent.glob("figures/*.png"))).read_bytes()
    portrait = Portrait(embed(drawn, "png"), "a drawing", "fear, taken for anger: 90%", "a" * 80 + ".png")
    return render(folder, Images(title="Last epoch", mistakes=[portrait], warnings=["A warning"]))


def open_page(page: Path, profile: Path) -> tuple[dict[str, Any], str]:
    """What CHECK found on the page, and what the browser logged."""
    copy = page.with_name("checked.html")
    copy.write_text(page.read_text().replace("</body>", f"{CHECK}</body>"))
    command = [str(CHROMIUM), *FLAGS, f"--user-data-dir={profile}", "--dump-dom", copy.as_uri()]
    answer = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    (found,) = re.findall(r"<output>(.*?)</output>", answer.stdout, re.DOTALL)
    return json.loads(html.unescape(found)), answer.stderr


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_a_browser_shows_every_picture_and_complains_of_nothing(page: Path, tmp_path: Path) -> None:
    found, log = open_page(page, tmp_path / "profile")
    assert len(found["images"]) == 2 * 3 + 2 + 1
    assert all(width > 0 and words > 0 for width, words in found["images"])
    assert found["loaded"] == 0
    assert "CONSOLE" not in log


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_on_a_telephone_nothing_sticks_out(page: Path, tmp_path: Path) -> None:
    found, _ = open_page(page, tmp_path / "profile")
    assert found["sticking_out"] == []


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_what_is_wrong_with_a_page_would_be_found(page: Path, tmp_path: Path) -> None:
    broken = '<img src="data:image/png;base64,AAAA" alt="x"><div style="width:2000px">wide</div>'
    page.write_text(
        page.read_text().replace("</main>", f"{broken}<script>console.error('bad')</script></main>")
    )
    found, log = open_page(page, tmp_path / "profile")
    assert found["images"][-1][0] == 0
    assert len(found["sticking_out"]) == 1
    assert "CONSOLE" in log


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_tables_page_needs_no_network_and_fits_a_telephone(tmp_path: Path) -> None:
    run = write_table_run(tmp_path / "run", [[(0.1, 0.9, 0.8, 0.4), (0.8, 0.9)]])
    page = tmp_path / "table.html"
    page.write_text(to_html(make_table(read_definition("sfew"), [run])))
    found, log = open_page(page, tmp_path / "profile")
    assert found["loaded"] == 0
    assert found["sticking_out"] == []
    assert "CONSOLE" not in log


SORT = """
<script>
document.querySelectorAll("#runs th button")[1].click();
document.querySelector("[data-curve]").click();
</script>
"""


@pytest.mark.slow
@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_overview_is_sorted_and_curves_are_hidden_by_a_click(tmp_path: Path) -> None:
    for name, fears in (("good", (0.1, 0.9)), ("poor", (0.1, 0.1)), ("bad", (0.9, 0.1))):
        write_table_run(tmp_path / "runs" / name, [[fears, fears]])
    page = render_overview(tmp_path / "runs")
    page.write_text(page.read_text().replace("</body>", f"{SORT}</body>"))
    found, log = open_page(page, tmp_path / "profile")
    assert (found["loaded"], found["sticking_out"]) == (0, [])
    assert "CONSOLE" not in log
    assert found["names"] == ["bad", "poor", "good"]
    assert found["hidden"] == 1
