"""Runs a model of the IMPROVE benchmark, three scripts unchanged, within the walls of the container contract."""
