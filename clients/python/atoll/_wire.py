"""What a request is and what an answer means, without a line to the server: the async and the sync client share it.

Always true: nothing here waits, opens or reads anything.
"""
from __future__ import annotations

import base64
import json
import os
import random
import re
import secrets
import urllib.parse
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping

from . import errors

Key = str | bytes
USER_AGENT = "atoll-python/0.1"
BLOCK_BYTES = 1 << 20
# Uploads from here on go in pieces, each of which stays where the line breaks.
RESUMABLE_BYTES = 256 << 20
PIECE_BYTES = 64 << 20


@dataclass(slots=True)
class Request:
    """`target`: path and query, encoded. `body`: bytes, or something with read(n) that gives `body_bytes` bytes (None: until it ends)."""

    method: str
    target: str
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    body_bytes: int | None = None
    # False: done twice it may do two things, so it is not sent again once it may have arrived.
    may_repeat: bool = True
    on_sent: Callable[[int], None] | None = None


class Headers(dict[str, str]):
    """Header fields by name in lower case."""

    def lower_get(self, name: str) -> str:
        return self.get(name.lower(), "")


@dataclass(slots=True)
class Retry:
    """How often and when a request is sent again: `tries` in all, waits from `first_wait_seconds`, doubled each time."""

    tries: int = 5
    first_wait_seconds: float = 0.1
    wait_seconds_max: float = 10.0

    def wait_seconds(self, tried: int, retry_after: str = "") -> float:
        """Before the next try, of which `tried` were; never longer than asked for by Retry-After or the maximum."""
        if retry_after.isdigit():
            return min(float(retry_after), 60.0)
        wait: float = min(self.first_wait_seconds * 2.0 ** (tried - 1), self.wait_seconds_max)
        return wait * random.uniform(0.5, 1.0)


AGAIN_STATUSES = frozenset((408, 429, 502, 503, 504))


def key_bytes(key: Key) -> bytes:
    """A key as the server compares it: text is UTF-8, names of files that are none come back byte for byte."""
    return key if isinstance(key, bytes) else key.encode("utf-8", "surrogateescape")


def key_text(named: Mapping[str, Any], name: str = "key") -> str:
    """The whole key of an answer's row, as `os.fsdecode` would give it where it is no UTF-8."""
    coded = named.get(name + "_b64")
    if coded is not None:
        return base64.b64decode(coded).decode("utf-8", "surrogateescape")
    return str(named.get(name, ""))


def quote_key(key: Key) -> str:
    # A path that says "." or ".." would be shortened on the way.
    parts = key_bytes(key).split(b"/")
    quoted = [urllib.parse.quote_from_bytes(part, safe="") for part in parts]
    return "/".join("%2E" * len(part) if part in (".", "..") else part for part in quoted)


def quote_name(name: str) -> str:
    return urllib.parse.quote(name, safe="")


def split_address(address: str) -> tuple[str, str]:
    """"bucket/key" as (bucket, key); the key may be empty, `atoll://` may stand before it."""
    if not isinstance(address, str):
        raise TypeError(f'an address is text, "bucket/key", not {type(address).__name__}')
    if address.startswith("atoll://"):
        address = address[len("atoll://"):]
    bucket, _, key = address.partition("/")
    if not bucket:
        raise errors.BadRequest(f"{address!r} names no bucket", id="address.malformed", hint='an address is "bucket/key"')
    return bucket, key


def split_object(address: str) -> tuple[str, str]:
    """The same, where a key has to be there."""
    bucket, key = split_address(address)
    if not key:
        raise errors.BadRequest(f"{address!r} names no object", id="address.malformed", hint='an address is "bucket/key"')
    return bucket, key


def query_of(values: Mapping[str, Any]) -> str:
    """"" or "?name=value&…". None and False are left out, True is the name alone."""
    parts = []
    for name, value in values.items():
        if value is None or value is False:
            continue
        if value is True:
            parts.append(name)
            continue
        coded = urllib.parse.quote_from_bytes(key_bytes(value), safe="/") if isinstance(value, (str, bytes)) else str(value)
        parts.append(f"{name}={coded}")
    return "?" + "&".join(parts) if parts else ""


def body_of(values: Mapping[str, Any]) -> dict[str, Any]:
    """A body's fields without those that are None; names that are no UTF-8 go in base64."""
    out: dict[str, Any] = {}
    for name, value in values.items():
        if value is None:
            continue
        if isinstance(value, bytes) or (isinstance(value, str) and not is_text(value)):
            out[name + "_b64"] = base64.b64encode(key_bytes(value)).decode()
        elif isinstance(value, list) and not all(isinstance(one, str) and is_text(one) or not isinstance(one, (str, bytes)) for one in value):
            coded = [one for one in value if isinstance(one, bytes) or not is_text(one)]
            out[name] = [one for one in value if one not in coded]
            out[name + "_b64"] = [base64.b64encode(key_bytes(one)).decode() for one in coded]
        else:
            out[name] = value
    return out


