"""The page in a real browser: Chromium, driven by Playwright."""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from ferkit.predict.predictor import Predictor
from ferkit.serve.app import create_app
from ferkit.serve.limits import Limits
from ferkit.serve.server import address_of, listen, make_server
from tests.serve.made import image, video

pytestmark = pytest.mark.browser
playwright = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
if not BROWSER:
    pytest.skip("Chromium is not installed", allow_module_level=True)

FLAGS = ("--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
HOSTILE = "<img src=x onerror=document.title='owned'>.png"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def serve(predictor: Predictor) -> Iterator[Any]:
    """Start servers in threads. Returns the function that starts one and gives its address."""
    servers = []

    def start(token: str = "") -> str:
        limits = Limits(faces=2, frames=30)
        opened = listen("127.0.0.1", 0)
        server = make_server(create_app(predictor, "default", limits, token=token), limits)
        thread = Thread(target=server.run, args=([opened],), daemon=True)
        thread.start()
        servers.append((server, thread))
        return address_of(opened)

    yield start
    for server, thread in servers:
        server.should_exit = True
        thread.join(10)


@pytest.fixture(scope="module")
def address(serve: Any) -> str:
    return str(serve())


@pytest.fixture
def page(browser: Any, address: str) -> Iterator[Any]:
    """The page. After the test, nothing else was asked for, and no script failed."""
    context = browser.new_context(permissions=["camera"], accept_downloads=True)
    opened = context.new_page()
    asked: list[str] = []
    errors: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: errors.append(str(error)))
    opened.goto(address)
    playwright.expect(opened.locator("#model-line")).to_contain_text("default")
    yield opened
    context.close()
    assert [url for url in asked if not url.startswith((f"{address}/", "blob:", "data:"))] == []
    assert errors == []


def upload(page: Any, *files: tuple[str, bytes]) -> None:
    given = [{"name": name, "mimeType": kind_of(name), "buffer": content} for name, content in files]
    page.set_input_files("#file", given)


def kind_of(name: str) -> str:
    return "video/x-msvideo" if name.endswith(".avi") else "image/png"


def expect(page: Any, selector: str) -> Any:
    return playwright.expect(page.locator(selector))


def test_an_image_gets_boxes_bars_and_a_csv_file(page: Any) -> None:
    upload(page, ("two.png", image((10, 10), (60, 30))))
    expect(page, "#status").to_have_text("Done. 2 faces found.")
    expect(page, ".face").to_have_count(2)
    expect(page, ".face:first-child .bars li").to_have_count(3)
    expect(page, "#image").to_have_attribute("alt", re.compile("two.png. face 1: "))
    drawn = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(x => x)"
    page.wait_for_function(f"() => ({drawn})(document.getElementById('boxes'))")
    with page.expect_download() as caught:
        page.click("#download")
    rows = list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text())))
    assert [row["face"] for row in rows] == ["1", "2"]
    assert sum(float(rows[0][f"p_{label}"]) for label in ("anger", "happiness", "neutral")) == pytest.approx(
        1
    )


def test_an_image_after_a_video_is_shown_whatever_becomes_of_the_video(page: Any) -> None:
    upload(page, ("clip.avi", video(4)))
    expect(page, "#status").to_contain_text("Done.")
    upload(page, ("a.png", image((10, 10))))
    expect(page, "#caption").to_have_text("a.png")
    page.locator("#video").dispatch_event("error")
    expect(page, "#stage").to_be_visible()
    assert page.locator("#video").get_attribute("src") is None
    page.locator("#image").dispatch_event("error")
    expect(page, "#stage").to_be_hidden()


def test_the_csv_file_of_the_page_is_that_of_the_server(page: Any, address: str) -> None:
    content = image((10, 10), (60, 30))
    upload(page, ("=a,b.png", content), ("none.png", image()), ("bad.png", b"no image"))
    expect(page, "#status").to_have_text("Done. 2 faces found.")
    with page.expect_download() as caught:
        page.click("#download")
    form = {"multipart": {"file": {"name": "=a,b.png", "mimeType": "image/png", "buffer": content}}}
    answer = page.request.post(f"{address}/predict?format=csv", **form)
    expected = list(csv.reader(io.StringIO(answer.text())))
    given = list(csv.reader(io.StringIO(Path(caught.value.path()).read_text())))
    assert given[0] == expected[0]
    assert [row[0] for row in given[1:]] == ["'=a,b.png", "'=a,b.png", "none.png", "bad.png"]
    assert [bool(row[-1]) for row in given[1:]] == [False, False, False, True]
    assert set(given[-1][1:-1]) == {""}
    for row, like in zip(given[1:3], expected[1:], strict=True):
        assert [_number(cell) for cell in row] == [_number(cell) for cell in like]


