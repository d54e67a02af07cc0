"""timm's models as feature extractors."""

from __future__ import annotations

from contextlib import nullcontext

import torch
from torch import Tensor, nn

from ferkit.plugin import ComponentError, crop_kernels, suggest
from ferkit_backbones.timm_models import create_network


class TimmBackbone(nn.Module):
    """A feature extractor of timm.

    Its stages are "stage1", "stage2" and so on, from shallow to deep. The model determines their sizes. Most
    transformers accept one image size only.

    Args:
        model: Name of a timm model, such as "resnet18", optionally with weights: "resnet18.a1_in1k". Or a
            model of timm on the Hugging Face Hub: "hf_hub:timm/resnet18.a1_in1k".
        pretrained: Use timm's weights, which are downloaded. If false, the initial weights are random.
        freeze: "none", "all", or a stage. Layers that the map of this stage depends on are not trained, and
            their batch norm keeps its statistics.

    `mean` and `std` are those of timm for the weights, in the channel order RGB, of pixels from 0 to 1.
    """

    def __init__(self, model: str = "resnet18", pretrained: bool = True, freeze: str = "none") -> None:
        super().__init__()
        self.model = model
        self.network = create_network(model, pretrained)
        crop_kernels(self.network)
        settings = self.network.pretrained_cfg
        self.mean, self.std = tuple(settings["mean"]), tuple(settings["std"])
        channels = self.network.feature_info.channels()
        self.stages = {f"stage{number}": width for number, width in enumerate(channels, start=1)}
        self.default_stage = list(self.stages)[-1]
        if freeze not in ("none", "all", *self.stages):
            raise ValueError(
                f"freeze: no stage is called {freeze!r}. {suggest(freeze, ['none', 'all', *self.stages])}"
            )
        self.is_frozen = freeze in ("all", self.default_stage)
        if self.is_frozen:
            self.network.requires_grad_(False)
        elif freeze != "none":
            self._freeze_up_to(freeze)
        self.train()

    def train(self, mode: bool = True) -> TimmBackbone:
        """Set the mode; modules whose parameters are all frozen stay in eval mode."""
        super().train(mode)
        for module in self.network.modules():
            parameters = list(module.parameters())
            if parameters and not any(parameter.requires_grad for parameter in parameters):
                module.eval()
        return self

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Map images (B, 3, H, W) to the feature maps of every stage, (B, C, h, w).

        Raises:
            ComponentError: The model does not accept images of this size.
        """
        self._check_size(images)
        with torch.no_grad() if self.is_frozen else nullcontext():
            maps = self.network(images)
        if getattr(self.network, "output_fmt", None) == "NHWC":
            maps = [one.permute(0, 3, 1, 2) for one in maps]
        return dict(zip(self.stages, maps, strict=True))

    def _check_size(self, images: Tensor) -> None:
        settings = self.network.pretrained_cfg
        size = tuple(settings["input_size"][1:])
        if settings.get("fixed_input_size") and tuple(images.shape[2:]) != size:
            raise ComponentError(
                f"timm's {self.model!r} takes images of {size[0]} by {size[1]} pixels only, got "
                f"{images.shape[2]} by {images.shape[3]}. Set model.image_size = {size[0]}."
            )

    def _freeze_up_to(self, stage: str) -> None:
        """Freeze the parameters that a stage's map depends on, found by its gradient.

        Names and order of modules differ between models.
        """
        self.eval()
        parameters = list(self.network.parameters())
        with torch.enable_grad():  # `ferkit check` builds the network without gradients
            probe = self.forward(torch.zeros(1, *self.network.pretrained_cfg["input_size"]))
            gradients = torch.autograd.grad(probe[stage].sum(), parameters, allow_unused=True)
        for parameter, gradient in zip(parameters, gradients, strict=True):
            parameter.requires_grad_(gradient is None)
