"""Reads that span rows, one module a noun, for pages and API alike. Nothing is written here."""