def _number(cell: str) -> Any:
    return pytest.approx(float(cell), rel=1e-4) if re.fullmatch(r"[\d.e-]+", cell) else cell


def test_a_video_gets_a_time_line_and_a_table_of_times(page: Any) -> None:
    upload(page, ("clip.avi", video(12)))
    expect(page, "#status").to_contain_text("Done. 1 face found.")
    expect(page, "#timeline").to_be_visible()
    expect(page, "#tracks .strip").to_have_count(1)
    page.click("#timeline summary")
    cells = page.locator("#moments tr").first.locator("td")
    playwright.expect(cells.first).to_have_text("1")
    assert page.locator("#moments tr").last.locator("td").nth(2).inner_text() == "1.2 s"


def test_a_long_video_is_sent_again_with_the_step_that_the_server_names(page: Any) -> None:
    upload(page, ("clip.avi", video(65)))
    expect(page, "#status").to_contain_text("1 of 3 video frames")


def test_the_camera_shows_frames_until_it_is_stopped(page: Any) -> None:
    page.click("#camera")
    expect(page, "#camera").to_have_text("Stop the camera")
    expect(page, "#faces > *").not_to_have_count(0)
    page.wait_for_function("() => document.getElementById('video').videoWidth > 0")
    page.click("#camera")
    expect(page, "#camera").to_have_text("Use the camera")
    expect(page, "#stage").to_be_hidden()


def test_an_error_is_announced_and_the_next_file_clears_it(page: Any) -> None:
    upload(page, ("broken.png", b"no image"))
    expect(page, "#error[role=alert]").to_contain_text("broken.png: it is neither an image nor a video")
    expect(page, "#result").to_be_hidden()
    upload(page, ("one.png", image((10, 10))))
    expect(page, "#error").to_be_hidden()
    expect(page, ".face").to_have_count(1)


def test_a_hostile_name_is_shown_as_text(page: Any) -> None:
    upload(page, (HOSTILE, image((10, 10))), (f"x{HOSTILE}", b"broken"))
    expect(page, "#caption").to_have_text(HOSTILE)
    expect(page, "#error").to_contain_text(f"x{HOSTILE}")
    assert page.title() == "ferkit: facial expressions"
    assert page.locator("img").count() == 1


def test_a_file_can_be_chosen_with_the_keyboard_alone(page: Any) -> None:
    page.bring_to_front()
    page.keyboard.press("Tab")
    expect(page, "#file").to_be_focused()
    with page.expect_file_chooser() as chooser:
        page.evaluate("0")  # returns after the browser has been told to report choosers
        page.keyboard.press("Enter")
    chooser.value.set_files({"name": "a.png", "mimeType": "image/png", "buffer": image((10, 10))})
    expect(page, "#result-title").to_be_focused()
    page.keyboard.press("Tab")
    expect(page, "#download").to_be_focused()


def test_the_limits_are_in_sight_and_the_card_is_at_hand(page: Any) -> None:
    expect(page, "#limits li").not_to_have_count(0)
    expect(page, "#limits li >> nth=0").to_be_visible()
    page.click("#card-block summary")
    expect(page, "#card").to_contain_text("Training data")


def test_a_server_with_a_token_asks_for_it(browser: Any, serve: Any) -> None:
    page = browser.new_page()
    page.goto(serve("secret"))
    expect(page, "#token-form").to_be_visible()
    page.fill("#token", "wrong")
    page.keyboard.press("Enter")
    expect(page, "#status").to_have_text("This token is not valid.")
    page.fill("#token", "secret")
    page.keyboard.press("Enter")
    upload(page, ("one.png", image((10, 10))))
    expect(page, ".face").to_have_count(1)
    page.close()


@pytest.mark.parametrize("width", [390, 1440])
def test_the_page_fits_its_width(page: Any, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    upload(page, ("clip.avi", video(6)))
    expect(page, "#timeline").to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
