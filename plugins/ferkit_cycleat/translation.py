"""Generators and discriminators between the source domain S and the auxiliary domain A."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ferkit_cycleat.adversarial import ImageBuffer, PatchDiscriminator, discriminator_loss, generator_loss
from ferkit_cycleat.generators import ResnetGenerator
from ferkit_cycleat.options import Options


@dataclass(frozen=True, slots=True, eq=False)
class Translated:
    """Translations of a batch of each domain, and their translations back; all (B, 3, H, W) in −1..1."""

    to_auxiliary: Tensor
    source_again: Tensor
    to_source: Tensor
    auxiliary_again: Tensor


class Translation(nn.Module):
    """CycleGAN (Zhu et al. 2017): G_SA, G_AS, D_S, D_A and their losses."""

    def __init__(self, options: Options) -> None:
        super().__init__()
        self.to_auxiliary = ResnetGenerator(options.width, options.blocks, options.residual)
        self.to_source = ResnetGenerator(options.width, options.blocks, options.residual)
        self.judge_source = PatchDiscriminator(options.width, options.halvings)
        self.judge_auxiliary = PatchDiscriminator(options.width, options.halvings)
        self.needs_identity = options.identity_weight > 0
        self.former_source = ImageBuffer(options.buffer_size)
        self.former_auxiliary = ImageBuffer(options.buffer_size)

    def generators(self) -> list[nn.Parameter]:
        return [*self.to_auxiliary.parameters(), *self.to_source.parameters()]

    def discriminators(self) -> list[nn.Parameter]:
        return [*self.judge_source.parameters(), *self.judge_auxiliary.parameters()]

    def translate(self, source: Tensor, auxiliary: Tensor) -> Translated:
        to_auxiliary, to_source = self.to_auxiliary(source), self.to_source(auxiliary)
        return Translated(to_auxiliary, self.to_source(to_auxiliary), to_source, self.to_auxiliary(to_source))

    def generator_terms(self, source: Tensor, auxiliary: Tensor, out: Translated) -> dict[str, Tensor]:
        """Return the unweighted losses adv_g, cycle and optionally identity, summed over both directions."""
        for parameter in self.discriminators():
            parameter.requires_grad_(False)
        adversarial = generator_loss(self.judge_auxiliary(out.to_auxiliary)) + generator_loss(
            self.judge_source(out.to_source)
        )
        for parameter in self.discriminators():
            parameter.requires_grad_(True)
        cycle = F.l1_loss(out.source_again, source) + F.l1_loss(out.auxiliary_again, auxiliary)
        terms = {"adv_g": adversarial, "cycle": cycle}
        if self.needs_identity:
            terms["identity"] = F.l1_loss(self.to_source(source), source) + F.l1_loss(
                self.to_auxiliary(auxiliary), auxiliary
            )
        return terms

    def discriminator_terms(
        self, source: Tensor, auxiliary: Tensor, out: Translated, generator: torch.Generator
    ) -> dict[str, Tensor]:
        """Return the losses d_s and d_a, with translated images from the buffers."""
        translated = {
            "d_s": self.former_source.exchange(out.to_source.detach(), generator),
            "d_a": self.former_auxiliary.exchange(out.to_auxiliary.detach(), generator),
        }
        judges = {"d_s": (self.judge_source, source), "d_a": (self.judge_auxiliary, auxiliary)}
        return {
            name: discriminator_loss(judge(real), judge(translated[name]))
            for name, (judge, real) in judges.items()
        }

    def get_extra_state(self) -> dict[str, Any]:
        """Return the buffers, which are not parameters."""
        buffers = {"source": self.former_source, "auxiliary": self.former_auxiliary}
        return {name: [image.cpu() for image in buffer.images] for name, buffer in buffers.items()}

    def set_extra_state(self, state: dict[str, Any]) -> None:
        device = self.generators()[0].device
        self.former_source.images = [image.to(device) for image in state["source"]]
        self.former_auxiliary.images = [image.to(device) for image in state["auxiliary"]]
