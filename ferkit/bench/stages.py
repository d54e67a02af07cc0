"""The stages from an image to probabilities, and a training step, as calls to be timed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TypeVar

import torch
from accelerate.utils import convert_to_fp32
from torch import Tensor

from ferkit.bench.measuring import Case, Key
from ferkit.bench.peak import count_flops
from ferkit.bench.subject import Subject
from ferkit.data.images import read_image
from ferkit.errors import RunError
from ferkit.neural.auxiliary import batch_loss
from ferkit.neural.held_state import held_statistics
from ferkit.neural.network import Network

Answer = TypeVar("Answer")


def decode(subject: Subject, batch: int, key: Key) -> Case:
    """Read files into arrays as a run does, from the system's file cache."""
    files = subject.batch_files(batch)
    return Case(key, lambda: [read_image(file) for file in files], batch)


def detect(subject: Subject, batch: int, key: Key) -> Case:
    """Detect the faces of a batch in one call."""
    images = [subject.images[file] for file in subject.batch_files(batch)]
    detector = subject.detector
    return Case(key, lambda: detector(images), batch)


def crop(subject: Subject, batch: int, key: Key) -> Case:
    """Crop faces and make the network's normalised input, on the device."""
    return Case(key, lambda: subject.tensor(subject.as_images(subject.faces(batch))), batch)


def augment(subject: Subject, batch: int, key: Key) -> Case:
    """Augment and normalise a batch of faces as in training: images on the CPU, batches on the device."""
    if not subject.recipe.augment:
        raise RunError("the recipe has no [[augment]]")
    images = subject.as_images(subject.faces(batch), is_training=True)
    prepare = images.on_device(subject.device)

    def stack() -> Tensor:
        return images.stack([(0, place) for place in range(batch)])[0]

    if prepare is None:
        return Case(key, stack, batch)
    return Case(key, lambda: prepare(stack().to(subject.device), seed=0), batch)


def backbone(subject: Subject, batch: int, key: Key) -> Case:
    """Compute feature maps, without gradients."""
    module = _network(subject).backbone
    pixels, call = _pixels(subject, batch), subject.compiled(module)
    forward = _infer(subject, lambda: call(pixels))
    subject.make_ready(is_training=False)
    flops = count_flops(_infer(subject, lambda: module(pixels)))
    return Case(key, forward, batch, flops, partial(subject.make_ready, is_training=False))


def head(subject: Subject, batch: int, key: Key) -> Case:
    """Compute logits from feature maps, including the output transform."""
    network, pixels = _network(subject), _pixels(subject, batch)
    subject.make_ready(is_training=False)
    features: Mapping[str, Tensor] = _infer(subject, lambda: network.features(pixels))()
    call = subject.compiled(network.classify)
    prepare = partial(subject.make_ready, is_training=False)
    return Case(key, _infer(subject, lambda: call(features)), batch, prepare=prepare)


def training_step(subject: Subject, batch: int, key: Key) -> Case:
    """Run forward, loss, backward and optimizer on a prepared batch; float16 with a scaled loss."""
    network, pixels = _network(subject), _pixels(subject, batch)
    call, loss, optimizer = subject.compiled(network), subject.loss, subject.optimizer
    scaler = torch.amp.GradScaler(subject.device.type, enabled=subject.precision == "float16")
    targets = torch.arange(batch, device=subject.device) % len(subject.labels)

    def backward() -> Tensor:
        with subject.autocast():
            answer = call(pixels)
        value = batch_loss(convert_to_fp32(answer), targets, loss, network).total
        optimizer.zero_grad()
        torch.autograd.backward(scaler.scale(value))
        return value

    def again() -> float:
        with held_statistics(network):
            return float(backward().detach())

    def step() -> None:
        backward()
        if getattr(optimizer, "needs_closure", False):
            optimizer.step(again)
        else:
            scaler.step(optimizer)
            scaler.update()

    return Case(key, step, batch, prepare=partial(subject.make_ready, is_training=True))


def end_to_end(subject: Subject, batch: int, key: Key) -> Case:
    """Turn files into probabilities on the host, without any cache of ferkit."""
    network, files = _network(subject), subject.batch_files(batch)
    call = subject.compiled(network)

    def predict() -> Tensor:
        images = [read_image(file) for file in files]
        found = subject.detector(images)
        faces = [subject.crop(*one) for one in zip(files, images, found, strict=True)]
        pixels = subject.tensor(subject.as_images(faces))
        logits: Tensor = _infer(subject, lambda: call(pixels))()
        return logits.double().softmax(dim=1).cpu()

    return Case(key, predict, batch, prepare=partial(subject.make_ready, is_training=False))


def _network(subject: Subject) -> Network:
    if not subject.has_network:
        raise RunError("the recipe's estimator has no network")
    return subject.network


def _pixels(subject: Subject, batch: int) -> Tensor:
    return subject.tensor(subject.as_images(subject.faces(batch)))


def _infer(subject: Subject, call: Callable[[], Answer]) -> Callable[[], Answer]:
    """Wrap a call: no gradients, in the measured precision."""

    def inferring() -> Answer:
        with torch.inference_mode(), subject.autocast():
            return call()

    return inferring


STAGES: Mapping[str, Callable[[Subject, int, Key], Case]] = {
    "decode": decode,
    "detect": detect,
    "crop": crop,
    "augment": augment,
    "backbone": backbone,
    "head": head,
    "training_step": training_step,
    "end_to_end": end_to_end,
}
