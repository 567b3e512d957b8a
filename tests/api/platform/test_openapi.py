"""The description of the API says what it does: errors, credentials, and who may."""

from pathlib import Path
from typing import Any

from api.errors import ApiError
from api.permissions import routes_of
from tests.support.api_client import Api

ERRORS = Path(__file__).resolve().parents[3] / "docs" / "reference" / "errors.md"
PROBLEM = "application/problem+json"


def kinds_of_error(kind: type[ApiError] = ApiError) -> set[type[ApiError]]:
    kinds = {kind} if kind.__module__.startswith("api.") else set()
    return kinds.union(*(kinds_of_error(child) for child in kind.__subclasses__()))


async def test_it_is_served_and_names_every_credential(api: Api) -> None:
    answer = await api.client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    document = answer.json()
    assert set(document["components"]["securitySchemes"]) == {"person", "storefront"}
    login = document["paths"]["/api/v1/auth/login"]["post"]
    assert "security" not in login
    orders = document["paths"]["/api/v1/orders"]["post"]
    assert {"person": []} in orders["security"]
    assert {"storefront": []} in orders["security"]


def operations(document: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return [
        (f"{method} {path}", operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_limits_are_words_that_a_schema_knows(api: Api) -> None:
    """Pydantic writes the limits of dates as they are called in Python."""

    def keys_beside_formats(part: Any) -> set[str]:
        if isinstance(part, list):
            return set().union(*map(keys_beside_formats, part))
        if not isinstance(part, dict):
            return set()
        return set().union(part if "format" in part else (), *map(keys_beside_formats, part.values()))

    assert "type" in keys_beside_formats(api.app.openapi())
    assert not {"ge", "gt", "le", "lt"} & keys_beside_formats(api.app.openapi())


def resolved(document: dict[str, Any], part: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference within the document."""
    if "$ref" not in part:
        return part
    found: Any = document
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return dict(found)


def test_every_operation_declares_its_errors_as_problems(api: Api) -> None:
    document = api.app.openapi()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for name, operation in operations(document):
        responses = operation["responses"]
        assert {"422", "500", "503"} <= set(responses), name
        if operation.get("security"):
            assert {"401", "403"} <= set(responses), name
        if "requestBody" in operation:
            assert {"400", "413", "415"} <= set(responses), name
        for status, response in responses.items():
            if int(status) >= 400:
                content = resolved(document, response)["content"][PROBLEM]
                assert content["schema"] == {"$ref": "#/components/schemas/Problem"}, (name, status)
                assert content["examples"], (name, status)


def test_every_operation_has_a_sentence_and_a_tag(api: Api) -> None:
    for name, operation in operations(api.app.openapi()):
        assert operation["tags"], name
        first = operation["description"].splitlines()[0]
        assert first.endswith((".", ":")), (name, first)


def test_the_query_parameters_that_are_known_are_those_of_the_description(api: Api) -> None:
    paths = api.app.openapi()["paths"]
    described = {
        (method, endpoint): {
            parameter["name"]
            for parameter in paths[path][method.lower()].get("parameters", [])
            if parameter["in"] == "query"
        }
        for method, path, endpoint in routes_of(api.app)
        if path in paths
    }
    assert api.app.state.gatekeeper.query_names == described
    assert len(described) > 200


def test_codes_are_documented_and_none_is_invented(api: Api) -> None:
    rows = [line.split(" | ") for line in ERRORS.read_text().splitlines() if line.startswith("| ")]
    documented = {(row[0].strip("| "), row[1].strip("`")) for row in rows if row[1].startswith("`")}
    assert documented == {(str(kind.status), kind.code) for kind in kinds_of_error()}


def test_a_code_has_one_status(api: Api) -> None:
    statuses: dict[str, set[int]] = {}
    for kind in kinds_of_error():
        statuses.setdefault(kind.code, set()).add(kind.status)
    assert [code for code, found in statuses.items() if len(found) > 1] == []


def test_every_amount_in_an_answer_stands_beside_its_currency(api: Api) -> None:
    document = api.app.openapi()
    schemas = document["components"]["schemas"]
    bare: set[str] = set()
    seen: set[tuple[str, bool]] = set()

    def walk(name: str, has_currency: bool) -> None:
        if (name, has_currency) in seen:
            return
        seen.add((name, has_currency))
        fields = schemas[name].get("properties", {})
        has_currency = has_currency or any(field.endswith("currency") for field in fields)
        if not has_currency and any(field.endswith("amount") for field in fields):
            bare.add(name)
        for below in names_in(schemas[name]):
            walk(below, has_currency)

    for _, operation in operations(document):
        for status, response in operation["responses"].items():
            if status.startswith("2"):
                for name in names_in(resolved(document, response)):
                    walk(name, False)
    assert len(seen) > 100
    assert bare == set()


def names_in(part: Any) -> set[str]:
    """Names of the schemas that a part of the document refers to."""
    if isinstance(part, dict):
        own = {part["$ref"].rpartition("/")[2]} if "$ref" in part else set()
        return own.union(*(names_in(below) for key, below in part.items() if key != "discriminator"))
    return set().union(*(names_in(below) for below in part)) if isinstance(part, list) else set()
