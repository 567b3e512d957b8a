"""What `adapter` is where sqlfluff reads dbt's models: no engine is known, so no variant is chosen."""

from collections.abc import Callable


def dispatch(macro: str, namespace: str = "") -> Callable[..., str]:
    """Write the macro as a function of that name, which the linter reads like any other function."""
    return lambda *arguments, **named: f"{macro}({', '.join(map(str, [*arguments, *named.values()]))})"
