"""The demo from an empty folder to a running product, with one order that travels the whole way."""

from datetime import UTC, datetime

from core.errors import StockwiseError
from core.postgres.ready import open_ready_server
from core.postgres.server import Server
from core.processes import Services
from core.progress import Progress
from core.settings import Settings, child_environment
from core.terminal import Terminal
from pipelines.demo.first_order import place_order
from pipelines.demo.generate import generate
from pipelines.run import run_round

STARTUP_SECONDS = 60


def run_demo(settings: Settings, terminal: Terminal, *, seed: int, is_serving: bool) -> None:
    """Make the shops, go round once, serve, place one order over HTTP and go round again.

    A second start finds everything made and only serves it.
    """
    done = settings.home / "demo.json"  # written last: a demo that was cut short goes on where it can
    is_first = not done.exists()
    progress = terminal.progress()
    with (
        open_ready_server(settings) as server,
        Services(child_environment(settings), settings.logs_folder) as services,
    ):
        shops = generate(settings, seed=seed, progress=progress)
        if is_first:
            _publish(settings, server, progress)
        dashboards_url = f"http://{settings.dashboards_host}:{settings.dashboards_port}"
        services.start("api", ["serve"], health_url=f"{settings.api_url}/health")
        services.start("dashboards", ["dashboards"], health_url=f"{dashboards_url}/_stcore/health")
        services.start("worker", ["worker"])
        with progress.step("starting API and dashboards"):
            services.wait_until_ready(timeout_seconds=STARTUP_SECONDS)
        if is_first:
            order_number = place_order(settings, shops)
            _publish(settings, server, progress)
            terminal.message(f"Order {order_number} came in through the API and is in the dashboards now.")
            done.write_text(f'{{"done_at": "{datetime.now(tz=UTC).isoformat()}"}}\n', encoding="utf-8")
        terminal.text(f"Dashboards  {dashboards_url}")
        terminal.text(f"API         {settings.api_url}/api/v1/openapi.json")
        for login in shops.logins:
            terminal.text(f"Login       {login.email}  {login.password}  ({login.role})")
        for number, idea in enumerate(shops.things_to_try, start=1):
            terminal.text(f"Try {number}       {idea}")
        if is_serving:
            terminal.message("Ctrl-C ends it; the next start takes seconds.")
            services.wait()


def _publish(settings: Settings, server: Server, progress: Progress) -> None:
    result = run_round(settings, server=server, progress=progress)
    if not result.ok:
        raise StockwiseError(f"The round failed: {result.reason}", hint="Look at it with: stockwise doctor")
