"""dbt's models, sources and tests as Dagster sees them: keys, groups, lineage and checks."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import Any

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, build_dbt_asset_specs

from core.runs import TestRecord
from pipelines.transform import ModelRecord, TransformResult

_ROW_LIMIT = 500


class TableTranslator(DagsterDbtTranslator):
    """A model's key is its table's address, its group the layer."""

    def get_asset_key(self, dbt_resource_props: Mapping[str, Any]) -> dg.AssetKey:
        """Schema and name."""
        return dg.AssetKey([dbt_resource_props["schema"], dbt_resource_props["name"]])

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """The schema: staging, intermediate, marts or serving."""
        return str(dbt_resource_props["schema"])

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """What the project says about it, without its SQL."""
        return str(dbt_resource_props.get("description") or "")


@dataclass(frozen=True)
class Layers:
    """The assets and checks that one dbt selection makes; a key comes after those that it depends on."""

    specs: Sequence[dg.AssetSpec]
    checks: Sequence[dg.AssetCheckSpec]
    keys: Mapping[str, dg.AssetKey]

    def report(
        self, result: TransformResult, *, is_whole: bool
    ) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
        """Turn dbt's results into Dagster's; a failed blocking check holds back what is downstream.

        If the layers are whole, views that were left as they are show what is fed as well as those made anew,
        and tests of the rows that such views spread stand as the last full build left them: what they are
        spread from was tested.
        """
        built = {model.name: model for model in result.models}
        for name, key in self.keys.items():
            if name in built:
                yield _materialised(built[name], key)
            elif is_whole:
                yield dg.MaterializeResult(asset_key=key, metadata={"seconds": 0.0})
        known = {check.name: check for check in self.checks}
        for test in result.tests:
            if test.name in known:
                yield _checked(test, known.pop(test.name))
        for check in known.values() if is_whole else ():
            yield _left_standing(check)


def read_layers(manifest: dict[str, Any], folders: Sequence[str]) -> Layers:
    """Read the models in these folders of the dbt project, and the tests that guard them."""
    select = " ".join(f"fqn:stockwise.{folder}" for folder in folders)
    specs = build_dbt_asset_specs(manifest=manifest, select=select, dagster_dbt_translator=TableTranslator())
    parents = {spec.key: [dep.asset_key for dep in spec.deps] for spec in specs}
    keys = {key.path[-1]: key for key in TopologicalSorter(parents).static_order() if key in parents}
    nodes = manifest["nodes"]
    checks = [
        dg.AssetCheckSpec(name=node["name"], asset=keys[nodes[node["attached_node"]]["name"]], blocking=True)
        for node in nodes.values()
        if node["resource_type"] == "test"
        and node.get("attached_node") in nodes
        and nodes[node["attached_node"]]["name"] in keys
    ]
    return Layers(specs=specs, checks=checks, keys=keys)


def source_names(manifest: dict[str, Any], schema: str) -> list[str]:
    """The dbt sources of one schema that others read."""
    return sorted(node["name"] for node in manifest["sources"].values() if node["schema"] == schema)


def _materialised(model: ModelRecord, key: dg.AssetKey) -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(asset_key=key, metadata={"seconds": round(model.seconds, 2)})


def _checked(test: TestRecord, check: dg.AssetCheckSpec) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        asset_key=check.asset_key,
        check_name=check.name,
        passed=test.status != "failed",
        severity=dg.AssetCheckSeverity.ERROR,
        metadata={"failures": test.failures, "message": test.message[:_ROW_LIMIT]},
    )


def _left_standing(check: dg.AssetCheckSpec) -> dg.AssetCheckResult:
    """Report a test that only full builds ask: Dagster wants an answer of each check from each run."""
    return dg.AssetCheckResult(
        asset_key=check.asset_key,
        check_name=check.name,
        passed=True,
        metadata={"message": "not asked in this run: it stands since everything was built"},
    )
