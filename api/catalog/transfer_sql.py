"""The statements that load a batch of product rows: all rows at once, whatever their number."""

from __future__ import annotations

from typing import Final

from api.catalog.transfer_columns import PRODUCT_COLUMNS, VARIANT_COLUMNS, Column

STAGED: Final = (
    "line",
    "sku",
    "product_sku",
    "made_slug",
    "category",
    "shop",
    *(column.name for column in (*PRODUCT_COLUMNS, *VARIANT_COLUMNS)),
)
_TYPES: Final = {column.name: column.type for column in (*PRODUCT_COLUMNS, *VARIANT_COLUMNS)}


def _staged_columns() -> str:
    typed = ", ".join(
        f"{name} {_TYPES.get(name, 'integer' if name == 'line' else 'text')}" for name in STAGED
    )
    return (
        f"{typed}, category_id uuid, shop_id uuid, product_id uuid, variant_id uuid, owner_id uuid,"
        " known_shop_id uuid, slug_in_file text, is_new_product boolean, is_first boolean, reason text,"
        " is_product_changed boolean default false, is_variant_changed boolean default false"
    )


CREATE: Final = f"create temporary table import_rows ({_staged_columns()}) on commit drop"
COPY: Final = f"copy import_rows ({', '.join(STAGED)}) from stdin"
LOCK_IMPORTS: Final = (
    "select pg_advisory_xact_lock(hashtextextended('product import ' || cast(:company_id as text), 0))"
)

# What the file names, by its keys. `known_shop_id` is the shop of a product that is there.
RESOLVE: Final = """
    update import_rows as staged set
        category_id = (
            select id from categories
            where company_id = :company_id and slug = staged.category and archived_at is null
        ),
        shop_id = (
            select id from shops
            where company_id = :company_id and slug = staged.shop and archived_at is null
        ),
        product_id = product.id,
        known_shop_id = product.shop_id,
        is_new_product = product.id is null,
        slug_in_file = coalesce(staged.slug, case when product.id is null then staged.made_slug end),
        variant_id = variant.id,
        owner_id = variant.product_id
    from import_rows as again
    left join products as product on product.company_id = :company_id and product.sku = again.product_sku
    left join variants as variant on variant.company_id = :company_id and variant.sku = again.sku
    where again.line = staged.line
"""
# Rows are joined as sets. A company that is new to the statistics seems to have one product, and then each
# staged row would be compared with all that it has.
JOIN_SETS: Final = "set local enable_nestloop = off"
# One statement writes thousands of products, on a slow machine in more than a request's seconds.
TAKE_TIME: Final = "set local statement_timeout = '60min'"
RENEW_STATISTICS: Final = "select catalogue_renew_statistics()"
INDEX: Final = ("create index on import_rows (line)", "analyze import_rows")
# Nobody changes a product or its variants between what is checked and what is written.
LOCK_PRODUCTS: Final = """
    select id from products
    where company_id = :company_id and id in (select product_id from import_rows)
    order by id for update
"""

