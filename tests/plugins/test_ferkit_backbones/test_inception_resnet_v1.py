"""InceptionResnetV1: stages, freezing, and weights from every kind of file."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch
from facenet_pytorch import InceptionResnetV1
from ferkit_backbones.inception_resnet_v1 import weights
from ferkit_backbones.inception_resnet_v1.backbone import STAGES, InceptionResnetV1Backbone, load_inception
from ferkit_backbones.inception_resnet_v1.keras_weights import read_keras_weights
from ferkit_detectors.mtcnn.detector import MTCNNDetector
from PIL import Image

from ferkit.components.weights.catalogue import find_entry, is_present
from ferkit.components.weights.entry import Weights
from ferkit.components.weights.fetch import cached_path, download_archive
from ferkit.errors import ComponentError, WeightsError
from tests.builders import same_tensors

MSCELEB1M_IS_HERE = is_present("msceleb1m")
needs_msceleb1m = pytest.mark.skipif(
    not MSCELEB1M_IS_HERE, reason="the weights msceleb1m are not in the cache: ferkit weights fetch msceleb1m"
)


@pytest.fixture(scope="module")
def backbone() -> InceptionResnetV1Backbone:
    torch.manual_seed(0)
    return InceptionResnetV1Backbone(weights="none").eval()


@pytest.mark.parametrize(("side", "maps"), [(160, (17, 8, 3)), (350, (41, 20, 9))])
def test_stages_give_maps_of_the_documented_sizes(
    backbone: InceptionResnetV1Backbone, side: int, maps: tuple[int, int, int]
) -> None:
    with torch.inference_mode():
        features = backbone(torch.zeros(1, 3, side, side))
    sizes = (maps[0],) * 2 + (maps[1],) * 2 + (maps[2],) * 3 + (1,)
    shapes = {
        name: (1, channels, size, size)
        for (name, channels), size in zip(backbone.stages.items(), sizes, strict=True)
    }
    assert {name: tuple(one.shape) for name, one in features.items()} == shapes
    assert list(features) == list(STAGES)


def test_the_embedding_is_facenet_pytorchs_before_its_l2_norm(backbone: InceptionResnetV1Backbone) -> None:
    images = torch.randn(2, 3, 160, 160)
    with torch.inference_mode():
        embedding = backbone(images)["embedding"].flatten(1)
        theirs = backbone.trunk(images)
    assert torch.allclose(torch.nn.functional.normalize(embedding), theirs, atol=1e-5)


@pytest.mark.parametrize(("freeze", "frozen"), [("none", 0), ("repeat_1", 2), ("block8", 7), ("all", 8)])
def test_what_is_frozen_is_trained_by_nobody_and_keeps_its_statistics(freeze: str, frozen: int) -> None:
    backbone = InceptionResnetV1Backbone(weights="none", freeze=freeze).train()
    before = {name: tensor.clone() for name, tensor in backbone.state_dict().items()}
    features = backbone(torch.randn(2, 3, 96, 96))
    assert [one.requires_grad for one in features.values()] == [False] * frozen + [True] * (8 - frozen)
    after = backbone.state_dict()
    changed = {name.split(".")[1] for name in before if not torch.equal(before[name], after[name])}
    modules = [module for stage in list(STAGES)[:frozen] for module in STAGES[stage]]
    assert not changed & set(modules)
    assert ("last_bn" in changed) == (freeze != "all")
    trained = {name.split(".")[1] for name, p in backbone.named_parameters() if p.requires_grad}
    assert not trained & {*modules, "logits"} if freeze == "all" else not trained & set(modules)


def test_a_wholly_frozen_backbone_drops_nothing_out_in_training() -> None:
    backbone = InceptionResnetV1Backbone(weights="none", freeze="all").train()
    images = torch.randn(2, 3, 96, 96)
    assert torch.equal(backbone(images)["embedding"], backbone(images)["embedding"])


def test_batch_norm_keeps_its_statistics_in_what_is_trained_if_asked() -> None:
    backbone = InceptionResnetV1Backbone(weights="none", freeze="repeat_1", batch_norm="eval").train()
    before = {name: one.clone() for name, one in backbone.state_dict().items() if "running" in name}
    backbone(torch.randn(2, 3, 96, 96))
    assert all(torch.equal(one, backbone.state_dict()[name]) for name, one in before.items())
    assert any(parameter.requires_grad for parameter in backbone.parameters())


def test_an_image_that_is_too_small_is_refused_with_the_size_it_takes(
    backbone: InceptionResnetV1Backbone,
) -> None:
    with torch.inference_mode():
        backbone(torch.zeros(1, 3, 75, 75))
        with pytest.raises(ComponentError, match="takes images of 75 pixels and more, got 75 by 74"):
            backbone(torch.zeros(1, 3, 75, 74))


@pytest.mark.parametrize("last_stage", [*STAGES])
def test_a_trunk_cut_short_gives_the_whole_ones_stages_up_to_there(
    backbone: InceptionResnetV1Backbone, last_stage: str
) -> None:
    torch.manual_seed(0)
    short = InceptionResnetV1Backbone(weights="none", last_stage=last_stage).eval()
    images = torch.randn(1, 3, 96, 96)
    with torch.inference_mode():
        whole, cut = backbone(images), short(images)
    kept = list(STAGES)[: list(STAGES).index(last_stage) + 1]
    assert list(cut) == list(short.stages) == kept
    assert all(torch.equal(one, whole[stage]) for stage, one in cut.items())
    assert short.default_stage == ("block8" if "block8" in kept else last_stage)


def test_what_comes_after_a_cut_is_not_kept(backbone: InceptionResnetV1Backbone) -> None:
    short = InceptionResnetV1Backbone(weights="none", last_stage="repeat_2", freeze="all")
    later = {module for stage in ("mixed_7a", "repeat_3", "block8", "embedding") for module in STAGES[stage]}
    assert not {name.split(".")[1] for name in short.state_dict()} & later
    assert not any(parameter.requires_grad for parameter in short.parameters())
    shared = {name: backbone.state_dict()[name].shape for name in short.state_dict()}
    assert {name: one.shape for name, one in short.state_dict().items()} == shared


@pytest.mark.parametrize(("last_stage", "smallest"), [("repeat_1", 27), ("repeat_2", 43), ("mixed_7a", 75)])
def test_a_shorter_trunk_takes_smaller_images(last_stage: str, smallest: int) -> None:
    short = InceptionResnetV1Backbone(weights="none", last_stage=last_stage).eval()
    with torch.inference_mode():
        assert short(torch.zeros(1, 3, smallest, smallest))[last_stage].shape[2:] == (1, 1)
        with pytest.raises(ComponentError, match=f"takes images of {smallest} pixels and more"):
            short(torch.zeros(1, 3, smallest, smallest - 1))


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"last_stage": "mixed_6"}, "last_stage: no stage is called 'mixed_6'. Did you mean 'mixed_6a'"),
        ({"last_stage": "mixed_6a", "freeze": "block8"}, "freeze: no stage is called 'block8'"),
        ({"freeze": "repeat1"}, "no stage is called 'repeat1'. Did you mean 'repeat_1'"),
        ({"dropout": 1.0}, "dropout: expected a fraction from 0 up to 1, got 1.0"),
    ],
)
def test_an_option_that_can_not_be_is_named(options: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        InceptionResnetV1Backbone(weights="none", **options)


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache; gives the file that vggface2 would be."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    path = cached_path(weights.VGGFACE2)
    path.parent.mkdir(parents=True)
    return path


def test_a_file_like_vggface2s_is_loaded_without_its_layer_of_people(cached: Path) -> None:
    torch.manual_seed(1)
    theirs = InceptionResnetV1(pretrained=None).state_dict()
    people = {"logits.weight": torch.zeros(8631, 512), "logits.bias": torch.zeros(8631)}
    torch.save({**theirs, **people}, cached)
    trunk, size = load_inception("vggface2")
    assert size == 512
    assert same_tensors(trunk.state_dict(), theirs)


def test_a_cut_trunk_keeps_its_part_of_the_weights(cached: Path) -> None:
    torch.manual_seed(1)
    theirs = InceptionResnetV1(pretrained=None).state_dict()
    torch.save(theirs, cached)
    short = InceptionResnetV1Backbone(last_stage="mixed_6a")
    ours = short.trunk.state_dict()
    assert same_tensors(ours, {name: theirs[name] for name in ours})


def test_a_file_of_another_network_is_refused_by_name(cached: Path) -> None:
    torch.save({"conv.weight": torch.zeros(1)}, cached)
    with pytest.raises(WeightsError, match=r"Cannot load .*vggface2\.pt into InceptionResnetV1"):
        load_inception("vggface2")


def test_a_file_that_could_run_code_is_refused(cached: Path) -> None:
    torch.save({"trunk": InceptionResnetV1}, cached)
    with pytest.raises(WeightsError, match=r"Cannot read weights from .*ferkit weights fetch vggface2"):
        load_inception("vggface2")


def test_a_truncated_file_is_refused(cached: Path) -> None:
    torch.save({"a": torch.zeros(1000)}, cached)
    cached.write_bytes(cached.read_bytes()[:500])
    with pytest.raises(WeightsError, match="Cannot read weights"):
        load_inception("vggface2")


def test_an_h5_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "weights.h5").write_bytes(b"not h5")
    with pytest.raises(WeightsError, match=r"Cannot read Keras weights from .*weights\.h5"):
        read_keras_weights(tmp_path / "weights.h5")


def test_keras_kernels_are_turned_and_its_batch_norm_has_a_weight_of_1(tmp_path: Path) -> None:
    kernel = np.arange(3 * 2 * 4 * 5, dtype=np.float32).reshape(3, 2, 4, 5)
    with h5py.File(tmp_path / "weights.h5", "w") as file:
        file["model_weights/Conv2d_1a_3x3/Conv2d_1a_3x3/kernel:0"] = kernel
        norm = "model_weights/Conv2d_1a_3x3_BatchNorm/Conv2d_1a_3x3_BatchNorm"
        for number, name in enumerate(("beta:0", "moving_mean:0", "moving_variance:0")):
            file[f"{norm}/{name}"] = np.full(5, number, dtype=np.float32)
    tensors = read_keras_weights(tmp_path / "weights.h5")
    assert torch.equal(tensors["conv2d_1a.conv.weight"], torch.from_numpy(kernel.transpose(3, 2, 0, 1)))
    expected = {"bias": 0.0, "running_mean": 1.0, "running_var": 2.0, "weight": 1.0}
    assert {n: tensors[f"conv2d_1a.bn.{n}"].unique().item() for n in expected} == expected


@pytest.mark.data
@needs_msceleb1m
def test_msceleb1m_fills_every_tensor_of_the_trunk() -> None:
    trunk, size = load_inception("msceleb1m")
    assert size == 128
    tensors = read_keras_weights(cached_path(weights.MSCELEB1M))
    assert sum(not name.startswith("last_") for name in tensors) == 708
    assert same_tensors(trunk.state_dict(), tensors)
    norms = [one for one in trunk.modules() if isinstance(one, torch.nn.BatchNorm2d | torch.nn.BatchNorm1d)]
    assert {norm.eps for norm in norms} == {1e-3}


def read_celebrities(archive: Path, part: str) -> Iterator[tuple[str, np.ndarray]]:
    """(person, image) of the archive's five-celebrities images; part: train or val."""
    folder = f"/examples/5-celebrity-faces-dataset/data/{part}/"
    with tarfile.open(archive) as opened:
        for member in opened:
            _, found, rest = member.name.partition(folder)
            content = opened.extractfile(member) if found and rest.endswith(".jpg") else None
            if content:
                yield rest.split("/")[0], np.asarray(Image.open(BytesIO(content.read())).convert("RGB"))


