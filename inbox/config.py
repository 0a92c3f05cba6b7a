"""Settings, read once from the environment and `.env`. All wrong ones are reported at once."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import quote, urlsplit

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).parent.parent
# Templates, static files and migrations lie beside the package in a checkout, inside it in a wheel.
FILES = Path(__file__).parent / "_files"
if not FILES.exists():
    FILES = ROOT

MENDS = {
    "blooio_base_url": "Give the address that Blooio names, like https://backend.blooio.com/v2/api.",
    "blooio_number": "Write our number with its country code, like +15557654321.",
    "blooio_bare_signatures": "Set it to accept or refuse.",
    "blooio_webhook_secret": "Set BLOOIO_API_KEY with it, or leave both out.",
    "database_url": "Leave it out for SQLite, or set postgresql://user:password@host/name.",
    "redis_url": "Set redis://host:6379/0, or leave it out.",
    "media_url": "Leave it out, or set file:///folder or s3://bucket/prefix.",
    "public_url": "Give the address people type, like https://inbox.example.com, without a path.",
    "trusted_proxies": "Set the number of proxies in front of Tapback, 0 to 5.",
    "port": "Set a number from 0 to 65535.",
    "workers": "Set a number from 1 to 64.",
    "log_format": "Set it to text or json.",
    "log_level": "Set it to debug, info, warning or error.",
}


class BadSettings(Exception):
    """Something in the environment is wrong. `problems` has one sentence for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Settings(BaseSettings):
    """What can be set; docs/settings.md says what each does."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_ignore_empty=True, extra="ignore", frozen=True
    )

    blooio_api_key: SecretStr | None = None
    blooio_webhook_secret: SecretStr | None = None
    blooio_base_url: str = "https://backend.blooio.com/v2/api"
    blooio_number: Annotated[str | None, Field(pattern=r"^\+[1-9]\d{6,14}$")] = None
    blooio_bare_signatures: Literal["accept", "refuse"] = "accept"
    database_url: str | None = None
    redis_url: SecretStr | None = None
    data_dir: Path = Path("data")
    media_url: str | None = None
    public_url: str | None = None
    secret_key: SecretStr | None = None
    secret_key_fallbacks: SecretStr | None = None
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 5000
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    log_format: Literal["text", "json"] = "text"
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @field_validator("blooio_base_url", "public_url")
    @classmethod
    def _http_address(cls, value: str | None) -> str | None:
        if value is None:
            return None
        parts = urlsplit(value)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("not an http address")
        return value.rstrip("/")

    @field_validator("database_url")
    @classmethod
    def _known_engine(cls, value: str | None) -> str | None:
        if value and value.split(":")[0].split("+")[0] not in ("sqlite", "postgresql"):
            raise ValueError("not a database that Tapback knows")
        return value

    @field_validator("media_url")
    @classmethod
    def _place_for_files(cls, value: str | None) -> str | None:
        parts = urlsplit(value or "")
        folder = parts.scheme == "file" and not parts.netloc and len(parts.path) > 1
        if value and not folder and not (parts.scheme == "s3" and parts.netloc):
            raise ValueError("not a place for files")
        return value

    @field_validator("blooio_webhook_secret")
    @classmethod
    def _secret_has_key(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        if value and not info.data.get("blooio_api_key"):
            raise ValueError("a secret without a key")
        return value

    @property
    def database(self) -> str:
        return self.database_url or f"sqlite:///{self.data_dir.resolve()}/inbox.db"

    @property
    def media(self) -> str:
        return self.media_url or f"file://{quote(str(self.data_dir.resolve() / 'files'))}"

    @property
    def redis(self) -> str | None:
        return self.redis_url.get_secret_value() if self.redis_url else None

    @property
    def public(self) -> str:
        everywhere = self.host in ("0.0.0.0", "::")  # noqa: S104
        host = "127.0.0.1" if everywhere else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def webhook_secrets(self) -> list[str]:
        return _listed(self.blooio_webhook_secret)

    @property
    def old_secret_keys(self) -> list[str]:
        return _listed(self.secret_key_fallbacks)


def _listed(given: SecretStr | None) -> list[str]:
    parts = given.get_secret_value().split(",") if given else []
    return [part.strip() for part in parts if part.strip()]


def load(**given: Any) -> Settings:
    """The settings, or BadSettings with every problem. Values of secrets are never repeated."""
    try:
        return Settings(**given)
    except ValidationError as error:
        raise BadSettings([_sentence(problem) for problem in error.errors()]) from None


def _sentence(problem: Any) -> str:
    name = str(problem["loc"][0])
    return f"{name.upper()} is wrong. {MENDS.get(name, 'See docs/settings.md.')}"


def keep_secret_key(settings: Settings) -> str:
    """The key that signs cookies and encrypts secrets: as set, or made once in DATA_DIR."""
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    file = settings.data_dir / "secret.key"
    if not file.exists():
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        _make_key(file)
    key = file.read_text().strip()
    if not key:
        raise BadSettings([f"{file} is empty. Restore it, or delete it and connect lines anew."])
    return key


def _make_key(file: Path) -> None:
    """Whole or not at all, also when two processes start together: the first one's holds."""
    draft = file.with_name(f"{file.name}.{secrets.token_hex(6)}")
    draft.touch(mode=0o600)
    with draft.open("w") as open_file:
        open_file.write(secrets.token_urlsafe(48))
        open_file.flush()
        os.fsync(open_file.fileno())
    with suppress(FileExistsError):
        os.link(draft, file)
    draft.unlink()
