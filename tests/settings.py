"""The site's settings as the tests use them: no secret, fast passwords, mail that is kept in memory."""

import os
import tempfile

_VAR = tempfile.mkdtemp(prefix="holdout-tests-")
os.mkdir(f"{_VAR}/static")  # noqa: PTH102  # whitenoise warns without it
os.environ |= {"SECRET_KEY": "only-for-tests", "HOLDOUT_VAR": _VAR}

from leaderboard.settings import *  # noqa: E402, F403

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
