"""The definitions of the business figures, one module per subject.

Each module has ``SOURCES`` and ``METRICS``: a table of figures, in the order in which they are read about,
each made by the `core.metrics.subject.Subject` of its source. `core.metrics.registry`
finds the modules by themselves.
"""
