"""The one registry of business figures, and the queries on a published snapshot that compute them.

The API and the dashboards both ask here, so that a number on a page equals the API's.
"""
