"""A .pt2 file runs no code when it is loaded."""

from __future__ import annotations

import io
import json
import pickle
import shutil
import zipfile
from collections.abc import Callable
from copy import copy as copy_of
from pathlib import Path
from typing import Any

import pytest
import torch

from ferkit.errors import RunError
from ferkit.predict import Predictor
from ferkit.predict.model.export import export_model
from ferkit.predict.model.load import load_model
from ferkit.predict.model.program import inert_program
from tests.predict.drawn import picture, write_model
from tests.predict.hostile import Evil, replace_members

GRAPH, WEIGHTS, CONSTANTS = "models/model.json", "model_weights_config.json", "model_constants_config.json"
INPUTS = "sample_inputs/model.pt"


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("program")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("ferkit.components.discovery.named_modules", [])
        return export_model(write_model(folder / "m.safetensors"), folder / "m.pt2").file


@pytest.fixture
def copy(program: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(program, tmp_path / "m.pt2"))


def read_json(file: Path, end: str) -> Any:
    with zipfile.ZipFile(file) as archive:
        (name,) = [one for one in archive.namelist() if one.endswith(end)]
        return json.loads(archive.read(name))


def saved(value: object) -> bytes:
    made = io.BytesIO()
    torch.save(value, made)
    return made.getvalue()


@pytest.mark.parametrize("is_pickled", [True, False])
def test_a_pickle_that_runs_code_is_refused(copy: Path, tmp_path: Path, is_pickled: bool) -> None:
    evil = Evil(tmp_path / "ran")
    replace_members(copy, {INPUTS: pickle.dumps(evil) if is_pickled else saved({"x": evil})})
    with pytest.raises(RunError, match=r"m\.pt2.*holds more than tensors.*--trust-plugins"):
        load_model(copy)
    assert not (tmp_path / "ran").exists()


def as_target(text: str) -> Callable[[Any], None]:
    def change(graph: Any) -> None:
        graph["graph_module"]["graph"]["nodes"][0]["target"] = text

    return change


def as_guard(graph: Any) -> None:
    graph["guards_code"] = ["__import__('os').system('true')"]


def as_size(graph: Any) -> None:
    sizes = graph["graph_module"]["graph"]["tensor_values"]["images"]["sizes"]
    sizes[0] = {"as_expr": {"expr_str": "__import__('os').system('true')", "hint": None}}


def as_input(graph: Any) -> None:
    graph["graph_module"]["graph"]["inputs"][0]["as_tensor"]["name"] = "x=__import__('os').getcwd()"


def as_text(graph: Any) -> None:
    inputs = graph["graph_module"]["graph"]["nodes"][0]["inputs"]
    inputs[0]["arg"] = {"as_string": "/etc/passwd"}


def as_factory(graph: Any) -> None:
    made = {
        "type": "collections.defaultdict",
        "context": json.dumps({"default_factory_module": "os", "default_factory_name": "getcwd"}),
        "children_spec": [],
    }
    (first, *_) = graph["graph_module"]["module_call_graph"]
    first["signature"]["in_spec"] = json.dumps([1, made])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        (as_target("torch.serialization.os.system"), "target"),
        (as_target("torch.ops.aten.from_file.default"), "target"),
        (as_target("torch.ops.aten.save.default"), "target"),
        (as_target("_operator.methodcaller"), "target"),
        (as_target("#custom"), "target"),
        (as_guard, "guards"),
        (as_size, "expr_str"),
        (as_input, "name"),
        (as_text, "as_string"),
        (as_factory, "in_spec"),
    ],
)
def test_a_graph_with_code_is_refused_by_its_key(copy: Path, change: Any, word: str) -> None:
    graph = read_json(copy, GRAPH)
    change(graph)
    replace_members(copy, {GRAPH: json.dumps(graph).encode()})
    with pytest.raises(RunError, match=word) as caught:
        load_model(copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["s0", "Symbol('s34', positive=True, integer=True)", "Mul(Integer(2), s1)"])
