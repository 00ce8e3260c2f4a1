"""`Client`: what is made from the async client, and files as Python knows them, which asyncio has no word for."""
from __future__ import annotations

from ._sync.client import Client as _Client
from .files import ObjectFile


class Client(_Client):
    __doc__ = _Client.__doc__

    def open(self, address: str, mode: str = "rb", *, version: str | None = None, as_of: str | None = None, content_type: str | None = None,
             vault: str | None = None) -> ObjectFile:
        """An object as a file: "rb" reads from anywhere in it, "wb" stores it when it is closed, "xb" only where nothing is."""
        return ObjectFile(self, address, mode, version, as_of, content_type, vault)
