"""What the files do not say and an import has to assume: suppliers, costs, stock."""

import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Self
from zlib import crc32

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.errors import StockwiseError

DEFAULT_FILE = "online_retail_suppliers.toml"
Ratio = Annotated[float, Field(gt=0, le=1)]
_HASH_RANGE = 2**32


class _Assumed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SupplierTerms(_Assumed):
    """A supplier that is assumed, and the share of the codes that it delivers."""

    code: str
    name: str
    share: Ratio
    quoted_lead_time_days: Annotated[int, Field(ge=0, le=365)]
    working_weekdays: Annotated[str, Field(pattern="^[1-7]+$")] = "12345"
    minimum_order_amount: Annotated[float, Field(ge=0)] = 0
    cost_ratio: Ratio
    moq_units: Annotated[int, Field(ge=1)] = 1
    pack_units: Annotated[int, Field(ge=1)] = 1


class StockAssumptions(_Assumed):
    """How much stock is assumed to lie there at the end of the history."""

    cover_days: Annotated[int, Field(ge=0, le=365)]
    speed_days: Annotated[int, Field(ge=1, le=365)]
    low_stock_days: Annotated[int, Field(ge=0, le=365)]


class ImportParameters(_Assumed):
    """The parameter file of an import; everything in it is marked as assumed wherever it shows."""

    stock: StockAssumptions
    suppliers: Annotated[tuple[SupplierTerms, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        if abs(sum(supplier.share for supplier in self.suppliers) - 1) > 1e-6:
            raise ValueError("the suppliers' shares must add up to 1")
        return self

    def supplier_of(self, code: str) -> int:
        """Return the position of the supplier of a code: by its checksum, so always the same one."""
        place = crc32(code.encode()) / _HASH_RANGE
        for position, supplier in enumerate(self.suppliers):
            place -= supplier.share
            if place < 0:
                return position
        return len(self.suppliers) - 1


def load_parameters(file: Path | None) -> ImportParameters:
    """Read the parameter file, or the one that comes with the product.

    Raises
    ------
    StockwiseError
        If it cannot be read or says something impossible.
    """
    source = files("pipelines.imports") / DEFAULT_FILE if file is None else file
    try:
        return ImportParameters.model_validate(tomllib.loads(source.read_text(encoding="utf-8")))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise StockwiseError(f"The parameter file {source} cannot be read: {error}.") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"])) or "the file"
        raise StockwiseError(f"The parameter file {source} is wrong at {place}: {first['msg']}.") from None
