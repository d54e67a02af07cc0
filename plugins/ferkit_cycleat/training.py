"""The networks, and the steps and epochs that train them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ferkit.plugin import crop_kernels
from ferkit_cycleat.attention import attention_loss, attention_of, teach_attention
from ferkit_cycleat.batches import Batches, Purpose, derive_seed, make_generator, normalise
from ferkit_cycleat.classifiers import Classifier
from ferkit_cycleat.descent import Descent
from ferkit_cycleat.gathering import Domains
from ferkit_cycleat.options import Options
from ferkit_cycleat.sheet import COLUMNS, draw_sheet
from ferkit_cycleat.translation import Translation
from ferkit_cycleat.watch import Watch, relative_diversity

SAMPLES = 32
"""Images of each domain whose translations are compared after each epoch."""
EVALUATED = 64
"""Faces classified at once."""


class Training:
    """F_S, F_T and, except for "source_only", the translation between the domains.

    Only the networks, the optimizers and the warnings given so far carry over to the next epoch. Random
    numbers come from the seed and the epoch.

    Args:
        options: The options.
        domains: Images of the domains.
        build_classifier: Builds F_S from the number of the source's images of each class.
        classes: Number of classes.
        seed: Seed of the training.
        device: Device of the networks.
    """

    def __init__(
        self,
        options: Options,
        domains: Domains,
        build_classifier: Callable[[Sequence[int]], Classifier],
        classes: int,
        seed: int,
        device: torch.device,
    ) -> None:
        self.options = options
        self.seed = seed
        self.device = device
        steps = options.steps(len(domains.source))
        self.batches = Batches(domains, options.batch_size, steps, options.flip, seed, device)
        with self._random_numbers("build"):
            counts: list[int] = domains.classes.bincount(minlength=classes).tolist()
            self.source_classifier = build_classifier(counts)
            self.target_classifier = copy.deepcopy(self.source_classifier)
            self.translation = None if options.mode == "source_only" else Translation(options)
        self.networks = nn.ModuleDict({"f_s": self.source_classifier, "f_t": self.target_classifier})
        if self.translation is not None:
            self.networks["translation"] = self.translation
        crop_kernels(self.networks)
        self.networks.to(device)
        self.descent = self._make_descent()
        self.watch = Watch()

    def _make_descent(self) -> Descent:
        parameters = {
            "f_s": list(self.source_classifier.parameters()),
            "f_t": list(self.target_classifier.parameters()),
        }
        if self.translation is not None:
            parameters |= {"g": self.translation.generators(), "d": self.translation.discriminators()}
        return Descent(self.options, parameters)

    @contextmanager
    def _random_numbers(self, purpose: Purpose, epoch: int = 0) -> Iterator[None]:
        """Seed torch's generators, and restore them at the end: initial weights and dropout use these."""
        devices = [self.device] if self.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(derive_seed(self.seed, purpose, epoch))
            yield

    def warm_up(self, epoch: int) -> None:
        """Train F_S for an epoch on the source."""
        self.source_classifier.train()
        with self._random_numbers("warm_up", epoch):
            for step, (images, classes) in enumerate(self.batches.source("warm_up", epoch), start=1):
                loss = F.cross_entropy(self.source_classifier(images), classes)
                self.descent.step(["f_s"], {}, loss, f"epoch {epoch} of the warm-up, step {step}")

    def begin_target(self, *, is_fresh: bool) -> None:
        """Freeze F_S, and initialise F_T as its copy if the training is fresh."""
        if is_fresh:
            self.target_classifier.load_state_dict(self.source_classifier.state_dict())
        self.source_classifier.requires_grad_(False)
        self.source_classifier.eval()

    def run_epoch(self, epoch: int) -> dict[str, float]:
        """Train an epoch; return the means over its steps and the diversities of the translations.

        Each loss is loss_NAME. "loss" is that of generators and F_T together. "accuracy" is that of F_T on
        its training images.
        """
        self.target_classifier.train()
        self.descent.set_factor(self.options.rate(epoch))
        with self._random_numbers("dropout", epoch):
            steps = self._run_steps(epoch)
        means = {name: float(np.mean([step[name] for step in steps])) for name in steps[0]}
        return means | self._diversities()

    def _run_steps(self, epoch: int) -> list[dict[str, float]]:
        """Run the steps of an epoch; return the losses and the accuracy of each."""
        unlabelled = self.batches.auxiliary(epoch)
        draws = make_generator(self.seed, "buffers", epoch)
        steps = []
        for step, (images, classes) in enumerate(self.batches.source("source", epoch), start=1):
            where = f"epoch {epoch}, step {step}"
            if self.translation is None:
                steps.append(self._step_on_source(images, classes, where))
            else:
                steps.append(self._step(self.translation, images, classes, next(unlabelled), draws, where))
        return steps

    def _step_on_source(self, images: Tensor, classes: Tensor, where: str) -> dict[str, float]:
        logits = self.target_classifier(images)
        loss = F.cross_entropy(logits, classes)
        return self.descent.step(["f_t"], {"class_t": loss}, loss, where) | _accuracy(logits, classes)

    def _step(
        self,
        translation: Translation,
        images: Tensor,
        classes: Tensor,
        unlabelled: Tensor,
        draws: torch.Generator,
        where: str,
    ) -> dict[str, float]:
        """Run one step of generators and F_T together, then one of the discriminators."""
        out = translation.translate(images, unlabelled)
        terms = translation.generator_terms(images, unlabelled, out)
        terms["class_s"] = F.cross_entropy(self.source_classifier(out.source_again), classes)
        logits = self._classify_translated(images, out.to_auxiliary, classes, terms)
        values = self.descent.step(["g", "f_t"], terms, self._weigh(terms), where)
        judged = translation.discriminator_terms(images, unlabelled, out, draws)
        against = self.descent.step(["d"], judged, judged["d_s"] + judged["d_a"], where)
        return against | values | _accuracy(logits, classes)

    def _classify_translated(
        self, images: Tensor, translated: Tensor, classes: Tensor, terms: dict[str, Tensor]
    ) -> Tensor:
        """Return F_T's logits of the translated images; add its cross entropy and attention loss."""
        count = len(images)
        # One batch: batch norm normalises by the mixture whose averages it keeps.
        batch = torch.cat([translated, images]) if self.options.train_on_source else translated
        every_class = classes.repeat(len(batch) // count)
        maps, logits = self.target_classifier.look(batch)
        terms["class_t"] = F.cross_entropy(logits, every_class)
        if self.options.mode == "attention":
            kind = self.options.attention
            taught = teach_attention(kind, self.source_classifier, images, classes)
            seen = attention_of(kind, maps, logits, every_class)[:count]
            terms["attention"] = attention_loss(seen, taught)
        return logits[:count]

    def _weigh(self, terms: Mapping[str, Tensor]) -> Tensor:
        weights = {
            "cycle": self.options.cycle_weight,
            "identity": self.options.identity_weight,
            "attention": self.options.attention_weight,
        }
        return torch.stack([weights.get(name, 1.0) * term for name, term in terms.items()]).sum()

    @torch.no_grad()
    def _diversities(self) -> dict[str, float]:
        if self.translation is None:
            return {}
        source, auxiliary = self.batches.samples(SAMPLES)
        to_auxiliary, to_source = self.translation.to_auxiliary(source), self.translation.to_source(auxiliary)
        return {
            "diversity_s_to_a": relative_diversity(to_auxiliary, source, auxiliary),
            "diversity_a_to_s": relative_diversity(to_source, auxiliary, source),
        }

    def pictures(self) -> dict[str, NDArray[np.uint8]]:
        """Return the sample sheet, or nothing without a translation."""
        if self.translation is None:
            return {}
        return {"translations": draw_sheet(self.translation, *self.batches.samples(COLUMNS))}

    @torch.no_grad()
    def classify(self, pixels: Tensor) -> NDArray[np.float64]:
        """Return F_T's probabilities (N, K) of pixels (N, 3, side, side) uint8."""
        self.target_classifier.eval()
        batches = [normalise(batch).to(self.device) for batch in torch.split(pixels, EVALUATED)]
        logits = torch.cat([self.target_classifier(batch).cpu() for batch in batches])
        probabilities: NDArray[np.float64] = logits.double().softmax(dim=1).numpy()
        return probabilities

    def state(self) -> dict[str, Any]:
        return {
            "networks": self.networks.state_dict(),
            "optimizers": self.descent.state(),
            "watch": self.watch.state(),
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Load a state. Raises KeyError, ValueError or RuntimeError for other networks."""
        self.networks.load_state_dict(state["networks"])
        self.descent.restore(state["optimizers"])
        self.watch.restore(state["watch"])


def _accuracy(logits: Tensor, classes: Tensor) -> dict[str, float]:
    return {"accuracy": float((logits.argmax(dim=1) == classes).double().mean())}
