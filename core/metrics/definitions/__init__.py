"""The definitions of the business figures, one module per subject.

Each module has ``METRICS`` and ``SOURCES``, imports `core.metrics.metric` and nothing else of the package;
`core.metrics.registry` finds the modules by themselves.
"""
