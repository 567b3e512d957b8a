"""Loads published tables by company and build, and talks to the API."""
