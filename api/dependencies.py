"""What routes ask for besides the caller: the database, the settings and the time."""

from datetime import datetime
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from api.kept import KeptBodies
from core.postgres.pools import Database
from core.settings import Settings
from core.time import Clock


async def _database(request: Request) -> Database:
    return cast(Database, request.app.state.database)


async def _kept(request: Request) -> KeptBodies:
    return cast(KeptBodies, request.app.state.kept)


async def _settings(request: Request) -> Settings:
    return cast(Settings, request.app.state.settings)


async def _now(request: Request) -> datetime:
    return cast(Clock, request.app.state.clock)()


AppDatabase = Annotated[Database, Depends(_database)]
AppKeptBodies = Annotated[KeptBodies, Depends(_kept)]
AppSettings = Annotated[Settings, Depends(_settings)]
Now = Annotated[datetime, Depends(_now)]
