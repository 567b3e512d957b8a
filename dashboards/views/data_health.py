"""Can we trust the numbers: did the last runs work, do they reconcile, how good are the forecasts?"""

import streamlit as st

from core.runs import RunRecord
from dashboards.data.health import load_accuracy, load_recommendation_accuracy, published_build, runs_of
from dashboards.session import require_person
from dashboards.ui.freshness import show_freshness, show_nothing_published
from dashboards.ui.health import accuracy_columns, reconciliation_rows, run_rows, step_rows, test_rows

TIMEZONE = "UTC"


def _show_last_run(run: RunRecord) -> None:
    if run.status == "failed":
        st.error(
            f"The last run failed at **{run.failed_step}**: {run.reason}"
            " Readers still get the build before it.",
            icon=":material/error:",
        )
    for alarm in run.alarms:
        st.warning(alarm, icon=":material/notification_important:")
    reconciliation, tests = st.columns(2)
    differing = [line for line in run.reconciliation if not line.is_equal]
    failing = [test for test in run.tests if test.status == "failed"]
    reconciliation.subheader("Reconciliation with the order system")
    if run.reconciliation:
        word = f"{len(differing)} differ" if differing else "all equal"
        reconciliation.metric("Tables compared", f"{len(run.reconciliation)} · {word}", border=True)
        reconciliation.dataframe(
            reconciliation_rows(run), hide_index=True, alt="Rows, units and cents by table"
        )
    else:
        reconciliation.info("This run did not get as far as the comparison.")
    tests.subheader("Data tests")
    tests.metric("Tests", f"{len(run.tests)} · {len(failing)} failed", border=True)
    tests.dataframe(test_rows(run), hide_index=True, alt="Data tests, failed ones first")


person = require_person()
st.title("Can we trust the numbers?")
build = published_build()
if build is None:
    show_nothing_published()
else:
    show_freshness(build, TIMEZONE)
runs = runs_of(person.company_id)
if not runs:
    st.info("No run is on record yet. `stockwise run` makes the first.", icon=":material/hourglass_empty:")
    st.stop()
_show_last_run(runs[0])
st.subheader("Last runs")
st.dataframe(run_rows(runs), hide_index=True, alt="Last runs, newest first")
with st.expander("Steps of the newest run"):
    st.dataframe(step_rows(runs[0]), hide_index=True, alt="Steps with rows, seconds and memory")
if build is not None:
    st.subheader("Model accuracy against the baseline")
    st.caption("WAPE: mean error as a share of demand, on days the model had not seen. Lower is better.")
    accuracy = load_accuracy(person.company_id, build.build_id)
    st.dataframe(
        accuracy, column_config=accuracy_columns(), hide_index=True, alt="Forecast accuracy by model"
    )
    recommendations = load_recommendation_accuracy(person.company_id, build.build_id)
    if recommendations:
        st.caption(
            "Recommendations: share of the next purchases found in ten places (recall), ranked (NDCG)."
        )
        st.dataframe(recommendations, hide_index=True, alt="Recommendation accuracy by method")
