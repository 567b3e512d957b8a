"""The people who can log in to the demo."""

from dataclasses import dataclass

from pwdlib import PasswordHash

from core.postgres.connect import Connection
from pipelines.demo.catalogue import CompanyPlan
from pipelines.demo.master_rows import DEMO_EPOCH_MS
from pipelines.demo.report import DemoLogin
from pipelines.imports.stable_ids import stable_id

DEMO_PASSWORD = "Stockwise-demo-1"  # public on purpose; `generate` refuses to run in production
SUPER_ADMIN_EMAIL = "admin@stockwise.example"
_APPROVAL_LIMIT_UNITS = 5_000
_JPY_PER_UNIT = 150


@dataclass(frozen=True)
class StaffMember:
    """A person with one role in one company."""

    user_id: str
    email: str
    role: str
    first_name: str
    last_name: str


def staff_of(plan: CompanyPlan) -> tuple[StaffMember, ...]:
    """Return the admin, the manager and the buyer of a company, in this order."""
    jobs = (("admin", "company_admin"), ("manager", "shop_manager"), ("buyer", "buyer"))
    return tuple(
        StaffMember(
            user_id=stable_id("demo|user", f"{job}@{plan.slug}", DEMO_EPOCH_MS),
            email=f"{job}@{plan.slug}.example",
            role=role,
            first_name=plan.first_names[place],
            last_name=plan.last_names[place],
        )
        for place, (job, role) in enumerate(jobs)
    )


def logins(plans: tuple[CompanyPlan, ...]) -> tuple[DemoLogin, ...]:
    """Return everybody's login, the super admin's last."""
    staff = [
        DemoLogin(person.email, DEMO_PASSWORD, person.role, plan.slug)
        for plan in plans
        for person in staff_of(plan)
    ]
    return (*staff, DemoLogin(SUPER_ADMIN_EMAIL, DEMO_PASSWORD, "super_admin", None))


def create_user(connection: Connection, person: StaffMember) -> str:
    """Make the user unless the address has one, and return the id it has."""
    found = connection.execute("select user_id::text from auth_find_user(%s)", (person.email,)).fetchone()
    if found is not None:
        return str(found[0])
    connection.execute(
        "select auth_create_user(%s, %s, %s, %s, %s, null, null)",
        (
            person.user_id,
            person.email,
            PasswordHash.recommended().hash(DEMO_PASSWORD),
            person.first_name,
            person.last_name,
        ),
    )
    connection.execute("select set_config('app.user_id', %s, true)", (person.user_id,))
    connection.execute("update users set is_email_verified = true where id = %s", (person.user_id,))
    return person.user_id


def create_super_admin(connection: Connection) -> str:
    """Make the super admin's user; the role is the owner's to give."""
    person = StaffMember(
        stable_id("demo|user", SUPER_ADMIN_EMAIL, DEMO_EPOCH_MS),
        SUPER_ADMIN_EMAIL,
        "super_admin",
        "Sam",
        "Keeper",
    )
    return create_user(connection, person)


def grant_super_admin(owner: Connection, user_id: str) -> None:
    """Give the platform role; ``owner`` is a connection of the role that owns the tables."""
    owner.execute(
        "insert into platform_roles (user_id, role) values (%s, 'super_admin') on conflict do nothing",
        (user_id,),
    )


def add_memberships(connection: Connection, plan: CompanyPlan, company_id: str, shop_ids: list[str]) -> None:
    """Bind the company's staff to it; the manager to each of its shops."""
    limit = _APPROVAL_LIMIT_UNITS * (_JPY_PER_UNIT if plan.minor_units == 1 else 1)
    for person in staff_of(plan):
        membership_id = stable_id("demo|membership", person.email, DEMO_EPOCH_MS)
        connection.execute(
            "insert into memberships (company_id, id, user_id, role, approval_limit_amount)"
            " select %s, %s, user_id, %s, %s from auth_find_user(%s)",
            (company_id, membership_id, person.role, limit if person.role == "buyer" else None, person.email),
        )
        if person.role == "shop_manager":
            connection.cursor().executemany(
                "insert into membership_shops (company_id, membership_id, shop_id) values (%s, %s, %s)",
                [(company_id, membership_id, shop_id) for shop_id in shop_ids],
            )
