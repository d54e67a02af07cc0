"""Low-rank adaptation."""

from __future__ import annotations

import copy
import fnmatch
from typing import Any

from torch import nn

from ferkit.plugin import Callback, ComponentError, TrainingSetup


class LoRA(Callback):
    """Train low-rank changes of the backbone's weights instead of the weights (Hu et al. 2022), by peft.

    The weights of convolutions and linear layers are frozen. Each of them gets a trained change of rank
    `rank`, which starts at 0. All other parameters of the backbone are frozen too, and its batch norms keep
    their statistics. Head and output are trained as usual. The network that is evaluated and saved has the
    changes added to its weights: it has no additional parameters.

    Needs the extra `lora`.

    Args:
        rank: Rank of the changes, 1 or more.
        alpha: The change is multiplied by `alpha` / `rank`. Default: twice the rank.
        layers: Patterns of names of layers in the backbone, such as ["*.qkv"]. Default: every convolution
            without groups and every linear layer.
        dropout: Dropout of the input of the changes, 0 to 1.
    """

    def __init__(
        self,
        rank: int = 8,
        alpha: int | None = None,
        layers: tuple[str, ...] = ("*",),
        dropout: float = 0.0,
    ) -> None:
        if rank < 1:
            raise ValueError(f"rank: expected 1 or more, got {rank}")
        if alpha is not None and alpha < 1:
            raise ValueError(f"alpha: expected 1 or more, got {alpha}")
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout: expected a probability from 0 to below 1, got {dropout:g}")
        try:
            import peft  # noqa: F401
        except ImportError as error:
            raise ComponentError(
                "the callback lora needs peft. Install it: pip install 'ferkit[lora]'"
            ) from error
        self.rank = rank
        self.alpha = 2 * rank if alpha is None else alpha
        self.layers = layers
        self.dropout = dropout
        self.network: nn.Module | None = None
        self._merged: nn.Module | None = None

    def prepare(self, network: nn.Module) -> None:
        """Freeze the backbone and add the changes."""
        from peft import LoraConfig, inject_adapter_in_model

        backbone = network.get_submodule("backbone")
        if not any(one.requires_grad for one in backbone.parameters()):
            raise ComponentError('lora: the backbone is frozen. Set model.backbone.freeze = "none".')
        names = [name for name, module in backbone.named_modules() if self._is_changed(name, module)]
        if not names:
            raise ComponentError(f"lora: no layer of the backbone matches layers = {list(self.layers)}.")
        config = LoraConfig(
            r=self.rank, lora_alpha=self.alpha, lora_dropout=self.dropout, target_modules=names
        )
        inject_adapter_in_model(config, backbone)

    def _is_changed(self, name: str, module: nn.Module) -> bool:
        is_layer = isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)
        return is_layer and any(fnmatch.fnmatchcase(name, pattern) for pattern in self.layers)

    def begin(self, setup: TrainingSetup) -> None:
        """Keep the network."""
        self.network = setup.network

    def begin_epoch(self, number: int) -> None:
        """Keep the statistics of the batch norms."""
        assert self.network
        for module in self.network.get_submodule("backbone").modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.eval()

    def end_step(self) -> None:
        """Forget the network of an earlier state."""
        self._merged = None

    def evaluated_network(self) -> nn.Module | None:
        """Return a copy of the network with the changes added to its weights."""
        if self._merged is None and self.network is not None:
            self._merged = _merge(self.network)
        return self._merged

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Forget the network of another state. The state of the network has the changes."""
        self._merged = None


def _merge(network: nn.Module) -> nn.Module:
    from peft.tuners.lora import LoraLayer

    merged = copy.deepcopy(network)
    for name, module in list(merged.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            parent, _, last = name.rpartition(".")
            setattr(merged.get_submodule(parent), last, module.get_base_layer())
    return merged
