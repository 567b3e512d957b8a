"""What can go wrong with accounts and sessions."""

from api.errors import AlreadyExists, Conflict, Forbidden, InvalidContent, Unauthenticated


class WrongLogin(Unauthenticated):
    """One answer for an unknown e-mail, a wrong password and a closed account."""

    code = "wrong_login"
    title = "E-mail or password is wrong"
    detail = "E-mail or password is wrong."


class InvalidRefreshToken(Unauthenticated):
    code = "invalid_refresh_token"
    title = "The refresh token is not valid"
    detail = "The refresh token is unknown, expired or was revoked. Log in again."


class RefreshTokenReused(Unauthenticated):
    code = "refresh_token_reused"
    title = "The refresh token was used before"
    detail = "The refresh token was used before, so all tokens of that login were revoked. Log in again."


class NoPageSession(Unauthenticated):
    code = "no_page_session"
    title = "Nobody is logged in here"
    detail = "There is no page session, or it has ended. Log in at /login."


class NotAMember(Forbidden):
    code = "not_a_member"
    title = "You do not belong to this company"
    detail = "You do not belong to this company, or it does not exist."


class CompanyChoiceRequired(Conflict):
    code = "company_choice_required"
    title = "Which company?"
    detail = "You belong to several companies: name one by its slug."


class CustomerHasOpenOrders(Conflict):
    code = "customer_has_open_orders"
    title = "Orders of this person are open"
    detail = "Complete or cancel the person's open orders first. Nothing was changed."


class AccountExists(AlreadyExists):
    code = "account_exists"
    title = "There is an account already"
    detail = "There is an account with this e-mail address. Log in instead."


class NameTaken(AlreadyExists):
    code = "name_taken"
    title = "It is taken"
    detail = "Another account has this user name or phone number."


class WeakPassword(InvalidContent):
    code = "weak_password"
    title = "The password is not good enough"
    detail = "The password is not good enough."


class UnknownCompany(InvalidContent):
    code = "unknown_company"
    title = "There is no such company"
    detail = "There is no company with this slug."
