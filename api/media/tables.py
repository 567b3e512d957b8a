"""Uploaded files: what they are and where their bytes lie."""

import sqlalchemy as sa

from core.postgres.metadata import INSTANT, UUID, created_at, one_of, tenant_key, tenant_table, updated_at

MEDIA_KINDS = ("product", "review", "category", "banner", "avatar", "logo")

media = tenant_table(
    "media",
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("content_type", sa.Text, nullable=False),
    sa.Column("size_bytes", sa.BigInteger, nullable=False),
    sa.Column("width_pixels", sa.Integer, nullable=False),
    sa.Column("height_pixels", sa.Integer, nullable=False),
    # Name in the store: the company's folder and the hash of the bytes.
    sa.Column("storage_key", sa.Text, nullable=False),
    sa.Column("alt", sa.Text, nullable=False, server_default=""),
    sa.Column("uploaded_by", UUID),
    tenant_key("customers", "customer_id", nullable=True),
    sa.Column("archived_at", INSTANT),
    created_at(),
    updated_at(),
    one_of("kind", MEDIA_KINDS),
    sa.Index("ix_media_kind", "company_id", "kind", sa.text("id desc")),
    sa.Index("ix_media_id", "id"),
    sa.Index("ix_media_sha256", "company_id", "sha256"),
)

__all__ = ["media"]
