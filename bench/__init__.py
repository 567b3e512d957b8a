"""Benchmarks that a user can run: each prints its figures beside a named baseline."""
