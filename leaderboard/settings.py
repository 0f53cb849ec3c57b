"""All settings of the site, from the environment. A bare checkout works; with DEBUG off a missing secret stops it."""

from pathlib import Path

from evaluator.logs import logging_config
from leaderboard import env

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = env.folder("HOLDOUT_VAR", BASE_DIR / "var" / "board")

DEBUG = env.switch("DEBUG", False)
SECRET_KEY = env.text("SECRET_KEY", "a-bare-checkout-has-no-secrets" if DEBUG else None)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
SITE_URL = env.text("SITE_URL", "http://localhost:8000").rstrip("/")
DEMONSTRATION = env.switch("HOLDOUT_DEMONSTRATION", True)
"""A one-machine board has no walls between its parts: every page says so."""

# Parts outside of Python
DATABASES = {
    "default": {
        **env.database(
            "HOLDOUT_SCORER_DATABASE_URL" if env.is_set("HOLDOUT_SCORER_DATABASE_URL") else "DATABASE_URL",
            f"postgresql://postgres@/holdout?host={VAR / 'postgres-socket'}",
        ),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
    }
}
CELERY_BROKER_URL = env.text("REDIS_URL", f"redis+socket://{VAR / 'redis-site.sock'}")
HOST_BROKER_URL = env.text("HOLDOUT_HOST_BROKER", f"redis+socket://{VAR / 'redis-hosts.sock'}")
SCORER_BROKER_URL = env.text("HOLDOUT_SCORER_BROKER", CELERY_BROKER_URL)
STORAGE = env.text("HOLDOUT_STORAGE", str(VAR / "storage"))  # an fsspec address
RELEASES = env.folder("HOLDOUT_RELEASES", VAR / "releases")
BOARD_LICENCE = env.text("HOLDOUT_BOARD_LICENCE", "CC-BY-4.0")
"""Of the numbers on the boards, as their files say; the data that they were computed from keep their own."""

# Sealed studies
SCORER_KEYS = env.folder("HOLDOUT_SCORER_KEYS", VAR) if env.is_set("HOLDOUT_SCORER_KEYS") else None
"""The folder of the scorer's private keys, in its environment alone. Beside it, in `draws`, stands what is its own."""
SCORER_PUBLIC = env.folder("HOLDOUT_SCORER_PUBLIC", VAR / "scorer-public")
"""Where the public halves lie, which all may know: sealing.pub and signing.pub."""
SEALED_RELEASE_EVERY_H = env.whole("HOLDOUT_SEALED_RELEASE_EVERY_H", 0 if DEMONSTRATION else 24)
"""Scores on sealed studies are told at fixed times, so many hours apart, counted from midnight UTC; 0: at once."""
DRAFTS_PER_CURATOR = env.whole("HOLDOUT_DRAFTS_PER_CURATOR", 5)
SERVE_SEALED_STUDIES_WITHOUT_WALLS = env.switch("HOLDOUT_SERVE_SEALED_STUDIES_WITHOUT_WALLS", False)
"""Whether a demonstration board, whose operator can open whatever is sealed to it, may go live with others' studies."""

# How the path runs
LEASE_S = env.whole("HOLDOUT_LEASE_S", 60)
"""A host that is silent for so long loses what it runs."""
TICK_S = env.whole("HOLDOUT_TICK_S", 2)
UPLOAD_MOST_BYTES = env.whole("HOLDOUT_UPLOAD_MOST_GB", 10) << 30
UPLOAD_CHUNK_BYTES = 16 << 20
UPLOAD_KEPT_H = env.whole("HOLDOUT_UPLOAD_KEPT_H", 48)
"""An unfinished upload that nobody goes on with is removed after so many hours."""
REGISTRIES = env.words("HOLDOUT_REGISTRIES")
"""Registries that images by digest may come from."""
SANDBOX = env.text("HOLDOUT_SANDBOX", "docker")

