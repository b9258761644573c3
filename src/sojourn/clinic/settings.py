"""Django's settings. Everything a site changes comes from the environment.

SOJOURN_HOME      folder of the embedded record, its keys and its secret (default: ./var)
SOJOURN_DATABASE  postgresql://user:password@host/name; embedded SQLite when absent
SOJOURN_HOSTS     comma-separated host names the pages answer to
DATABASE_URL      the same, where a host names it so; SOJOURN_DATABASE goes first
SOJOURN_REPLICA   postgresql:// address of a copy that follows; reports and exports read from it
SOJOURN_CLAMD     unix:/path or tcp://host:port of a virus scanner that sees every file taken
SOJOURN_LIMITS    a file of limits in place of clinic/limits.yaml
SOJOURN_METRICS_TOKEN  who sends it as a bearer token reads /metrics; nobody when absent
SOJOURN_TRACES    http(s):// address of a collector that speaks OTLP; nothing is traced when absent
SOJOURN_MEDDRA    a site's licensed dictionary: CSV of code, term, system_organ_class
SOJOURN_EVIDENCE  a folder of results files that count beside the published ones (docs/evidence.md)
SOJOURN_TIME_ZONE the site's zone, such as Australia/Melbourne; UTC when absent
SOJOURN_SECURE    1 when served behind TLS: cookies travel encrypted only
SOJOURN_SECOND_FACTOR  optional, where a site's own sign-on asks for one; required when absent
SOJOURN_OIDC      https://client:secret@sign-on.example/realm, for single sign-on (OpenID Connect)
SOJOURN_OIDC_NAME what the button for it says
SOJOURN_SECURITY_CONTACT  mailto: or https: address for who finds a weakness
SOJOURN_ADDRESS   where participants reach the pages, such as https://clinic.example
SOJOURN_MAIL      smtp://user:password@host:port (or smtps://); mail is printed when absent
SOJOURN_MAIL_FROM the address mail comes from
SOJOURN_LINK_MINUTES, SOJOURN_DIARY_DAYS  how long a diary link and an open diary last

Each request has a thread of its own, and so a connection of its own that ends with it.
"""

import os
import secrets
from datetime import timedelta
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

PACKAGE = Path(__file__).resolve().parent
HOME = Path(os.environ.get("SOJOURN_HOME", "var")).resolve()


# Events are coded to CTCAE unless the site brings its own dictionary.
MEDDRA = os.environ.get("SOJOURN_MEDDRA", "")
EVIDENCE = os.environ.get("SOJOURN_EVIDENCE", "")
LIMITS = os.environ.get("SOJOURN_LIMITS", "")


def _postgresql(address: str) -> dict[str, object]:
    parts = urlsplit(address)
    if parts.scheme not in ("postgresql", "postgres"):
        raise ValueError(f"the record's address begins with '{parts.scheme}': use postgresql://")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.path.lstrip("/"),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or dict(parse_qsl(parts.query)).get("host", ""),
        "PORT": parts.port or "",
    }


def _databases() -> dict[str, dict[str, object]]:
    address = os.environ.get("SOJOURN_DATABASE") or os.environ.get("DATABASE_URL", "")
    replica = os.environ.get("SOJOURN_REPLICA", "")
    if not address:
        if replica:
            raise ValueError("SOJOURN_REPLICA is a copy of a PostgreSQL: name that one too")
        return {"default": _embedded()}
    copies = {"replica": _postgresql(replica)} if replica else {}
    return {"default": _postgresql(address), **copies}


def _embedded() -> dict[str, object]:
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": HOME / "record.sqlite3",
        "OPTIONS": {
            # Taking the write lock at the start is what makes positions commit order.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": (
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
                "PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456; PRAGMA temp_store=MEMORY;"
            ),
        },
    }


def _secret() -> str:
    path = HOME / "secret.key"
    if not path.exists():
        HOME.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(50))
    return path.read_text()


SECRET_KEY = _secret()
DEBUG = False
ALLOWED_HOSTS = os.environ.get("SOJOURN_HOSTS", "127.0.0.1,localhost,[::1]").split(",")
DATABASES = _databases()
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
# Counted here: tries of a second factor, so that every worker sees them.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "sojourn_cache",
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}
AUTH_USER_MODEL = "clinic.Member"

INSTALLED_APPS = [
    "sojourn.ledger",
    "sojourn.exchange.registry",
    "sojourn.diary",
    "sojourn.clinic",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "axes",
    "django_htmx",
    "django.contrib.humanize",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]

METRICS_TOKEN = os.environ.get("SOJOURN_METRICS_TOKEN", "")
TRACES = os.environ.get("SOJOURN_TRACES", "")

