"""Atoll from Python: files by name, by version and by moment.

    from atoll import Client

    with Client("./home") as client:                 # or Client("http://server:7070", token=…)
        client.put("lab/run-1.csv", pathlib.Path("run-1.csv"), metadata={"temperature": 20.5})
        for found in client.find("meta.temperature>=20"):
            print(found["key"], found["size"])

`AsyncClient` has the same names for asyncio. Sizes are bytes, times RFC 3339 in UTC, spans seconds.
"""
from . import errors, types
from ._async.client import AsyncClient, Facts, FolderSummary
from ._folders import Progress
from ._wire import Retry, key_text
from .errors import (AtollError, BadRequest, Conflict, Damaged, Denied, Gone, JobFailed, NotFound, NotReady, OverLimit, PartlyDone,
                     PreconditionFailed, ServerFailed, SignInFirst, TimedOut, TooManyRequests, Unreachable)
from .client import Client

__version__ = "0.1.0"
__all__ = ["AsyncClient", "AtollError", "BadRequest", "Client", "Conflict", "Damaged", "Denied", "Facts", "FolderSummary", "Gone", "JobFailed",
           "NotFound", "NotReady", "OverLimit", "PartlyDone", "PreconditionFailed", "Progress", "Retry", "ServerFailed", "SignInFirst", "TimedOut",
           "TooManyRequests", "Unreachable", "errors", "key_text", "types"]
