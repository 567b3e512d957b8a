"""Shops and the keys of their storefronts."""

from datetime import UTC, datetime

from core.ids import new_id
from tests.support.api_client import Api, assert_problem
from tests.support.companies import Company


def add_shop(api: Api, company: Company, slug: str) -> str:
    shop_id = new_id()
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into shops (company_id, id, name, slug) values (%s, %s, %s, %s)",
            [company.id, shop_id, slug.title(), slug],
        )
    return str(shop_id)


async def test_shop_roles_see_their_shops_and_others_the_whole_company(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme = two_companies[0]
    second = add_shop(api, acme, "second")
    own = str(acme.shop_id)

    async def seen(role: str) -> list[str]:
        response = await api.client.get("/api/v1/shops", headers=api.token(role, acme))
        return [shop["id"] for shop in response.json()["items"]]

    assert await seen("company_admin") == [own, second]
    assert await seen("buyer") == [own, second]
    assert await seen("shop_staff") == [own]
    staff = api.token("shop_staff", acme)
    assert (await api.client.get(f"/api/v1/shops/{own}", headers=staff)).status_code == 200
    assert_problem(await api.client.get(f"/api/v1/shops/{second}", headers=staff), 404, "not_found")
    unbound = api.token("shop_manager", acme, shop_ids=[])
    assert (await api.client.get("/api/v1/shops", headers=unbound)).json()["items"] == []
    customer = await api.client.get("/api/v1/shops", headers=api.token("customer", acme))
    assert_problem(customer, 403, "forbidden")


async def test_pages_of_shops_neither_skip_nor_repeat(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme = two_companies[0]
    headers = api.token("company_admin", acme)
    wanted = {add_shop(api, acme, f"shop-{number}") for number in range(4)} | {str(acme.shop_id)}
    found: list[str] = []
    query: dict[str, str] = {"limit": "2"}
    for _ in range(3):
        page = (await api.client.get("/api/v1/shops", params=query, headers=headers)).json()
        found += [shop["id"] for shop in page["items"]]
        query["cursor"] = page["next_cursor"] or ""
    assert page["next_cursor"] is None
    assert sorted(found) == sorted(wanted)
    for limit in ("0", "101", "-1", "1.5", "1e9"):
        response = await api.client.get(f"/api/v1/shops?limit={limit}", headers=headers)
        assert_problem(response, 422, "invalid_content")
    for cursor in ("x", "AAAA", "bm8", "%00"):
        response = await api.client.get(f"/api/v1/shops?cursor={cursor}", headers=headers)
        assert response.status_code == 422


async def test_a_key_binds_a_storefront_until_it_is_revoked(
    api: Api, two_companies: tuple[Company, Company]
) -> None:
    acme, bolt = two_companies
    admin = api.token("company_admin", acme)
    path = f"/api/v1/shops/{acme.shop_id}/storefront-keys"
    created = await api.client.post(path, json={"name": "Web shop"}, headers=admin)
    assert created.status_code == 201
    key, key_id = created.json()["key"], created.json()["id"]
    assert created.json()["key_prefix"] == key[:10]
    storefront = {"X-Storefront-Key": key}
    assert (await api.client.get("/api/v1/products", headers=storefront)).status_code == 200

    listed = await api.client.get(path, headers=admin)
    assert [row["name"] for row in listed.json()["items"]] == ["Web shop"]
    assert key not in listed.text
    assert key not in str(api.rows("select * from storefront_keys")) + str(api.rows("select * from events"))

    revoked = await api.client.delete(f"{path}/{key_id}", headers=admin)
    assert revoked.status_code == 204
    # This process remembers the key for some seconds, and not longer.
    gatekeeper = api.app.state.gatekeeper
    gatekeeper.now = lambda: datetime.now(UTC).timestamp() + 16
    gatekeeper.__post_init__()
    refused = await api.client.get("/api/v1/products", headers=storefront)
    assert_problem(refused, 401, "invalid_storefront_key")

    foreign = api.token("company_admin", bolt)
    assert_problem(await api.client.get(path, headers=foreign), 404, "not_found")
    assert_problem(await api.client.post(path, json={"name": "x"}, headers=foreign), 404, "not_found")
    assert_problem(await api.client.delete(f"{path}/{key_id}", headers=foreign), 404, "not_found")
    assert_problem(await api.client.delete(f"{path}/{new_id()}", headers=admin), 404, "not_found")
    assert_problem(await api.client.post(path, json={"name": ""}, headers=admin), 422, "invalid_content")
    manager = api.token("shop_manager", acme)
    assert_problem(await api.client.post(path, json={"name": "x"}, headers=manager), 403, "forbidden")


async def test_a_shop_has_a_limited_number_of_keys(api: Api, two_companies: tuple[Company, Company]) -> None:
    acme = two_companies[0]
    with api.database.connect("owner") as owner:
        owner.execute(
            "insert into storefront_keys (company_id, shop_id, name, key_prefix, key_sha256)"
            " select %s, %s, 'k', 'k', uuid_send(gen_random_uuid()) from generate_series(1, 20)",
            [acme.id, acme.shop_id],
        )
    response = await api.client.post(
        f"/api/v1/shops/{acme.shop_id}/storefront-keys",
        json={"name": "one more"},
        headers=api.token("company_admin", acme),
    )
    assert_problem(response, 409, "too_many_keys")
