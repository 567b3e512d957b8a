"""The database functions that cross companies or act with the owner's rights, by name."""

# Functions that run with the owner's rights; each was reviewed for what a caller learns or changes.
REVIEWED_FUNCTIONS = {
    "apply_ledger",  # trigger: on hand = Σ ledger
    "auth_create_user",  # makes a platform identity, no membership
    "auth_find_company",  # a company's public face by its slug
    "auth_find_memberships",  # of one user, whose token or password was checked
    "auth_find_session",  # by the hash of a refresh token
    "auth_find_storefront",  # by the hash of a publishable key
    "auth_find_user",  # by e-mail, to check a password
    "bury_rows",  # trigger: tombstones of deleted rows
    "carts_find_due",  # which companies have carts to sweep
    "catalog_find_due_schedules",  # which companies have scheduled prices that began or ended
    "inventory_find_expired",  # which companies have reservations to release
    "payments_find_company",  # of a webhook, whose signature is then checked with that company's secret
    "payments_find_due",  # which companies have payments to see to
    "payments_find_encrypted",  # which companies have tokens to encrypt anew
    "invoices_find_waiting",  # which companies have invoices to number
    "orders_find_completable",  # which companies have orders whose return window has passed
    "media_find_file",  # one public file, by its unguessable id and hash
    "platform_list_companies",  # for super admins: the route checks the role
    "product_views_find_tallies",  # which companies have views to count
    "purge_product_views",  # of all companies, older than an instant
    "purge_idempotency_keys",  # of all companies, older than an instant
    "purge_report_runs",  # of all companies, older than an instant, whose file is gone
    "purge_sessions",  # of all companies, ended before an instant
    "purge_event_deliveries",  # of all companies, of events that their consumer has passed
    "purge_webhook_bodies",  # of all companies: the words go, the event stays known
    "erase_order_words",  # of the bound company's orders, in tables that are append-only otherwise
    "events_list_failures",  # what one consumer failed at: ids and times
    "events_list_dead",  # what waits for the platform's own people
    "catalogue_renew_statistics",  # only a table's owner may, and a file of products needs it
    "events_count_dead",  # how much of that there is
    "payments_count_given_up",  # how many payments wait for a person, in all companies
    "record_product_categories",  # trigger: history of a product's category
    "record_product_terms",  # trigger: history of prices and costs
    "record_supplier_terms",  # trigger: history of terms
    "record_variant_terms",  # trigger: history of prices and costs
    "reports_find_due",  # which companies have reports to make or files to remove
    "search_find_products",  # the bound company's products that hold some words, by an index
}
