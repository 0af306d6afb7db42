"""One frozen Settings, read once from the environment."""

from pathlib import Path

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Everything that an installation may choose. The README documents each setting."""

    model_config = SettingsConfigDict(env_prefix="DEALKIN_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: user_data_path("dealkin", appauthor=False))
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    # A sentence-transformers model: a folder, or a name that the library can load.
    # None is the English model that is installed with Dealkin and works offline.
    model: str | None = None
    # The languages that the model knows, as ISO 639-1 codes with spaces between, or * for all.
    # In other languages words count for more and meaning for less.
    model_languages: str = "en"
    # A sentence-transformers cross-encoder, a folder or a name, that reads the best kin again.
    # None is no second reading.
    reranker: str | None = None
    # The address people use, where it is not the one the server listens on: behind a
    # proxy with TLS, https://… here makes the cookies secure.
    origin: str | None = None
    # Where mail is handed over: smtp://user:password@host:587 or smtps://…. Without it mail stays
    # in the outbox, and pages show it to whoever may send it by hand.
    smtp_url: str | None = Field(default=None, repr=False)
    # The e-mail address that mail comes from.
    mail_from: str | None = None

    @property
    def database(self) -> str:
        """The database's URL: DATABASE_URL, or the SQLite file in the home folder."""
        if self.database_url:
            return sqlalchemy_url(self.database_url)
        return f"sqlite:///{self.home / 'dealkin.sqlite3'}"

    @property
    def indexes(self) -> Path:
        """The folder of index snapshots: a cache that may be deleted at any time."""
        return self.home / "indexes"


def sqlalchemy_url(url: str) -> str:
    """The same database, with the driver that is installed named in the URL."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
