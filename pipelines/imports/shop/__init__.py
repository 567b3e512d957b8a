"""Any shop's history: a documented layout of tables, read from CSV, Parquet or Excel by a mapping file."""
