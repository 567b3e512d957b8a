"""From the system of record to published numbers: imports, feed, warehouse, models, publication."""
