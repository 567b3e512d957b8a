"""What Dagster loads, with the settings of the process that loads it."""

from core.settings import load_settings
from pipelines.orchestration import make_definitions

definitions = make_definitions(load_settings())