def is_text(value: str) -> bool:
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def json_request(method: str, target: str, headers: Mapping[str, str | None], body: Mapping[str, Any] | None, idempotency_key: str | None) -> Request:
    """A POST gets an Idempotency-Key, so that it can be sent again where its answer was lost; none where the key is ""."""
    fields = {name: value for name, value in headers.items() if value is not None}
    data = None
    if body is not None:
        data = json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogateescape")
        fields["Content-Type"] = "application/json"
    if method == "POST" and idempotency_key != "":
        fields["Idempotency-Key"] = idempotency_key or secrets.token_hex(16)
    is_conditional = "If-Match" in fields or "If-None-Match" in fields
    return Request(method, target, fields, data, may_repeat=method in ("GET", "HEAD", "POST") or not is_conditional)


def problem_of(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def head_bytes(request: Request, host: str, prefix: str, token: str | None, vault: str | None) -> bytes:
    """The request's head as HTTP/1.1 has it. Refuses what would break out of a line."""
    lines = [f"{request.method} {prefix}{request.target} HTTP/1.1", f"Host: {host}", f"User-Agent: {USER_AGENT}"]
    for name, value in all_headers(request, token, vault).items():
        if CONTROL.search(value) or not name.isascii():
            raise errors.BadRequest(f"{name} cannot be sent as a header field: it has control characters", id="client.bad_field")
        lines.append(f"{name}: {value}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("utf-8", "surrogateescape")


def all_headers(request: Request, token: str | None, vault: str | None) -> dict[str, str]:
    fields = dict(request.headers)
    if token:
        fields["Authorization"] = f"Bearer {token}"
    if vault:
        fields["Atoll-Vault"] = vault
    if request.body is not None:
        length = len(request.body) if isinstance(request.body, (bytes, bytearray, memoryview)) else request.body_bytes
        if length is None:
            fields["Transfer-Encoding"] = "chunked"
        else:
            fields["Content-Length"] = str(length)
    elif request.method in ("POST", "PUT", "PATCH"):
        fields["Content-Length"] = "0"
    return fields


def parse_head(head: bytes) -> tuple[int, str, Headers]:
    """Status, reason and fields. Raises Unreachable for what is no HTTP/1."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ", 2)
    if len(words) < 2 or not words[0].startswith("HTTP/1.") or not words[1].isdigit():
        raise errors.Unreachable(f"what answered is no HTTP server: {lines[0][:60]!r}", id="client.no_http")
    fields = Headers()
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if colon:
            # The server sends UTF-8 where a value is no ASCII.
            fields[name.strip().lower()] = value.strip().encode("latin-1").decode("utf-8", "surrogateescape")
    return int(words[1]), words[2] if len(words) > 2 else "", fields


@dataclass(slots=True)
class Place:
    """Where a server is. `socket_path` for one on this machine; else host, port and whether it speaks TLS."""

    host: str = "localhost"
    port: int = 80
    is_tls: bool = False
    prefix: str = ""
    socket_path: str = ""

    @property
    def host_field(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.is_tls else 80) else f"{host}:{self.port}"

    @property
    def url(self) -> str:
        return ("https://" if self.is_tls else "http://") + self.host_field + self.prefix


def place_of_url(url: str) -> Place:
    """`http://host:port/path` or `https://…`."""
    parts = urllib.parse.urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise errors.BadRequest(f"{url!r} is no address of a server", id="url.bad", hint="it begins with http:// or https://")
    if parts.username or parts.password:
        raise errors.BadRequest("a server's address carries no password", id="url.bad", hint="give token= or token_file=")
    is_tls = parts.scheme == "https"
    return Place(parts.hostname, parts.port or (443 if is_tls else 80), is_tls, parts.path.rstrip("/"))


def read_token_file(path: str | os.PathLike[str]) -> str:
    with open(path, encoding="utf-8") as file:
        return file.readline().strip()


CONTROL = re.compile(r"[\x00-\x1f\x7f]")
HEADER_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")


def fits_header(name: str, value: str) -> bool:
    """Whether metadata can go as a header field and comes back the same."""
    return bool(name) and set(name) <= HEADER_TOKEN and value == value.strip(" \t") and value.isprintable() and is_text(value)


def tags_field(tags: Mapping[str, str]) -> str:
    quote = urllib.parse.quote
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in tags.items())


def texts_of(values: Mapping[str, Any], what: str) -> dict[str, str]:
    """Values of metadata and tags are text; numbers, times and the like are turned into it."""
    out = {}
    for name, value in values.items():
        if not isinstance(name, str) or not name:
            raise errors.BadRequest(f"a name in {what} is text and not empty", id="object.no_name")
        out[name] = text_value(value)
    return out


def text_value(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list, tuple)):
        return json.dumps(value, ensure_ascii=False, default=str)
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)


def metadata_of_headers(headers: Headers) -> dict[str, str]:
    return {name[len("atoll-meta-"):]: value for name, value in headers.items() if name.startswith("atoll-meta-")}


def tags_of_headers(headers: Headers) -> dict[str, str]:
    field = headers.lower_get("Atoll-Tags")
    pairs = (part.partition("=") for part in field.split("&") if part)
    return {urllib.parse.unquote(name): urllib.parse.unquote(value) for name, _, value in pairs}
