"""PostgreSQL: the server, its roles and migrations, pools, and transactions bound to a tenant."""
