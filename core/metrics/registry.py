"""The one registry of business figures: what each means, and the one SQL it is computed by.

Reports, API, pages and the command line ask for figures by name (`core.metrics.ask`); each name is defined in
one module of `core.metrics.definitions`.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterable, Mapping

from core.metrics import definitions
from core.metrics.metric import Metric as Metric
from core.metrics.metric import Source


def join(metrics: Iterable[Metric], sources: Iterable[Source]) -> tuple[dict[str, Metric], dict[str, Source]]:
    """Return metrics and sources by name, after a look at what would only fail when somebody asks.

    Raises
    ------
    ValueError
        If a name is given twice, or a metric names a source or a metric that does not exist.
    """
    metrics_by_name: dict[str, Metric] = {}
    sources_by_name: dict[str, Source] = {}
    for metric in metrics:
        if metric.name in metrics_by_name:
            raise ValueError(f"the metric {metric.name} is defined twice")
        metrics_by_name[metric.name] = metric
    for source in sources:
        if source.name in sources_by_name:
            raise ValueError(f"the source {source.name} is defined twice")
        sources_by_name[source.name] = source
    for metric in metrics_by_name.values():
        _check(metric, metrics_by_name, sources_by_name)
    return metrics_by_name, sources_by_name


def base_metrics(name: str) -> tuple[str, ...]:
    """Return the metrics with a source that a metric is made of; itself if it has one."""
    metric = METRICS[name]
    if not metric.is_derived:
        return (name,)
    found = [base for need in metric.needs for base in base_metrics(need)]
    return tuple(dict.fromkeys(found))


def _check(metric: Metric, metrics: Mapping[str, Metric], sources: Mapping[str, Source]) -> None:
    if metric.is_derived:
        unknown = [need for need in metric.needs if need not in metrics]
        if unknown or not metric.needs:
            raise ValueError(f"the metric {metric.name} is made of unknown metrics: {unknown}")
        _refuse_circle(metric.name, metrics, ())
    elif metric.source not in sources:
        raise ValueError(f"the metric {metric.name} has an unknown source: {metric.source}")


def _refuse_circle(name: str, metrics: Mapping[str, Metric], seen: tuple[str, ...]) -> None:
    if name in seen:
        raise ValueError(f"the metric {name} is made of itself")
    for need in metrics[name].needs:
        _refuse_circle(need, metrics, (*seen, name))


def _defined() -> tuple[dict[str, Metric], dict[str, Source]]:
    modules = [
        importlib.import_module(f"{definitions.__name__}.{module.name}")
        for module in pkgutil.iter_modules(definitions.__path__)
    ]
    return join(
        (metric for module in modules for metric in module.METRICS),
        (source for module in modules for source in module.SOURCES),
    )


METRICS, SOURCES = _defined()