INSTALLED_APPS = [
    "leaderboard.admin_site.Admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    *(f"allauth.socialaccount.providers.{name}" for name in env.words("HOLDOUT_SIGN_IN_WITH")),  # github, orcid
    "django_htmx",
    "rest_framework",
    "knox",
    "drf_spectacular",
    "leaderboard",
]
MIDDLEWARE = [
    "leaderboard.tracing.requests_have_ids",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "leaderboard.borders.answers_have_a_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "leaderboard.borders.bodies_are_bounded",
    "leaderboard.borders.answers_are_their_readers",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "leaderboard.second_factor.staff_need_second_factor",
    "django_htmx.middleware.HtmxMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "leaderboard" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "leaderboard.pages.context.site",
            ],
        },
    }
]
ROOT_URLCONF = "leaderboard.urls"
WSGI_APPLICATION = "leaderboard.wsgi.application"
AUTH_USER_MODEL = "leaderboard.Person"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Accounts
AUTHENTICATION_BACKENDS = [
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_UNIQUE_EMAIL = True
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if env.switch("HOLDOUT_BEHIND_PROXY", False) else 0
"""Else everybody behind the proxy is one address, and whoever tries passwords shuts all others out of signing in."""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if SITE_URL.startswith("https") else "http"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
LOGIN_REDIRECT_URL = "/submissions/"
MFA_TOTP_ISSUER = "Holdout"
SIGN_IN_ADDRESSES = {"github": "https://github.com", "orcid": "https://orcid.org"}
SOCIALACCOUNT_PROVIDERS = {
    name: {"APP": {"client_id": env.text(f"{name.upper()}_CLIENT_ID"), "secret": env.text(f"{name.upper()}_SECRET")}}
    for name in env.words("HOLDOUT_SIGN_IN_WITH")
}
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if env.text("EMAIL_HOST", "none") != "none"
    else "django.core.mail.backends.filebased.EmailBackend"
)
EMAIL_FILE_PATH = VAR / "mail"
EMAIL_HOST = env.text("EMAIL_HOST", "none")
EMAIL_PORT = env.whole("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_HOST_USER", "-").removeprefix("-")
EMAIL_HOST_PASSWORD = env.text("EMAIL_HOST_PASSWORD", "-").removeprefix("-")
EMAIL_USE_TLS = env.switch("EMAIL_USE_TLS", True)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", "holdout@localhost")

# What browsers are told
SECURE = SITE_URL.startswith("https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE
SESSION_COOKIE_HTTPONLY = True
SECURE_HSTS_SECONDS = 31536000 if SECURE else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if env.switch("HOLDOUT_BEHIND_PROXY", False) else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        # A form that leads to somebody else's sign-in is sent on there, which browsers hold to this list as well.
        "form-action": ["'self'", *(SIGN_IN_ADDRESSES[name] for name in env.words("HOLDOUT_SIGN_IN_WITH"))],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
    }
}
STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "leaderboard" / "static"]
WHITENOISE_USE_FINDERS = True
FILE_UPLOAD_HANDLERS = ["django.core.files.uploadhandler.TemporaryFileUploadHandler"]
"""A file goes to disk as it comes, whatever its size."""

REST_FRAMEWORK = {
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["leaderboard.api.bodies.BoundedJSON"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.AllowAny"],
    "DEFAULT_METADATA_CLASS": None,
    "EXCEPTION_HANDLER": "leaderboard.api.problems.problem_response",
    "NUM_PROXIES": 1 if SECURE_PROXY_SSL_HEADER else 0,
}
API_RATES = {
    "anonymous": env.text("HOLDOUT_API_RATE_ANONYMOUS", "300/min"),
    "person": env.text("HOLDOUT_API_RATE_PERSON", "1200/min"),
}
"""Requests of an address and of a person, counted in each worker by itself."""
KNOX_TOKEN_MODEL = "leaderboard.Token"
MIGRATION_MODULES = {"knox": None}
"""Its own table would stay empty beside ours, and keep PostgreSQL from emptying the table of people in tests."""
SPECTACULAR_SETTINGS = {
    "TITLE": "Holdout",
    "DESCRIPTION": "Boards, models and submissions of cancer drug response models scored on unseen data.",
    "VERSION": "1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "leaderboard.api.schema.add_problems",
    ],
}

# Celery: short tasks alone; the database is the truth and the broker may be emptied at any time
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_TIME_LIMIT = 300
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,
    "unacked_restore_interval": 1,
    "unacked_restore_throttle": 1,
    # A request must not wait 6 s for a broker that is away: the tick does what it was to be told.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.1,
    # Nor for ever for one that hangs.
    "socket_connect_timeout": 5,
    "socket_timeout": 5,
}

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_I18N = False
USE_TZ = True

# What operators watch
LOGGING = logging_config(env.one_of("HOLDOUT_LOGS", ("text", "json")), env.text("LOG_LEVEL", "INFO"))
METRICS_TOKEN = "" if (_token := env.text("HOLDOUT_METRICS_TOKEN", "-")) == "-" else _token
METRICS_NETWORKS = env.words("HOLDOUT_METRICS_NETWORKS", "127.0.0.0/8,::1/128")
"""Who reads /metrics: by this token, or from these networks."""
