"""For all tests: no test fails because the machine is slow."""

from hypothesis import settings

settings.register_profile("holdout", deadline=None)
settings.load_profile("holdout")
