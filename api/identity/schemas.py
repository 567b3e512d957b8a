"""Bodies of the routes of accounts and sessions."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from api.carts.merge_schemas import CartMergeRead
from api.identity.passwords import LONGEST_PASSWORD
from api.schemas import InputModel, JsonObject, OutputModel, Slug


def _normalise_email(value: str) -> str:
    """Lower-case and check the form; whether the mailbox exists is for a confirmation to find out."""
    try:
        checked = validate_email(value, check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise ValueError(str(error)) from None
    return checked.normalized.lower()


Email = Annotated[
    str,
    StringConstraints(max_length=254),
    AfterValidator(_normalise_email),
    Field(examples=["ada@example.com"]),
]
PersonName = Annotated[str, StringConstraints(max_length=100)]
UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{3,50}$")]
Phone = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
WebAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$", max_length=2000)]
Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD)]
Token = Annotated[SecretStr, Field(min_length=1, max_length=200)]


class RegisterCreate(InputModel):
    """A new customer of the storefront's company, or of the one that is named."""

    email: Email
    password: Password
    first_name: PersonName = ""
    last_name: PersonName = ""
    username: UserName | None = None
    phone: Phone | None = None
    company: Slug | None = Field(default=None, description="Slug; needed without a storefront key")


class LoginCreate(InputModel):
    """Who wants to log in, and to which company."""

    email: Annotated[str, StringConstraints(min_length=1, max_length=254)]
    password: Password
    company: Slug | None = Field(default=None, description="Slug; needed if you belong to several")


class RefreshCreate(InputModel):
    """The newest refresh token of a login."""

    refresh_token: Token


class LogoutCreate(InputModel):
    """The login to end; that of the access token is ended anyway."""

    refresh_token: Token | None = None


class SwitchCompanyCreate(InputModel):
    """The company to work in from now on."""

    company: Slug


class ProfileUpdate(InputModel):
    """The whole profile, as it shall be from now on."""

    first_name: PersonName
    last_name: PersonName
    username: UserName | None
    phone: Phone | None
    avatar_url: WebAddress | None
    preferences: Annotated[JsonObject, Field(max_length=50)]


class CompanyChoice(OutputModel):
    """A company that a person belongs to, and their roles there."""

    id: UUID
    slug: str
    name: str
    roles: list[str]


class LoginRead(OutputModel):
    """Tokens of a login in one company (none: a super admin on the platform)."""

    access_token: str
    refresh_token: str
    token_type: str
    expires_in: int
    company: CompanyChoice | None
    roles: list[str]
    # What became of the guest's cart that X-Cart-Token named; null if there was none.
    merged_cart: CartMergeRead | None


class ProfileRead(OutputModel):
    """A person's account."""

    id: UUID
    email: str
    username: str | None
    first_name: str
    last_name: str
    phone: str | None
    avatar_url: str | None
    is_email_verified: bool
    preferences: dict[str, Any]
    last_login_at: datetime | None
    created_at: datetime


class TokenRead(OutputModel):
    """What a valid access token says."""

    is_valid: bool
    user_id: UUID
    email: str | None
    company_id: UUID | None
    roles: list[str]
    shop_ids: list[UUID] | None
    customer_id: UUID | None


class PageSessionRead(OutputModel):
    """What a page needs to act for the person whose browser shows it."""

    access_token: str
    token_type: str
    expires_in: int
    profile: ProfileRead
    company: CompanyChoice | None
    companies: list[CompanyChoice]
    roles: list[str]


class ErasureCreate(InputModel):
    """Who asks to be forgotten: a customer, or whoever left this address."""

    customer_id: UUID | None = None
    email: Email | None = None

    @model_validator(mode="after")
    def _names_one_person(self) -> Self:
        if (self.customer_id is None) == (self.email is None):
            raise ValueError("name the person by customer_id or by email")
        return self


class ErasureRead(OutputModel):
    """What was pseudonymised; nothing in it names the person."""

    customer_ids: list[UUID]
    orders_count: int
    closed_accounts_count: int
