"""Log in, see why, approve: in a real browser, against the real commands."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from tests.support.commands import Home, open_home
from tests.support.companies import Company, add_company
from tests.support.published import publish, small_plan
from tests.support.visitors import PASSWORD, add_visitor

pytestmark = pytest.mark.browser

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ACME_BUYER, BOLT_BUYER, ACME_ADMIN = "buyer@acme.example", "buyer@bolt.example", "admin@acme.example"
PATIENCE = 60_000


@dataclass(frozen=True)
class Site:
    """API and dashboards as a user meets them, over two companies with a published plan each."""

    home: Home
    acme: Company
    bolt: Company
    api: str
    pages: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with self.home.database.connect("owner") as owner:
            return owner.execute(sql).fetchall()  # type: ignore[call-overload,no-any-return]


@pytest.fixture(scope="module")
def site() -> Iterator[Site]:
    """Serve both commands over one home for all journeys."""
    with open_home() as home:
        with home.database.connect("owner") as owner:
            acme, bolt = add_company(owner, "acme"), add_company(owner, "bolt")
            add_visitor(owner, ACME_BUYER, {acme: "buyer"})
            add_visitor(owner, ACME_ADMIN, {acme: "company_admin"})
            add_visitor(owner, BOLT_BUYER, {bolt: "buyer"})
        plans = {company: small_plan(company) for company in (acme, bolt)}
        publish(home.settings, plans)
        api = f"http://127.0.0.1:{home.settings.api_port}"
        pages = f"http://127.0.0.1:{home.settings.dashboards_port}"
        with (
            home.serving("serve", address=f"{api}/health"),
            home.serving("dashboards", address=f"{pages}/_stcore/health"),
        ):
            yield Site(home, acme, bolt, api, pages)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium with a profile of its own."""
    assert CHROMIUM is not None, "Chromium is missing: apt-get install chromium"
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A visitor without cookies, whose browser may reach this machine alone."""
    visitor = browser.new_context(viewport={"width": 1400, "height": 1400})
    visitor.set_default_timeout(PATIENCE)
    yield visitor
    visitor.close()


def log_in(context: BrowserContext, site: Site, email: str) -> Page:
    """Come to the pages as a stranger, follow the link, fill in the form."""
    page = context.new_page()
    page.goto(site.pages)
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("E-mail").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site.pages}/**")
    return page


def cell(page: Page, text: str) -> Locator:
    """Find a cell of a table; tables are drawn, and told to screen readers inside the drawing."""
    return page.locator("canvas [role=gridcell]", has_text=text)


def test_a_buyer_approves_and_the_restock_order_exists(context: BrowserContext, site: Site) -> None:
    page = log_in(context, site, ACME_BUYER)
    expect(page.get_by_role("heading", name="What should we order today?")).to_be_visible(timeout=PATIENCE)
    expect(page).to_have_title("Restock · Stockwise")
    expect(page.get_by_test_id("stVegaLiteChart")).to_have_count(2, timeout=PATIENCE)
    expect(page.get_by_test_id("stVegaLiteChart").locator("canvas, svg").first).to_be_visible()
    expect(page.get_by_text("Why 24 units?")).to_be_visible()
    expect(page.get_by_test_id("stTable")).to_contain_text("= Suggested order")

    page.get_by_test_id("stBaseButton-primary").dblclick()
    done = page.get_by_text("Approved: 24 units on restock order")
    expect(done).to_be_visible(timeout=PATIENCE)
    ((number, status, units),) = site.rows(
        "select restock_number, restock_orders.status, ordered_units from restock_orders"
        " inner join restock_order_lines on restock_orders.id = restock_order_id"
    )
    assert (status, units) == ("approved", 24)
    expect(done).to_contain_text(number)
    expect(cell(page, f"✓ {number}")).to_have_count(1)

    page.reload()
    expect(done).to_be_visible(timeout=PATIENCE)
    expect(cell(page, f"✓ {number}")).to_have_count(1)

    login = httpx.post(
        f"{site.api}/api/v1/auth/login", json={"email": ACME_BUYER, "password": PASSWORD}, trust_env=False
    ).json()
    orders = httpx.get(
        f"{site.api}/api/v1/restock-orders",
        headers={"Authorization": f"Bearer {login['access_token']}"},
        trust_env=False,
    ).json()
    assert [order["restock_number"] for order in orders["items"]] == [number]


def test_another_company_sees_its_own_line_still_open(context: BrowserContext, site: Site) -> None:
    page = log_in(context, site, BOLT_BUYER)
    expect(page.get_by_test_id("stBaseButton-primary")).to_be_enabled(timeout=PATIENCE)
    expect(cell(page, "○ open")).to_have_count(1)
    assert "Acme" not in page.inner_text("body")
    for (number,) in site.rows("select restock_number from restock_orders"):
        assert number not in page.content()


def test_links_keep_page_and_filters_and_nothing_else_is_asked(context: BrowserContext, site: Site) -> None:
    asked: set[str] = set()
    context.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
    page = log_in(context, site, ACME_ADMIN)
    expect(page.get_by_role("heading", name="How are sales going?")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("combobox", name="Period").click()
    page.get_by_role("option", name="7 days").click()
    page.wait_for_url("**/overview?period=7*")
    net_sales = page.get_by_test_id("stMetric").filter(has_text="Net sales")
    expect(net_sales).to_contain_text("1,190", timeout=PATIENCE)
    page.reload()
    expect(net_sales).to_contain_text("1,190", timeout=PATIENCE)
    assert asked - {""} == {"127.0.0.1"}


def test_picking_a_row_goes_down_and_the_filters_come_along(context: BrowserContext, site: Site) -> None:
    page = log_in(context, site, ACME_ADMIN)
    expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=PATIENCE)
    page.get_by_role("combobox", name="Period").click()
    page.get_by_role("option", name="7 days").click()
    page.wait_for_url("**/overview?period=7*")
    page.get_by_role("link", name="Sales", exact=True).click()
    page.wait_for_url("**/sales?period=7*")
    expect(cell(page, "Home > Kitchen")).to_have_count(1, timeout=PATIENCE)
    pick_first_row(page)
    page.wait_for_url("**/sales?*category=Home*")
    expect(page.get_by_test_id("stMetric").filter(has_text="Net sales")).to_contain_text("1,190")
    expect(cell(page, "Thing")).to_have_count(1, timeout=PATIENCE)
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV").last.click()
    header, row = download.value.path().read_text().splitlines()
    assert (header.split(",")[:3], row.split(",")[:3]) == (
        ["product_name", "sku", "net_sales_amount"],
        ["Thing", "SKU-1", "1190.00"],
    )
    pick_first_row(page)
    page.wait_for_url("**/products?*product=*")
    expect(page.get_by_text("What is left of it?")).to_be_visible(timeout=PATIENCE)
    page.reload()
    expect(page.get_by_test_id("stMetric").filter(has_text="Units sold")).to_contain_text(
        "119", timeout=PATIENCE
    )


def pick_first_row(page: Page) -> None:
    """Tick the first row of the last table; it is drawn on a canvas, so by its place."""
    table = page.get_by_test_id("stDataFrame").last
    table.scroll_into_view_if_needed()
    table.click(position={"x": 20, "y": 52})


def test_pages_fit_a_phone_and_follow_the_dark_scheme(browser: Browser, site: Site) -> None:
    visitor = browser.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    visitor.set_default_timeout(PATIENCE)
    page = log_in(visitor, site, ACME_ADMIN)
    for view in ("overview", "sales", "products"):
        page.goto(f"{site.pages}/{view}")
        expect(page.get_by_test_id("stMetric").first).to_be_visible(timeout=PATIENCE)
        expect(page.get_by_test_id("stDataFrame").last).to_be_visible(timeout=PATIENCE)
        found = page.evaluate(
            """() => {
                const main = document.querySelector('[data-testid=stMain]');
                const cut = [...document.querySelectorAll('[data-testid=stMetricValue]')]
                    .filter((value) => value.scrollWidth > value.clientWidth + 1);
                const paper = getComputedStyle(document.querySelector('[data-testid=stApp]'));
                return [main.scrollWidth, cut.length, paper.backgroundColor.match(/[0-9]+/g).map(Number)];
            }"""
        )
        width, cut, colour = found
        assert width <= 390, f"{view} scrolls sideways"
        assert cut == 0, f"{view} cuts figures"
        assert max(colour[:3]) < 64, f"{view} is not dark"
    visitor.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_chosen_of_several_and_titles_can_be_read(browser: Browser, site: Site, scheme: Any) -> None:
    """WCAG asks for a contrast of 4.5:1 between letters and what is behind them; no card cuts its title."""
    visitor = browser.new_context(viewport={"width": 1400, "height": 1400}, color_scheme=scheme)
    visitor.set_default_timeout(PATIENCE)
    page = log_in(visitor, site, ACME_ADMIN)
    chosen = page.locator("button[data-variant][data-selected]").first
    expect(chosen).to_be_visible(timeout=PATIENCE)
    letters, tint, paper = chosen.evaluate(
        """(button) => [
            getComputedStyle(button.querySelector('p')).color,
            getComputedStyle(button).backgroundColor,
            getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor,
        ].map((colour) => colour.match(/[0-9.]+/g).map(Number))"""
    )
    share = tint[3] if len(tint) > 3 else 1.0
    behind = [share * over + (1 - share) * under for over, under in zip(tint[:3], paper[:3], strict=True)]
    brighter, darker = sorted((luminance(letters[:3]), luminance(behind)), reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= 4.5
    page.goto(f"{site.pages}/customers")
    titles = page.get_by_test_id("stMetricLabel")
    expect(titles.filter(has_text="365 days")).to_be_visible(timeout=PATIENCE)
    cut = titles.locator("*").evaluate_all(
        "(parts) => parts.filter((part) => part.scrollWidth > part.clientWidth + 1)"
        ".map((part) => part.innerText)"
    )
    assert cut == []
    visitor.close()


def luminance(colour: list[float]) -> float:
    """Relative luminance as in WCAG 2.2, of red, green and blue from 0 to 255."""
    parts = [part / 255 for part in colour]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def test_logging_out_needs_a_new_login(context: BrowserContext, site: Site) -> None:
    page = log_in(context, site, ACME_ADMIN)
    page.get_by_role("link", name="Log out").click()
    page.get_by_role("button", name="Log out").click()
    page.wait_for_url(f"{site.api}/login")
    page.goto(f"{site.pages}/restock")
    expect(page.get_by_text("Log in to see your shops' numbers.")).to_be_visible(timeout=PATIENCE)
    assert "Thing" not in page.inner_text("body")
