"""The feed: what PostgreSQL committed since the last pull, as Parquet segments in the lake."""
