"""GET /models, /metrics, /docs and the page's files."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from ferkit.predict.hub.download import LARGEST_CARD
from ferkit.predict.predictor import Predictor
from ferkit.runtime.shipped import MODELS
from ferkit.serve.app import ASSETS, PAGE
from ferkit.serve.guard import OPEN
from ferkit.serve.model_info import describe_model, find_bullets
from tests.predict.drawn import write_model
from tests.predict.hub.fake_hub import serve
from tests.serve.conftest import Connect
from tests.serve.made import image

PNG = {"content-type": "image/png"}


def test_the_bundled_model_is_described_by_its_card(connect: Connect) -> None:
    (model,) = connect("default").get("/models").json()["models"]
    file = MODELS / "default.safetensors"
    assert model["name"] == "default"
    assert model["sha256"] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert any("may not apply" in limit for limit in model["limits"])
    assert any("what a person feels" in use for use in model["prohibited"])
    assert model["card"].startswith("# default")


def test_a_model_without_a_card_still_has_limits(predictor: Predictor, tmp_path: Path) -> None:
    info = describe_model(str(write_model(tmp_path / "my.safetensors")), predictor)
    assert info.card == ""
    assert info.limits
    assert info.labels == list(predictor.labels)


def test_the_card_of_a_model_on_the_hub_is_its_readme(
    connect: Connect, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = b"---\nlicense: mit\n---\n# spots\n\n## Limits\n\n- <b>Red</b> only.\n"
    with serve(monkeypatch, str(tmp_path / "cache")) as hub:
        file = write_model(tmp_path / "model.safetensors")
        hub.add("me/spots", {"model.safetensors": file.read_bytes(), "README.md": card})
        (model,) = connect("hf://me/spots").get("/models").json()["models"]
    assert model["card"].startswith("# spots")
    assert "<b>Red</b> only." in model["limits"]


def test_a_card_of_an_export_comes_before_the_readme_of_a_folder(
    predictor: Predictor, tmp_path: Path
) -> None:
    file = write_model(tmp_path / "my.safetensors")
    file.with_name("README.md").write_text("# a project")
    assert describe_model(str(file), predictor).card == ""
    file.with_name("README.md").write_text("---\nlicense: mit\n---\n# readme")
    assert describe_model(str(file), predictor).card == "# readme"
    file.with_name("my.safetensors.card.md").write_text("# card")
    assert describe_model(str(file), predictor).card == "# card"
    for name in ("README.md", "my.safetensors.card.md"):
        file.with_name(name).write_text("x" * (LARGEST_CARD + 1))
    assert describe_model(str(file), predictor).card == ""


def test_bullets_may_have_several_lines() -> None:
    assert find_bullets("## A\n\n- one\n  more\n- two\n\n## B\n\n- three\n", "A") == ["one more", "two"]


def test_metrics_count_requests_images_and_faces(client: TestClient) -> None:
    client.post("/predict", content=image((10, 10), (60, 30)), headers=PNG)
    client.post("/predict", content=b"x", headers=PNG)
    text = client.get("/metrics").text
    found = dict(re.findall(r"^(ferkit_\S+) ([\d.]+)$", text, re.M))
    assert float(found['ferkit_requests_total{status="200"}']) == 1
    assert float(found['ferkit_requests_total{status="422"}']) == 1
    assert float(found["ferkit_images_total"]) == 1
    assert float(found["ferkit_faces_total"]) == 2
    assert float(found["ferkit_problems_total"]) == 1
    assert float(found["ferkit_requests_in_progress"]) == 0


def test_the_state_is_ok(client: TestClient) -> None:
    assert client.get("/healthz").json()["status"] == "ok"


def test_the_description_of_the_interface_lists_every_route(client: TestClient) -> None:
    schema = client.get("/openapi.json").json()
    page = client.get("/docs").text
    assert set(schema["paths"]) == {"/predict", "/models", "/healthz", "/metrics"}
    for path in schema["paths"]:
        assert path in page
    assert "413" in schema["paths"]["/predict"]["post"]["responses"]


def test_no_page_names_an_address_of_another_site(client: TestClient) -> None:
    for path in (*ASSETS, "/docs"):
        answer = client.get(path)
        assert answer.status_code == 200
        assert not re.search(r"(https?:)?//[a-z]", answer.text.replace("http://www.w3.org/2000/svg", "")), (
            path
        )


def test_the_scripts_insert_no_html() -> None:
    for script in PAGE.glob("*.js"):
        text = script.read_text(encoding="utf-8")
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", text), script


def test_every_file_of_the_page_is_served_without_a_token() -> None:
    assert set(ASSETS) <= OPEN
    assert {name for name, _ in ASSETS.values()} | {"docs.html"} == {file.name for file in PAGE.iterdir()}
