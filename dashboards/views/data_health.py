"""Can we trust the numbers: did the last runs work, do they reconcile, how good are the forecasts?"""

import streamlit as st

from dashboards.data.health import (
    UNKNOWN_TIMEZONE,
    load_accuracy,
    load_recommendation_accuracy,
    load_timezone,
    published_build,
    runs_of,
)
from dashboards.session import require_person
from dashboards.ui.accuracy import show_forecast_accuracy, show_recommendation_accuracy
from dashboards.ui.feed import show_feed, show_volumes
from dashboards.ui.freshness import show_freshness
from dashboards.ui.health import run_rows, show_last_run, step_columns, step_rows
from dashboards.ui.notices import show_nothing_published

person = require_person()
st.title("Can we trust the numbers?")
build = published_build()
timezone = UNKNOWN_TIMEZONE if build is None else load_timezone(person.company_id, build.build_id)
if build is None:
    show_nothing_published()
else:
    show_freshness(build, timezone)
runs = runs_of(person.company_id, is_platform=person.runs_the_platform)
if not runs:
    st.info("No run is on record yet. `stockwise run` makes the first.", icon=":material/hourglass_empty:")
    st.stop()
show_last_run(runs[0])
st.subheader("Did the last runs work?")
st.dataframe(run_rows(runs, timezone), hide_index=True, alt="Last runs, newest first")
with st.expander("Steps of the newest run"):
    st.dataframe(
        step_rows(runs[0]),
        column_config=step_columns(),
        hide_index=True,
        alt="Steps with rows, seconds and memory",
    )
if runs[0].feed is not None:
    show_feed(runs[0].feed, timezone)
st.subheader("Is as much coming in as usual?")
st.caption("Rows of the last whole day beside the same weekday of up to eight weeks before.")
show_volumes(runs[0])
if build is not None:
    st.subheader("Do the forecasts beat the baseline?")
    st.caption("Errors on days the model had not seen; lower is better. The baseline repeats last week.")
    show_forecast_accuracy(load_accuracy(person.company_id, build.build_id))
    st.subheader("Do the recommendations beat the baseline?")
    st.caption("What customers bought next, looked for among ten recommended products; higher is better.")
    show_recommendation_accuracy(load_recommendation_accuracy(person.company_id, build.build_id))
