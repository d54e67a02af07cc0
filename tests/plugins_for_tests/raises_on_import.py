"""A module that cannot be imported, for a reason other than ImportError."""

1 / 0  # noqa: B018
