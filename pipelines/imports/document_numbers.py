"""Numbers for many documents at once, as the database's ``document_number`` makes them one by one."""

from collections.abc import Iterable
from datetime import date
from typing import Literal

import numpy as np

from core.postgres.connect import Connection

_DIGITS = np.array(list("0123456789ABCDEFGHJKMNPQRSTVWXYZ"))
_MULTIPLIER, _INCREMENT = 22_695_477, 12_345
_SEQUENCES = {"ORD": "order_number_seq", "RO": "restock_number_seq"}
_SIZES = ((1 << 25, 25), (1 << 30, 30), (1 << 60, 35))


def take_document_numbers(
    connection: Connection, prefix: Literal["ORD", "RO"], local_dates: Iterable[date]
) -> list[str]:
    """Take a number from the prefix's sequence for each date, which is in the company's time zone."""
    dates = list(local_dates)
    serials = connection.execute(
        "select nextval(%s::regclass) from generate_series(1, %s)", (_SEQUENCES[prefix], len(dates))
    ).fetchall()
    codes = document_codes(np.array([serial for (serial,) in serials], dtype=np.uint64))
    return [f"{prefix}-{day:%Y%m%d}-{code}" for day, code in zip(dates, codes, strict=True)]


def document_codes(serials: np.ndarray[tuple[int], np.dtype[np.uint64]]) -> list[str]:
    """Return the last part of the numbers: the serial under the bijection of the first migration.

    Examples
    --------
    >>> document_codes(np.array([0, 1], dtype=np.uint64))
    ['00C1S', 'NMZKE']
    """
    codes = np.empty(len(serials), dtype=object)
    lower = 0
    for upper, bits in _SIZES:
        chosen = (serials >= lower) & (serials < upper)
        mixed = (serials[chosen] * np.uint64(_MULTIPLIER) + np.uint64(_INCREMENT)) & np.uint64(
            (1 << bits) - 1
        )
        places = np.arange(bits - 5, -1, -5, dtype=np.uint64)
        digits = _DIGITS[((mixed[:, None] >> places) & np.uint64(31)).astype(np.int64)]
        codes[chosen] = ["".join(row) for row in digits]
        lower = upper
    return codes.tolist()
