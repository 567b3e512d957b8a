"""Users, their roles and sessions (platform), and the customers of a company (tenant)."""

import sqlalchemy as sa

from core.postgres.metadata import (
    AMOUNT,
    INSTANT,
    NOW,
    UUID,
    created_at,
    flag,
    json_object,
    metadata,
    one_of,
    tenant_key,
    tenant_table,
    updated_at,
)

COMPANY_ROLES = ("company_admin", "shop_manager", "shop_staff", "customer", "buyer")
PLATFORM_ROLES = ("super_admin",)

users = sa.Table(
    "users",
    metadata,
    sa.Column("id", UUID, primary_key=True, server_default=sa.text("uuidv7()")),
    sa.Column("email", sa.Text, nullable=False),
    sa.Column("username", sa.Text),
    sa.Column("password_hash", sa.Text, nullable=False),
    sa.Column("first_name", sa.Text, nullable=False, server_default=""),
    sa.Column("last_name", sa.Text, nullable=False, server_default=""),
    sa.Column("phone", sa.Text),
    sa.Column("avatar_url", sa.Text),
    flag("is_email_verified", default=False),
    flag("is_active", default=True),
    sa.Column("last_login_at", INSTANT),
    json_object("preferences"),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("email"),
    sa.UniqueConstraint("username"),
    sa.UniqueConstraint("phone"),
    sa.CheckConstraint("email = lower(email) and position('@' in email) > 1", name="email_lower"),
    sa.CheckConstraint(r"phone ~ '^\+[1-9][0-9]{6,14}$'", name="phone_e164"),
    info={"tenant": False, "fed": False},
)

roles = sa.Table(
    "roles",
    metadata,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("description", sa.Text, nullable=False),
    flag("is_platform", default=False),
    created_at(),
    info={"tenant": False, "fed": False},
)

platform_roles = sa.Table(
    "platform_roles",
    metadata,
    sa.Column("user_id", UUID, sa.ForeignKey("users.id"), nullable=False),
    sa.Column("role", sa.Text, sa.ForeignKey("roles.name"), nullable=False),
    sa.Column("assigned_at", INSTANT, nullable=False, server_default=NOW),
    sa.PrimaryKeyConstraint("user_id", "role"),
    info={"tenant": False, "fed": False},
)

sessions = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", UUID, primary_key=True, server_default=sa.text("uuidv7()")),
    sa.Column("family_id", UUID, nullable=False, index=True),
    sa.Column("user_id", UUID, sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("company_id", UUID, sa.ForeignKey("companies.id")),
    sa.Column("refresh_token_sha256", sa.LargeBinary, nullable=False),
    sa.Column("issued_at", INSTANT, nullable=False, server_default=NOW),
    sa.Column("expires_at", INSTANT, nullable=False, index=True),
    sa.Column("rotated_at", INSTANT),
    sa.Column("revoked_at", INSTANT),
    sa.Column("revoked_reason", sa.Text),
    sa.Column("ip_address", sa.Text),
    sa.Column("user_agent", sa.Text),
    sa.UniqueConstraint("refresh_token_sha256"),
    info={"tenant": False, "fed": False},
)

memberships = tenant_table(
    "memberships",
    sa.Column("user_id", UUID, sa.ForeignKey("users.id"), nullable=False, index=True),
    sa.Column("role", sa.Text, sa.ForeignKey("roles.name"), nullable=False),
    one_of("role", COMPANY_ROLES),
    sa.Column("approval_limit_amount", AMOUNT),
    flag("is_active", default=True),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "user_id", "role"),
    fed=False,
)

membership_shops = tenant_table(
    "membership_shops",
    tenant_key("memberships", "membership_id"),
    tenant_key("shops", "shop_id"),
    created_at(),
    keys=("membership_id", "shop_id"),
    fed=False,
)

customers = tenant_table(
    "customers",
    sa.Column("user_id", UUID, sa.ForeignKey("users.id"), index=True),
    sa.Column("email", sa.Text),
    sa.Column("external_code", sa.Text),
    sa.Column("first_name", sa.Text),
    sa.Column("last_name", sa.Text),
    sa.Column("phone", sa.Text),
    sa.Column("country", sa.Text),
    json_object("preferences"),
    flag("accepts_marketing", default=False),
    sa.Column("pseudonymised_at", INSTANT),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    sa.UniqueConstraint("company_id", "user_id"),
    sa.UniqueConstraint("company_id", "email"),
    sa.UniqueConstraint("company_id", "external_code"),
    sa.CheckConstraint("email = lower(email)", name="email_lower"),
)