MIDDLEWARE = [
    "sojourn.clinic.measuring.measured",
    "sojourn.clinic.places.in_turn",
    "sojourn.clinic.guarding.with_headers",
    "sojourn.clinic.api.door.telling",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "sojourn.clinic.guarding.signed_in_as_required",
    "sojourn.clinic.api.door.ByToken",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "sojourn.clinic.limits.Limited",
    "sojourn.clinic.access_log.kept",
    "sojourn.clinic.authority.Enforced",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "axes.middleware.AxesMiddleware",
]

if TRACES:
    MIDDLEWARE.insert(1, "sojourn.clinic.tracing.traced")

AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesBackend",
    "django.contrib.auth.backends.ModelBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_ADAPTER = "sojourn.clinic.accounts.StaffAccounts"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_REAUTHENTICATION_TIMEOUT = 5 * 60
ACCOUNT_EMAIL_NOTIFICATIONS = False
# For codes of a second factor; wrong passwords are counted by axes below, and stopped sooner.
ACCOUNT_RATE_LIMITS = {"login_failed": "20/30m/key"}
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",  # of accounts opened before Argon2
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}", "OPTIONS": options}
    for name, options in (
        ("MinimumLengthValidator", {"min_length": 12}),
        ("CommonPasswordValidator", {}),
        ("UserAttributeSimilarityValidator", {}),
    )
]

SECOND_FACTOR = os.environ.get("SOJOURN_SECOND_FACTOR", "required")
MFA_ADAPTER = "sojourn.clinic.accounts.SealedSecrets"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_ISSUER = "Sojourn"
# A browser trusts an address without TLS only on this machine.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = os.environ.get("SOJOURN_SECURE") != "1"

# One name from one address; a colleague's mistakes elsewhere lock nobody out of a session.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_LOCKOUT_TEMPLATE = "account/locked.html"
AXES_VERBOSE = False

SOCIALACCOUNT_ADAPTER = "sojourn.clinic.accounts.KnownStaff"
SOCIALACCOUNT_EMAIL_AUTHENTICATION = True
SOCIALACCOUNT_EMAIL_AUTHENTICATION_AUTO_CONNECT = True
SOCIALACCOUNT_PROVIDERS = {}
SIGN_ON = urlsplit(os.environ.get("SOJOURN_OIDC", ""))
if SIGN_ON.hostname:
    SOCIALACCOUNT_PROVIDERS["openid_connect"] = {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [
            {
                "provider_id": "sign-on",
                "name": os.environ.get("SOJOURN_OIDC_NAME", "Single sign-on"),
                "client_id": unquote(SIGN_ON.username or ""),
                "secret": unquote(SIGN_ON.password or ""),
                "settings": {
                    "server_url": SIGN_ON._replace(
                        netloc=SIGN_ON.netloc.rpartition("@")[2]
                    ).geturl()
                },
            }
        ],
    }

ROOT_URLCONF = "sojourn.clinic.urls"
ASGI_APPLICATION = "sojourn.clinic.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

USE_TZ = True
TIME_ZONE = os.environ.get("SOJOURN_TIME_ZONE", "UTC")
LANGUAGE_CODE = "en-gb"
STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = os.environ.get("SOJOURN_SECURE") == "1"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_HSTS_SECONDS = 365 * 24 * 60 * 60 if os.environ.get("SOJOURN_SECURE") == "1" else 0
SECURITY_CONTACT = os.environ.get("SOJOURN_SECURITY_CONTACT", "")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

ADDRESS = os.environ.get("SOJOURN_ADDRESS", "http://127.0.0.1:8000").rstrip("/")
DIARY_LINK_MINUTES = int(os.environ.get("SOJOURN_LINK_MINUTES", "30"))
DIARY_DAYS = int(os.environ.get("SOJOURN_DIARY_DAYS", "30"))
DEFAULT_FROM_EMAIL = os.environ.get("SOJOURN_MAIL_FROM", "diary@localhost")
EMAIL_TIMEOUT = 20
EMAIL_BACKEND = "django.core.mail.backends.console.EmailBackend"
if _mail := urlsplit(os.environ.get("SOJOURN_MAIL", "")).hostname:
    _parts = urlsplit(os.environ["SOJOURN_MAIL"])
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST, EMAIL_PORT = _mail, _parts.port or (465 if _parts.scheme == "smtps" else 587)
    EMAIL_HOST_USER = unquote(_parts.username or "")
    EMAIL_HOST_PASSWORD = unquote(_parts.password or "")
    EMAIL_USE_SSL = _parts.scheme == "smtps"
    EMAIL_USE_TLS = not EMAIL_USE_SSL

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "loggers": {"django.request": {"handlers": ["console"], "level": "ERROR", "propagate": False}},
}