_FITS = """
    (
        select count(*) from jsonb_array_elements(coalesce(staged.product_options, product.options)) as option
        where (option -> 'values') ? (staged.options ->> (option ->> 'name'))
    ) = jsonb_array_length(coalesce(staged.product_options, product.options, '[]'))
    and (
        select count(*) from jsonb_object_keys(staged.options)
    ) = jsonb_array_length(coalesce(staged.product_options, product.options, '[]'))
"""
# The first reason that holds is the one that is told.
REFUSE: Final = f"""
    with checked as (
        select
            staged.line,
            case
                when staged.category is not null and staged.category_id is null
                    then 'category: there is no such category'
                when staged.shop is not null and staged.shop_id is null then 'shop: there is no such shop'
                when not staged.is_new_product and staged.shop is not null
                    and staged.shop_id is distinct from staged.known_shop_id
                    then 'shop: a product stays in its shop'
                when cast(:shop_ids as uuid []) is not null and not coalesce(
                    case when staged.is_new_product then staged.shop_id else staged.known_shop_id end
                    = any(cast(:shop_ids as uuid [])), false
                ) then 'shop: your role changes products of your own shops only'
                when staged.owner_id is distinct from staged.product_id and staged.variant_id is not null
                    then 'sku: it belongs to another product'
                when staged.is_new_product and (staged.name is null or staged.price_amount is null)
                    then 'a new product needs name and price_amount'
                when coalesce(staged.sale_price_amount, product.sale_price_amount)
                    >= coalesce(staged.price_amount, product.price_amount)
                    then 'sale_price_amount: it is not below the price'
                when least(
                    coalesce(staged.sale_price_amount, product.sale_price_amount),
                    coalesce(staged.price_amount, product.price_amount)
                ) + coalesce(staged.price_modifier_amount, variant.price_modifier_amount, 0) < 0
                    then 'price_modifier_amount: it would cost less than nothing'
                when slug_holder.sku <> staged.product_sku then 'slug: another product has it'
                when barcode_holder.sku <> staged.product_sku then 'barcode: another product has it'
                when variant_barcode_holder.sku <> staged.sku then 'variant_barcode: another variant has it'
                when staged.options <> '{{}}' and jsonb_array_length(
                    coalesce(staged.product_options, product.options, '[]')
                ) > 0 and not ({_FITS})
                    then 'options: a variant chooses one value of each option of its product'
                when options_holder.sku <> staged.sku then 'options: another variant has the same'
            end as reason
        from import_rows as staged
        left join products as product on product.company_id = :company_id and product.id = staged.product_id
        left join variants as variant on variant.company_id = :company_id and variant.id = staged.variant_id
        left join products as slug_holder
            on slug_holder.company_id = :company_id and slug_holder.slug = staged.slug_in_file
        left join products as barcode_holder
            on barcode_holder.company_id = :company_id and barcode_holder.barcode = staged.barcode
        left join variants as variant_barcode_holder
            on variant_barcode_holder.company_id = :company_id
            and variant_barcode_holder.barcode = staged.variant_barcode
        left join variants as options_holder
            on options_holder.company_id = :company_id and options_holder.product_id = staged.product_id
            and options_holder.options = staged.options and staged.options <> '{{}}'
            and options_holder.archived_at is null
    )
    update import_rows set reason = checked.reason
    from checked where import_rows.line = checked.line and checked.reason is not null
"""
# What two rows of one batch must not both say.
REFUSE_TWINS: Final = """
    with compared as (
        select
            line,
            case
                when count(slug_in_file) over (partition by slug_in_file) > 1
                and first_value(product_sku) over (partition by slug_in_file order by line) <> product_sku
                    then 'slug: another row has it'
                when count(barcode) over (partition by barcode) > 1
                and first_value(product_sku) over (partition by barcode order by line) <> product_sku
                    then 'barcode: another row has it'
                when variant_barcode is not null
                and row_number() over (partition by variant_barcode order by line) > 1
                    then 'variant_barcode: another row has it'
                when options <> '{}'
                and row_number() over (partition by product_sku, options order by line) > 1
                    then 'options: another row has the same'
            end as reason
        from import_rows
        where reason is null
    )
    update import_rows set reason = compared.reason
    from compared where import_rows.line = compared.line and compared.reason is not null
"""
# The first sound row of a product speaks for it.
MARK_FIRST: Final = """
    update import_rows set is_first = true
    from (
        select min(line) as line from import_rows where reason is null group by product_sku
    ) as first
    where import_rows.line = first.line
"""


def _defaulted(columns: tuple[Column, ...], table: str) -> str:
    return ", ".join(
        f"coalesce({table}.{column.name}, {column.default}::{column.type})" for column in columns
    )


def _stored(columns: tuple[Column, ...]) -> str:
    return ", ".join(column.stored for column in columns)


def _kept(columns: tuple[Column, ...], known: str) -> str:
    return ", ".join(f"coalesce(staged.{column.name}, {known}.{column.stored})" for column in columns)