def test_symbolic_sizes_as_torch_writes_them_pass(copy: Path, text: str) -> None:
    graph = read_json(copy, GRAPH)
    graph["extra"] = {"expr_str": text}
    replace_members(copy, {GRAPH: json.dumps(graph).encode()})
    assert inert_program(copy)


@pytest.mark.parametrize("config", [WEIGHTS, CONSTANTS])
def test_pickled_weights_are_refused(copy: Path, config: str) -> None:
    table = read_json(copy, config)
    table["config"]["x"] = {"path_name": "weight_0", "use_pickle": True}
    replace_members(copy, {config: json.dumps(table).encode()})
    with pytest.raises(RunError, match="pickled"):
        load_model(copy)


def test_a_member_that_ferkit_does_not_write_is_refused(copy: Path) -> None:
    with zipfile.ZipFile(copy, "a") as archive:
        archive.writestr("m/data/constants/custom_obj_0", b"\x80\x04.")
    with pytest.raises(RunError, match="custom_obj_0"):
        load_model(copy)


def test_a_compressed_archive_is_not_read(copy: Path) -> None:
    """A small file may hold gigabytes of zeros."""
    with zipfile.ZipFile(copy, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("m/data/weights/weight_99", bytes(10_000))
    with pytest.raises(RunError, match="is compressed"):
        load_model(copy)


def test_an_archive_whose_members_overlap_is_not_read(copy: Path) -> None:
    with zipfile.ZipFile(copy, "a") as archive:
        largest = max(archive.infolist(), key=lambda one: one.file_size)
        for number in range(50):
            again = copy_of(largest)
            again.filename = f"m/data/weights/weight_{100 + number}"
            archive.filelist.append(again)
        archive.writestr("m/byteorder", b"little")
    with pytest.raises(RunError, match="overlap"):
        load_model(copy)


def test_an_archive_with_a_member_twice_is_not_read(copy: Path) -> None:
    """Two readers may take different ones."""
    with zipfile.ZipFile(copy, "a") as archive:
        name = next(one for one in archive.namelist() if one.endswith(INPUTS))
        with pytest.warns(UserWarning, match="Duplicate"):
            archive.writestr(name, b"")
    with pytest.raises(RunError, match="overlap"):
        load_model(copy)


def test_graph_json_that_is_broken_or_too_deep_is_refused_by_the_files_name(copy: Path) -> None:
    for text in (b"{", b"[" * 100_000 + b"]" * 100_000):
        replace_members(copy, {GRAPH: text})
        with pytest.raises(RunError, match=r"m\.pt2"):
            load_model(copy)


def test_a_trusted_program_is_loaded_as_it_is(copy: Path) -> None:
    graph = read_json(copy, GRAPH)
    graph["remark"] = "a remark (with brackets)"
    replace_members(copy, {GRAPH: json.dumps(graph).encode()})
    with pytest.raises(RunError):
        inert_program(copy)
    assert Predictor(copy, trust_plugins=True).predict([picture((30, 10))])[0]


def test_a_checked_program_gives_the_same_answers(program: Path) -> None:
    checked = Predictor(program).predict([picture((30, 10))])
    assert checked == Predictor(program, trust_plugins=True).predict([picture((30, 10))])


def test_weights_without_bytes_are_not_taken_for_zeros(copy: Path) -> None:
    with zipfile.ZipFile(copy) as archive:
        name = next(one for one in archive.namelist() if one.endswith("weight_0"))
    replace_members(copy, {name: b""})
    with pytest.raises(RunError, match=r"m\.pt2: it is no whole program"):
        load_model(copy)


def test_torch_logs_no_traceback_for_a_damaged_program(copy: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(copy) as archive:
        name = next(one for one in archive.namelist() if one.endswith("weight_0"))
        content = archive.read(name)
    replace_members(copy, {name: content[:-4]})
    with pytest.raises(RunError, match=r"m\.pt2: .*out of bounds"):
        load_model(copy)
    assert "Traceback" not in capfd.readouterr().err
