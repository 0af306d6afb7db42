"""The settings of an installation, read once from the environment."""

import ipaddress
from pathlib import Path
from typing import Literal

from platformdirs import user_data_path
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from workspace.errors import DealkinError


class Settings(BaseSettings):
    """The settings. docs/command-line.md documents each of them."""

    model_config = SettingsConfigDict(env_prefix="DEALKIN_", frozen=True, extra="ignore")

    home: Path = Field(default_factory=lambda: user_data_path("dealkin", appauthor=False))
    database_url: str | None = Field(default=None, validation_alias="DATABASE_URL")
    # The database itself where `database_url` leads to a pooler, which cannot pass notifications.
    direct_database_url: str | None = Field(default=None, validation_alias="DATABASE_DIRECT_URL")
    # A streaming replica of that PostgreSQL database, from which pages are read.
    replica_database_url: str | None = Field(
        default=None, validation_alias="DATABASE_REPLICA_URL", repr=False
    )
    # The model of meaning: multilingual-e5-small, minilm (light, English), a folder of a
    # sentence-transformers model, or a name that the library can load. Without a choice a new
    # record has the first, and every other record the model that made its vectors.
    model: str | None = None
    # The languages that a model of one's own knows: ISO 639-1 codes with spaces between them, or *
    # for all. In other languages words have more weight, and meaning has less.
    model_languages: str = ""
    # A sentence-transformers cross-encoder (a folder or a name) that rates the best kin again.
    reranker: str | None = None
    # What searches: "caches" in the memory of each process, or the "database", which has to be
    # PostgreSQL with the extension pgvector.
    search: Literal["caches", "database"] = "caches"
    # Into how many partitions, by the hash of their document, the rows are divided that the
    # database searches; in one table with 1.
    search_partitions: int = Field(default=1, ge=1, le=256)
    # The folder of backups; by default in the home folder. "off" leaves backups to others.
    backups: str | None = None
    # The public key of age for which backups are encrypted.
    backup_recipient: str | None = None
    # The keys by which stored secrets are encrypted, the newest first, with commas between them. By
    # default they are in the file `keys` in the home folder.
    keys: str | None = Field(default=None, repr=False)
    # The internal addresses and networks to which the server itself may connect, such as those of
    # an identity provider, with commas between them; all public ones are allowed.
    internal_addresses: str | None = None
    # The secret with which Prometheus asks for /metrics; without one there is no such page.
    metrics_token: str | None = Field(default=None, repr=False)
    # The address in people's browsers, if the server listens on another one, as behind a proxy.
    # With https://… cookies are sent only over TLS.
    origin: str | None = None
    # The proxies in front of the server, as addresses and networks with commas between them: what
    # they say of a client's address is believed. By default those of this machine, where the
    # settings name an origin.
    proxies: str | None = None
    # The mail server: smtp://user:password@host:587 or smtps://…. Without one, mail stays in the
    # outbox, and pages show it to members who can send it by hand.
    smtp_url: str | None = Field(default=None, repr=False)
    # The sender's address of all mail.
    mail_from: str | None = None
    # The mailbox of that address, imaps://user:password@host/INBOX: what comes back for mail is
    # read there.
    mailbox_url: str | None = Field(default=None, repr=False)

    @property
    def database(self) -> str:
        """The database's URL: DATABASE_URL, or the SQLite file in the home folder."""
        if self.database_url:
            return sqlalchemy_url(self.database_url)
        return f"sqlite:///{self.home / 'dealkin.sqlite3'}"

    @property
    def trusted_proxies(self) -> str:
        """Whose word about a client's address is believed; empty where nobody's is."""
        if self.proxies is None:
            return "127.0.0.1,::1" if self.origin else ""
        for proxy in filter(None, map(str.strip, self.proxies.split(","))):
            try:
                ipaddress.ip_network(proxy, strict=False)
            except ValueError:
                raise DealkinError(
                    f"DEALKIN_PROXIES: {proxy!r} is no address and no network, such as 10.0.0.0/8."
                ) from None
        return self.proxies

    @property
    def direct_database(self) -> str:
        """The URL of a connection that stays open, on which the database notifies."""
        return sqlalchemy_url(self.direct_database_url or self.database)

    @property
    def is_pooled(self) -> bool:
        """Whether a pooler stands before the database."""
        return self.direct_database_url is not None

    @property
    def replica_database(self) -> str | None:
        """The URL of the replica; None where there is none."""
        return sqlalchemy_url(self.replica_database_url) if self.replica_database_url else None

    @property
    def backup_folder(self) -> Path | None:
        """The folder of backups; None where Dealkin makes none."""
        if self.backups == "off":
            return None
        return Path(self.backups) if self.backups else self.home / "backups"

    @property
    def files(self) -> Path:
        """The folder of the library's files, which servers of one database share."""
        return self.home / "files"

    @property
    def indexes(self) -> Path:
        """The folder of index snapshots, a cache that can be deleted at any time."""
        return self.home / "indexes"


def sqlalchemy_url(url: str) -> str:
    """The URL with the name of the installed PostgreSQL driver."""
    for prefix in ("postgres://", "postgresql://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    return url
