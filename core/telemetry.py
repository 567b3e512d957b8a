"""Nothing of what a user does here is sent to anyone: the libraries' own reporting is switched off.

Called before the libraries are imported, because some of them read their switch at import.
"""

import os

_SWITCHES = {
    "DO_NOT_TRACK": "1",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
    "STREAMLIT_SERVER_SHOW_EMAIL_PROMPT": "false",
}


def switch_telemetry_off() -> None:
    """Switch reporting off for this process and those it starts."""
    os.environ.update(_SWITCHES)
