"""Rows as a pandas.DataFrame."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from ferkit.errors import RunError
from ferkit.messages import decodable
from ferkit.predict.row import TEXTS, TRUTHS, WHOLE_NUMBERS, Row, columns

if TYPE_CHECKING:
    import pandas as pd


def import_pandas() -> Any:
    """Import pandas. Raises RunError with the command that installs it."""
    try:
        import pandas
    except ImportError as error:
        raise RunError(
            'Cannot make a DataFrame: pandas is not installed. Run: pip install "ferkit[pandas]".'
        ) from error
    return pandas


def rows_to_pandas(rows: Iterable[Row], labels: Sequence[str]) -> pd.DataFrame:
    """Return the rows as a table with the columns of a CSV file. Missing values are NA, NaN or None.

    Args:
        rows: The rows.
        labels: The model's labels, in order.

    Raises:
        RunError: pandas is not installed.
    """
    pandas = import_pandas()
    names = columns(labels)
    records = [row.as_record(labels) for row in rows]
    table = pandas.DataFrame(records, columns=names, dtype=object)
    for name in TEXTS:  # pandas refuses bytes of file names that are no UTF-8
        table[name] = [None if one is None else decodable(one) for one in table[name]]
    types = dict.fromkeys(WHOLE_NUMBERS, "Int64") | dict.fromkeys(TRUTHS, "boolean")
    numbers = [name for name in names if name not in (*types, *TEXTS)]
    return table.astype(types | dict.fromkeys(numbers, "float64"))
