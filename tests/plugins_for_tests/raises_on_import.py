"""A module that can't be imported, for a reason that is no ImportError."""

1 / 0  # noqa: B018
