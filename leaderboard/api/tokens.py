"""Tokens of the API."""

from knox.auth import TokenAuthentication

__all__ = ["TokenAuthentication"]