def embed(trunk: InceptionResnetV1, images: list[np.ndarray]) -> np.ndarray:
    """(N, 128) embeddings of the largest faces, each face normalised by itself as in training."""
    crops = []
    for image, found in zip(images, LARGEST(images), strict=True):
        x0, y0, x1, y1 = found.boxes[0].clip(0).astype(int) if len(found.boxes) else (0, 0, 9999, 9999)
        crop = np.asarray(Image.fromarray(image[y0:y1, x0:x1]).resize((160, 160)), dtype=np.float32)
        crops.append((crop - crop.mean()) / crop.std())
    with torch.inference_mode():
        return np.asarray(trunk(torch.from_numpy(np.stack(crops).transpose(0, 3, 1, 2))))


LARGEST = MTCNNDetector(selection_method="largest", device="cpu")


@pytest.mark.slow
@pytest.mark.data
@needs_msceleb1m
def test_msceleb1m_tells_five_celebrities_apart_25_times_of_25(tmp_path: Path) -> None:
    entry: Weights = find_entry("msceleb1m")
    archive = tmp_path / "archive.tar.gz"
    try:
        download_archive(entry.source, archive)
    except Exception as error:
        pytest.skip(f"cannot download the archive with the images: {error}")
    trunk = load_inception("msceleb1m")[0].eval()
    known_names, known = zip(*read_celebrities(archive, "train"), strict=True)
    names, images = zip(*read_celebrities(archive, "val"), strict=True)
    similarity = embed(trunk, list(images)) @ embed(trunk, list(known)).T
    guesses = [known_names[index] for index in similarity.argmax(axis=1)]
    assert len(names) == 25
    assert sum(guess == name for guess, name in zip(guesses, names, strict=True)) == 25
