"""Strangers' code behind walls: one protocol, containers and processes behind it, and nothing about what is scored."""
