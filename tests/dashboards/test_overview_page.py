"""The overview page: its numbers, its filters, and what it says when there are none."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from tests.support.pages import Pages, figure, words
from tests.support.published import publish, small_plan

ADMIN = "company_admin@acme.example"


def test_the_figures_are_the_apis_and_a_hand_calculations(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = pages.open()
    assert at.title[0].value == "How are sales going?"
    # 1 + 2 + … + 20 units at 10.00 with a cost of 6.00, one order a day.
    assert figure(at, "Net sales") == "2,100"
    assert figure(at, "Orders") == "20"
    assert figure(at, "Average order value") == "105.00"
    assert figure(at, "Gross margin") == "840.00"
    totals = pages.report("dashboard")["totals"]
    assert (totals["net_sales_amount"], totals["orders_count"]) == ("2100.00", 20)
    assert totals["margin_amount"] == "840.00"


def test_a_shorter_period_is_compared_with_the_days_before_it(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = pages.open(period="7 days")
    said = pages.report("dashboard", **{"from": "2026-11-14", "to": "2026-11-20"})
    # 14 + … + 20 = 119 units now, 7 + … + 13 = 70 before.
    assert figure(at, "Net sales") == "1,190"
    assert said["totals"]["net_sales_amount"] == "1190.00"
    assert said["previous_totals"]["net_sales_amount"] == "700.00"
    (change,) = (metric.delta for metric in at.metric if metric.label == "Net sales")
    assert change == "+70.0%"
    assert "2026-11-14 to 2026-11-20, compared with 2026-11-07 to 2026-11-13" in words(at)


def test_days_without_a_sale_are_days_on_the_page_as_in_the_api(unpublished: Pages) -> None:
    plan = small_plan(unpublished.acme)
    (company,) = plan["srv_company"]
    until = datetime(2026, 11, 22, 12, tzinfo=UTC)
    quiet = {**plan, "srv_company": [{**company, "horizon_date": until.date()}]}
    publish(unpublished.settings, {unpublished.acme: quiet}, horizon_at=until)
    unpublished.log_in(ADMIN)
    at = unpublished.open(period="7 days")
    # 16 + … + 20 = 90 units, then two days of nothing.
    assert "2026-11-16 to 2026-11-22" in words(at)
    assert figure(at, "Net sales") == "900.00"
    assert unpublished.report("dashboard")["period"]["last_date"] == "2026-11-22"


def test_sellers_are_named_before_their_codes(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = pages.open()
    best = at.dataframe[1].value
    assert best.iloc[0][["product_name", "sku", "units"]].tolist() == ["Thing", "SKU-1", 210]


def test_every_figure_carries_its_definition(pages: Pages) -> None:
    pages.log_in(ADMIN)
    at = pages.open()
    helps = {metric.label: metric.help for metric in at.metric}
    assert "before returns" in helps["Net sales"]
    assert "Exactly 2,100.00 EUR. Period before: 0.00 EUR." in helps["Net sales"]


def test_nothing_published_says_what_to_do(unpublished: Pages) -> None:
    unpublished.log_in(ADMIN)
    for page in ("overview", "restock", "data_health"):
        at = unpublished.open(page)
        assert "Run `stockwise run`" in words(at)
        assert not at.error


def test_a_build_without_the_company_is_no_failure(
    unpublished: Pages, publish_again: Callable[..., None]
) -> None:
    publish_again(unpublished)
    folder = unpublished.settings.published_folder / "build-1"
    (folder / f"{unpublished.acme.id}.duckdb").unlink()
    unpublished.log_in(ADMIN)
    for page in ("overview", "restock", "data_health"):
        assert not unpublished.open(page).error
    assert "No numbers are published yet" in words(unpublished.open("overview"))


def test_old_numbers_are_called_late(unpublished: Pages, publish_again: Callable[..., None]) -> None:
    publish_again(unpublished, horizon_at=datetime.now(UTC) - timedelta(days=3))
    unpublished.log_in(ADMIN)
    for page in ("overview", "restock", "data_health"):
        at = unpublished.open(page)
        (warning,) = at.warning
        assert "3 days ago" in warning.value
        assert "Late" in warning.value
        assert "build build-1" in warning.value


def test_a_day_that_is_not_over_is_marked(unpublished: Pages, publish_again: Callable[..., None]) -> None:
    publish_again(unpublished, horizon_at=datetime(2026, 11, 20, 15, 0, tzinfo=UTC))
    unpublished.log_in(ADMIN)
    assert "2026-11-20 is not over" in words(unpublished.open())
    publish_again(unpublished, build_id="build-2", horizon_at=datetime(2026, 11, 21, 0, 30, tzinfo=UTC))
    assert "is not over" not in words(unpublished.open())


def test_a_new_build_shows_without_a_new_login(pages: Pages, publish_again: Callable[..., None]) -> None:
    pages.log_in("company_admin@bolt.example")
    at = pages.open()
    assert figure(at, "Net sales") == "21,000"
    publish_again(pages, build_id="build-2", factor=20)
    assert figure(at.run(), "Net sales") == "42,000"
    assert "build-2" in words(at)
