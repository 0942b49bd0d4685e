"""The tables of users and their sessions."""

from sqlalchemy import Column, Integer, String, Table

from pillarbox.storage.schema import metadata
from pillarbox.storage.types import TextEnum, UtcTime
from pillarbox.users.model import Role

users = Table(
    "users",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("email", String(320), nullable=False),
    Column("email_key", String(320), nullable=False, unique=True),
    Column("name", String(200), nullable=False),
    Column("role", TextEnum(Role), nullable=False),
    Column("password_hash", String(200), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime),
)
sessions = Table(
    "sessions",
    metadata,
    Column("token_hash", String(64), primary_key=True),
    Column("user_id", Integer, nullable=False, index=True),
    Column("ip", String(45), nullable=False),
    Column("agent", String(200), nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
)
