"""Who may see an imported company."""

from core.errors import StockwiseError
from core.postgres.connect import Connection

_OWNER_ROLES = ("company_admin", "buyer")


def attach_owner(connection: Connection, company_id: str, email: str) -> None:
    """Make a person with an account the company's admin and buyer."""
    found = connection.execute("select user_id from auth_find_user(%s)", (email,)).fetchone()
    if found is None:
        raise StockwiseError(
            f"Nobody has an account with {email}.", hint="Register it first, or leave it out."
        )
    for role in _OWNER_ROLES:
        connection.execute(
            "insert into memberships (company_id, user_id, role) values (%s, %s, %s) on conflict do nothing",
            (company_id, found[0], role),
        )
