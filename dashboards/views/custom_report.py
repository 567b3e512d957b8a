"""Which figures do you want, cut by what?"""

import streamlit as st

from dashboards.data.filters import DEFAULT_PERIOD
from dashboards.data.reports import question_of
from dashboards.ui.custom_report import (
    choose_dimensions,
    choose_measures,
    show_chart,
    show_definitions,
    show_files,
    show_left_out,
    show_save,
    show_saved,
    show_totals,
)
from dashboards.ui.notices import show_no_data
from dashboards.ui.page import open_page
from dashboards.ui.page_filters import PERIOD
from dashboards.ui.page_table import columns_of, show_table

MOST_ROWS = 1_000

page = open_page("Which figures do you want, cut by what?")
show_saved(page)
measures = choose_measures()
by = choose_dimensions()
if not measures:
    st.info("Choose at least one figure.", icon=":material/table_chart:")
    st.stop()
known = page.answerable(measures, by)
show_left_out(measures, known, by, has_category=bool(page.chosen.category_ids))
if not known:
    show_definitions(tuple(measures))
    st.stop()
answer = page.ask(known, by, compare=page.chosen.comparison, limit=MOST_ROWS)
if not answer.rows:
    show_no_data(page.facts.first_date, page.facts.last_date, is_filtered=True)
    st.stop()
if by:
    show_totals(page, answer, known)
show_chart(page, answer, by)
show_table(page, answer.rows, columns_of(answer), title="Custom report", key="custom_table")
if answer.has_more:
    st.caption(f"The first {MOST_ROWS:,} rows; the file below holds all.")
show_definitions(tuple(measures))
question = question_of(known, by, page.chosen, period_name=st.session_state.get(PERIOD) or DEFAULT_PERIOD)
show_files(page, question)
show_save(page, question)
