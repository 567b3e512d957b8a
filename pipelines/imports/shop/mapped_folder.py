"""A folder of a history, read by its mapping file."""

from pathlib import Path

from pipelines.imports.shop.mapping import DEFAULT_FILE, Mapping, load_mapping
from pipelines.imports.shop.raw_tables import RawTable, read_raw_tables


def read_mapped_folder(folder: Path, mapping_file: Path | None) -> tuple[list[RawTable], Mapping]:
    """Read a folder by a mapping file, by the one that lies in it, or by the layout's own names."""
    own = folder / DEFAULT_FILE
    mapping = load_mapping(mapping_file or (own if own.is_file() else None))
    return read_raw_tables(folder, mapping), mapping
