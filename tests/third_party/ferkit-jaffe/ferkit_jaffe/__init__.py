"""JAFFE, and a head and a loss that go well with few photographs."""

from ferkit.plugin import Component, hookimpl

ferkit_contract = 1


@hookimpl
def ferkit_components() -> list[Component]:
    return [
        Component("dataset", "jaffe", "ferkit_jaffe.dataset:Jaffe", "213 photographs of ten women, posed"),
        Component("head", "gem", "ferkit_jaffe.head:GemHead", "Generalised mean pooling, its power learned"),
        Component("loss", "poly1", "ferkit_jaffe.loss:Poly1Loss", "Cross entropy and one more term"),
    ]
