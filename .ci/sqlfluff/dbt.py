"""What `dbt` is where sqlfluff reads dbt's models: each of its macros is a function of the same name."""

from collections.abc import Callable


def __getattr__(macro: str) -> Callable[..., str]:
    if macro.startswith("__"):
        raise AttributeError(macro)
    return lambda *arguments, **named: f"{macro}({', '.join(map(str, [*arguments, *named.values()]))})"
