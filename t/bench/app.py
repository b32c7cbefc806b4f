"""The save endpoint as one writes it in FastAPI: pydantic models, Fernet,
sqlite3 in WAL mode, one commit a save. SAVE_DATABASE and SAVE_KEY come from
the environment."""

import hashlib
import json
import os
import sqlite3
import uuid
from datetime import datetime
from enum import Enum
from typing import List, Optional

from cryptography.fernet import Fernet
from fastapi import FastAPI, Header, HTTPException
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field

UPSERT = """
INSERT INTO integrations (integration_id, created_by, unique_identifier, name,
    integration_type, status, active, has_auth_data, has_scope_data,
    created_at, updated_at, metadata, scope_data, auth_data)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (created_by, unique_identifier) DO UPDATE SET name = excluded.name,
    status = excluded.status, active = excluded.active,
    has_auth_data = excluded.has_auth_data,
    has_scope_data = excluded.has_scope_data,
    updated_at = excluded.updated_at, metadata = excluded.metadata,
    scope_data = excluded.scope_data, auth_data = excluded.auth_data
    WHERE integration_type = excluded.integration_type
RETURNING integration_id, created_at
"""


class Type(str, Enum):
    SENTRY = "sentry"
    JIRA = "jira"
    LINEAR = "linear"
    CONFLUENCE = "confluence"
    SLACK = "slack"
    GITHUB = "github"


class Status(str, Enum):
    ACTIVE = "active"
    INACTIVE = "inactive"
    PENDING = "pending"
    ERROR = "error"


class AuthData(BaseModel):
    access_token: Optional[str]
    refresh_token: Optional[str]
    token_type: Optional[str]
    expires_at: Optional[datetime]
    scope: Optional[str]
    code: Optional[str]


class ScopeData(BaseModel):
    org_slug: Optional[str]
    installation_id: Optional[str]
    workspace_id: Optional[str]
    project_id: Optional[str]


class Metadata(BaseModel):
    instance_name: Optional[str]
    created_via: str = "manual"
    version: Optional[str]
    description: Optional[str]
    tags: List[str] = []

    class Config:
        extra = "allow"


class Save(BaseModel):
    name: str = Field(min_length=1, max_length=255)
    integration_type: Type
    status: Status = Status.ACTIVE
    active: bool = True
    auth_data: Optional[AuthData]
    scope_data: Optional[ScopeData]
    metadata: Metadata = Field(default_factory=Metadata)
    unique_identifier: Optional[str] = Field(max_length=255)


app = FastAPI()
fernet = Fernet(os.environ["SAVE_KEY"])
db = sqlite3.connect(os.environ["SAVE_DATABASE"], timeout=10,
                     isolation_level=None)
db.execute("PRAGMA journal_mode=WAL")
db.execute("PRAGMA synchronous=FULL")


def user_of(key):
    row = None
    if key:
        row = db.execute("SELECT user FROM api_keys WHERE key_hash = ? AND "
                         "revoked_at IS NULL",
                         (hashlib.sha256(key.encode()).digest(),)).fetchone()
    if row is None:
        raise HTTPException(401, "Invalid API key")
    return row[0]


# A save is shorter than a change of threads: async, not the thread pool.
@app.post("/api/v2/integrations/save")
async def save(form: Save, x_api_key: Optional[str] = Header(None)):
    user = user_of(x_api_key)
    new_id = str(uuid.uuid4())
    kind = form.integration_type.value
    identifier = form.unique_identifier or f"{kind}-{new_id}"
    metadata = form.metadata.dict()
    metadata["instance_name"] = metadata["instance_name"] or form.name
    now = datetime.utcnow().isoformat(timespec="microseconds")
    auth, scope = form.auth_data, form.scope_data
    has_auth = bool(auth and auth.access_token)
    has_scope = bool(scope and (scope.org_slug or scope.workspace_id))
    box = auth and fernet.encrypt(auth.json(exclude_unset=True).encode())
    rows = db.execute(UPSERT, (
        new_id, user, identifier, form.name, kind, form.status.value,
        form.active, has_auth, has_scope, now, now, json.dumps(metadata),
        scope and scope.json(exclude_unset=True), box)).fetchall()
    if not rows:
        raise HTTPException(409, "unique_identifier already belongs to "
                            "another integration")
    return JSONResponse({"success": True, "data": {
        "integration_id": rows[0][0], "name": form.name,
        "integration_type": kind, "status": form.status.value,
        "active": form.active, "unique_identifier": identifier,
        "created_by": user, "created_at": rows[0][1],
        "has_auth_data": has_auth, "has_scope_data": has_scope,
        "metadata": metadata}, "error": None})