_OTHER_PRODUCT_COLUMNS = tuple(column for column in PRODUCT_COLUMNS if column.name != "slug")
INSERT_PRODUCTS: Final = f"""
    insert into products (
        company_id, id, sku, slug, category_id, shop_id, published_at, archived_at,
        {_stored(_OTHER_PRODUCT_COLUMNS)}
    )
    select
        :company_id, uuidv7(), staged.product_sku, coalesce(staged.slug, staged.made_slug),
        staged.category_id, staged.shop_id, case when staged.status = 'published' then now() end,
        case when staged.status = 'archived' then now() end, {_defaulted(_OTHER_PRODUCT_COLUMNS, "staged")}
    from import_rows as staged
    where staged.is_first and staged.is_new_product
    order by staged.line
    on conflict do nothing
"""
FIND_INSERTED: Final = """
    update import_rows set product_id = product.id, is_product_changed = coalesce(import_rows.is_first, false)
    from products as product
    where import_rows.is_new_product and product.company_id = :company_id
    and product.sku = import_rows.product_sku
"""
UPDATE_PRODUCTS: Final = f"""
    with changed as (
        update products set
            ({_stored(PRODUCT_COLUMNS)}) = row({_kept(PRODUCT_COLUMNS, "products")}),
            category_id = coalesce(staged.category_id, products.category_id),
            published_at = case
                when staged.status = 'published' then coalesce(products.published_at, now())
                else products.published_at
            end,
            archived_at = case
                when staged.status = 'archived' then coalesce(products.archived_at, now())
                when staged.status is not null then null
                else products.archived_at
            end
        from import_rows as staged
        where products.company_id = :company_id and products.id = staged.product_id
        and staged.is_first and not staged.is_new_product
        and (products.category_id, {", ".join(f"products.{column.stored}" for column in PRODUCT_COLUMNS)})
            is distinct from (
                coalesce(staged.category_id, products.category_id), {_kept(PRODUCT_COLUMNS, "products")}
            )
        returning staged.line
    )
    update import_rows set is_product_changed = true
    from changed where import_rows.line = changed.line
"""
INSERT_VARIANTS: Final = f"""
    with added as (
        insert into variants (company_id, id, product_id, sku, {_stored(VARIANT_COLUMNS)})
        select
            :company_id, uuidv7(), staged.product_id, staged.sku, {_defaulted(VARIANT_COLUMNS, "staged")}
        from import_rows as staged
        where staged.reason is null and staged.variant_id is null and staged.product_id is not null
        order by staged.line
        on conflict do nothing
        returning id, sku
    )
    update import_rows set variant_id = added.id, is_variant_changed = true
    from added where import_rows.sku = added.sku
"""
UPDATE_VARIANTS: Final = f"""
    with changed as (
        update variants set ({_stored(VARIANT_COLUMNS)}) = row({_kept(VARIANT_COLUMNS, "variants")})
        from import_rows as staged
        where variants.company_id = :company_id and variants.id = staged.variant_id and staged.reason is null
        and not staged.is_variant_changed
        and ({", ".join(f"variants.{column.stored}" for column in VARIANT_COLUMNS)})
            is distinct from ({_kept(VARIANT_COLUMNS, "variants")})
        returning staged.line
    )
    update import_rows set is_variant_changed = true
    from changed where import_rows.line = changed.line
"""
# Somebody else took the SKU, slug or barcode between the check and the insert.
REFUSE_OVERTAKEN: Final = """
    update import_rows set reason = 'it was created by somebody else meanwhile; load the file again'
    where reason is null and (product_id is null or variant_id is null)
"""
WRITE_EVENTS: Final = """
    insert into events (company_id, id, type, aggregate_type, aggregate_id, payload, actor_user_id)
    select
        :company_id, uuidv7(),
        case when bool_or(is_new_product) then 'product.created' else 'product.updated' end,
        'product', product_id,
        jsonb_build_object('product_id', product_id, 'changed', jsonb_build_array('import')),
        cast(:user_id as uuid)
    from import_rows
    where reason is null and (is_product_changed or is_variant_changed)
    group by product_id
"""
READ_OUTCOME: Final = """
    select
        line, sku, reason,
        case
            when reason is not null then 'rejected'
            when is_new_product or is_variant_changed and owner_id is null then 'created'
            when is_product_changed or is_variant_changed then 'updated'
            else 'unchanged'
        end as outcome
    from import_rows order by line
"""
RELATE: Final = """
    update products set related_product_ids = wanted.related
    from (
        select asked.product_sku, jsonb_agg(related.id order by asked.place) as related
        from unnest(cast(:product_skus as text []), cast(:related_skus as text []))
            with ordinality as asked (product_sku, related_sku, place)
        inner join products as related
            on related.company_id = :company_id and related.sku = asked.related_sku
        group by asked.product_sku
    ) as wanted
    where products.company_id = :company_id and products.sku = wanted.product_sku
    and products.related_product_ids is distinct from wanted.related
"""
FIND_SKUS: Final = (
    "select sku from products where company_id = :company_id and sku = any(cast(:skus as text []))"
)
EXPORT: Final = """
    select
        variants.sku, products.sku as product_sku, products.slug as slug, categories.slug as category,
        shops.slug as shop, products.id as product_id, variants.id as variant_id,
        (
            select coalesce(jsonb_agg(related.sku order by place), '[]')
            from jsonb_array_elements_text(products.related_product_ids) with ordinality as named (id, place)
            inner join products as related
                on related.company_id = products.company_id and related.id = named.id::uuid
        ) as related_skus,
        {columns}
    from products
    inner join variants on products.company_id = variants.company_id and products.id = variants.product_id
        and variants.archived_at is null
    left join categories
        on products.company_id = categories.company_id and products.category_id = categories.id
    left join shops on products.company_id = shops.company_id and products.shop_id = shops.id
    where products.company_id = :company_id
    and (products.id, variants.id) > (cast(:after_product as uuid), cast(:after_variant as uuid))
    and (cast(:shop_ids as uuid []) is null or products.shop_id is null
        or products.shop_id = any(cast(:shop_ids as uuid [])))
    order by products.id, variants.id
    limit :limit
""".format(
    columns=", ".join(
        [f"products.{c.stored} as {c.name}" for c in PRODUCT_COLUMNS if c.name != "slug"]
        + [f"variants.{c.stored} as {c.name}" for c in VARIANT_COLUMNS]
    )
)
