"""The description of the API: what FastAPI derives, plus what this API promises for every route.

Added here: the schema of a problem, the errors that any route of its kind can answer, who may call it (from
the table of permissions), and the two kinds of credentials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel

from api.errors import (
    PROBLEM_MEDIA_TYPE,
    ApiError,
    CompanyRequired,
    DatabaseUnavailable,
    Forbidden,
    InvalidContent,
    InvalidStorefrontKey,
    InvalidToken,
    MalformedRequest,
    PayloadTooLarge,
    ServiceUnavailable,
    Unauthenticated,
    UnsupportedMediaType,
    responses_for,
)
from api.permissions import ANONYMOUS, STOREFRONT, EndpointKey, RouteKey, RoutePermission, route_key
from api.problems import Problem

_METHODS = ("get", "post", "put", "patch", "delete")
_SECURITY_SCHEMES: dict[str, Any] = {
    "person": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "Access token of a person in one company, from /api/v1/auth/login.",
    },
    "storefront": {
        "type": "apiKey",
        "in": "header",
        "name": "X-Storefront-Key",
        "description": "Publishable key that binds a storefront to a company and shop.",
    },
}


def describe(app: FastAPI, permissions: Mapping[RouteKey, RoutePermission]) -> dict[str, Any]:
    """Build the OpenAPI document of ``app``."""
    document = get_openapi(
        title=app.title,
        version=app.version,
        description=app.description,
        routes=app.routes,
        tags=app.openapi_tags,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(_problem_schemas())
    components["securitySchemes"] = _SECURITY_SCHEMES
    for path, operations in document["paths"].items():
        for method in _METHODS:
            if method in operations:
                _complete(operations[method], permissions.get(route_key(method.upper(), path)))
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    _share_problems(document)
    _drop_stray_limits(document)
    return document


def query_names_of(app: FastAPI) -> dict[EndpointKey, frozenset[str]]:
    """Names of the query parameters that each operation of the description knows."""
    return {
        (method, context.endpoint): frozenset(_query_names(context.dependant))
        for context in iter_route_contexts(app.routes)
        if isinstance(context.original_route, APIRoute) and context.include_in_schema and context.endpoint
        for method in context.methods or ()
    }


def _query_names(dependant: Dependant) -> Iterator[str]:
    for field in dependant.query_params:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):  # one model for all parameters
            yield from (part.alias or name for name, part in kind.model_fields.items())
        else:
            yield field.alias
    for needed in dependant.dependencies:
        yield from _query_names(needed)


def _complete(operation: dict[str, Any], permission: RoutePermission | None) -> None:
    for parameter in operation.get("parameters", []):
        _tell_what_is_required(parameter)
    responses = operation.setdefault("responses", {})
    declared_422 = responses.get("422", {}).get("content", {})
    if "application/problem+json" not in declared_422:
        responses.pop("422", None)
    for status, added in responses_for(*_common_errors(operation, permission)).items():
        entry = responses.setdefault(str(status), added)
        for media_type, content in added["content"].items():
            known = entry.setdefault("content", {}).setdefault(media_type, content)
            known.setdefault("examples", {}).update(
                {
                    code: example
                    for code, example in content["examples"].items()
                    if code not in known["examples"]
                }
            )
    if permission is not None and not permission.is_public:
        roles = ", ".join(f"{role} ({scope})" for role, scope in permission.scope_by_role.items())
        operation["description"] = f"{operation.get('description', '')}\n\nAllowed: {roles}.".strip()
        operation["security"] = _security(permission)


def _drop_stray_limits(part: Any) -> None:
    """Take out ``ge`` and ``le`` beside dates, which no schema knows: JSON's limits are of numbers."""
    if isinstance(part, dict):
        if part.get("format") in ("date", "date-time"):
            part.pop("ge", None)
            part.pop("le", None)
        part = list(part.values())
    if isinstance(part, list):
        for one in part:
            _drop_stray_limits(one)


def _share_problems(document: dict[str, Any]) -> None:
    """Write each problem and each set of problems once: repeated, they are most of the document."""
    examples: dict[str, Any] = {}
    responses: dict[str, Any] = {}
    for operations in document["paths"].values():
        for operation in operations.values():
            for status, response in operation["responses"].items():
                problem = response.get("content", {}).get(PROBLEM_MEDIA_TYPE)
                if problem is None or len(response["content"]) > 1:
                    continue
                for code, example in problem["examples"].items():
                    if examples.setdefault(code, example) == example:
                        problem["examples"][code] = {"$ref": f"#/components/examples/{code}"}
                name = "-".join([status, *sorted(problem["examples"])])
                if responses.setdefault(name, response) == response:
                    operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    document["components"]["examples"] = dict(sorted(examples.items()))
    document["components"]["responses"] = dict(sorted(responses.items()))


def _tell_what_is_required(parameter: dict[str, Any]) -> None:
    """Headers that a route reads itself, to refuse each fault with a code of its own (400, 428)."""
    name = parameter["name"].lower()
    if name == "idempotency-key":
        parameter["required"] = not parameter["schema"].get("x-optional", False)
        parameter["schema"] = {"type": "string", "format": "uuid"}
    elif name == "if-match":
        parameter["required"] = not parameter["schema"].get("x-optional", False)
        parameter["schema"] = {"type": "string", "minLength": 1, "maxLength": 1000}


def _security(permission: RoutePermission) -> list[dict[str, list[str]]]:
    roles = set(permission.scope_by_role)
    security: list[dict[str, list[str]]] = []
    if roles - {STOREFRONT, ANONYMOUS}:
        security.append({"person": []})
    if STOREFRONT in roles:
        security.append({"storefront": []})
    if ANONYMOUS in roles:
        security.append({})
    return security


def _common_errors(operation: Mapping[str, Any], permission: RoutePermission | None) -> list[type[ApiError]]:
    errors: list[type[ApiError]] = [InvalidContent, ApiError, ServiceUnavailable, DatabaseUnavailable]
    if "requestBody" in operation:
        errors += [MalformedRequest, PayloadTooLarge, UnsupportedMediaType]
    if permission is not None and not permission.is_public:
        errors += [Unauthenticated, InvalidToken, InvalidStorefrontKey, Forbidden, CompanyRequired]
    return errors


def _problem_schemas() -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    nested = schema.pop("$defs", {})
    return {"Problem": schema, **nested}
