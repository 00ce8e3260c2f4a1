"""What the managers share: their configuration, their client, and metadata that comes back as it went in.

Always true: a setting is either known, and then `explain_settings` says what becomes of it, or it is warned of.
"""
from __future__ import annotations

import json
import os
import re
import warnings
from typing import Any, Iterator, Mapping

from .. import errors
from .._wire import text_value
from ..client import Client

# Which metadata is no text, so that it comes back as what it was: "quality_score" among names joined by blanks.
TYPES_NAME = "value_types"
DEFAULT_BUCKET = "research"


class UnknownSetting(UserWarning):
    """A setting of a configuration that does nothing here: misspelt, or of another program."""


class Manager:
    """A configuration and a client."""

    # "a.b": words for what becomes of the setting; "a.*" for everything below a name.
    SETTINGS: Mapping[str, str] = {}

    def __init__(self, config: Mapping[str, Any] | None = None, client: Client | None = None, *, bucket: str = DEFAULT_BUCKET) -> None:
        self.config: Mapping[str, Any] = config or {}
        self.bucket = bucket
        for name, _ in _flat(self.config):
            if _words_of(self.SETTINGS, name) is None:
                warnings.warn(f"{type(self).__name__}: the setting {name} is not known and does nothing", UnknownSetting, stacklevel=3)
        self._owns_client = client is None
        self.client = client if client is not None else self._open_client()

    def _open_client(self) -> Client:
        folder = self.setting("base_path", None)
        if folder is not None and not os.environ.get("ATOLL_URL"):
            return Client(os.fspath(folder))
        return Client()

    def setting(self, name: str, default: Any) -> Any:
        """"naming_convention.pattern" of the configuration."""
        value: Any = self.config
        for part in name.split("."):
            if not isinstance(value, Mapping) or part not in value:
                return default
            value = value[part]
        return value

    def explain_settings(self) -> list[tuple[str, Any, str]]:
        """(setting, value, what becomes of it) of everything in the configuration."""
        return [(name, value, _words_of(self.SETTINGS, name) or "not known, does nothing") for name, value in _flat(self.config)]

    def close(self) -> None:
        """Closes the client, if it was opened here."""
        if self._owns_client:
            self.client.close()

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def _flat(config: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in config.items():
        if isinstance(value, Mapping) and value:
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def _words_of(settings: Mapping[str, str], name: str) -> str | None:
    if name in settings:
        return settings[name]
    while "." in name:
        name = name.rpartition(".")[0]
        if f"{name}.*" in settings:
            return settings[f"{name}.*"]
    return None


def to_metadata(values: Mapping[str, Any]) -> dict[str, str]:
    """Text for every value, and one entry more that says which were none. None is left out."""
    given = {name: value for name, value in values.items() if value is not None}
    others = sorted(name for name, value in given.items() if not isinstance(value, str) and not hasattr(value, "isoformat"))
    out = {name: text_value(value.item() if hasattr(value, "item") else value) for name, value in given.items()}
    if others:
        if any(" " in name for name in others):
            raise errors.BadRequest("a name of metadata with a blank in it needs a value that is text", id="object.no_name")
        out[TYPES_NAME] = " ".join(others)
    return out


def from_metadata(stored: Mapping[str, str] | None) -> dict[str, Any]:
    """The same back; times stay text."""
    words = dict(stored or {})
    out: dict[str, Any] = dict(words)
    for name in words.get(TYPES_NAME, "").split(" "):
        if name in words:
            try:
                out[name] = json.loads(words[name])
            except ValueError:
                pass
    out.pop(TYPES_NAME, None)
    return out


def conditions_of(fields: Mapping[str, Any]) -> dict[str, Any]:
    """A filter (spec/filter.md) from {name: value}, {name: {">=": 0.9}}, {name: [either, or]}, with "and", "or" and "not" for filters inside."""
    must: list[Any] = []
    must_not: list[Any] = []
    for name, wanted in fields.items():
        if name in ("and", "or"):
            inside = [conditions_of(one) for one in wanted]
            must.append({"must": inside} if name == "and" else {"should": inside})
        elif name == "not":
            must_not += [conditions_of(one) for one in (wanted if isinstance(wanted, list) else [wanted])]
        elif name == "date_range":
            must += date_conditions(wanted)
        elif isinstance(wanted, Mapping):
            must += [_term(name, op, value) for op, value in wanted.items()]
        elif isinstance(wanted, (list, tuple, set, frozenset)):
            must.append({"should": [_term(name, "=", one) for one in wanted]})
        else:
            must.append(_term(name, "=", wanted))
    return {"must": must, "must_not": must_not} if must_not else {"must": must}


_TIME = re.compile(r"\d{4}-\d\d(-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?)?(Z|[+-]\d\d:\d\d)?")


def date_conditions(dates: Any) -> list[dict[str, Any]]:
    """[first, last], both whole days where they are days; either may be None."""
    first, last = (None if one is None else text_value(one) for one in dates)
    for one in (first, last):
        if one is not None and not _TIME.fullmatch(one):
            raise errors.BadRequest(f"{one!r} is no time", id="time.malformed", hint="as in 2024-10-27 or 2024-10-27T10:30:00Z")
    # By ":" the ends are times, by "<=" they would be texts.
    return [{"field": "meta.timestamp", "op": ":", "value": f"{first or ''}..{last or ''}".replace(" ", "T")}] if first or last else []


def tag_conditions(tags: Any) -> list[dict[str, str]]:
    return [{"field": f"tag.{tag}", "op": ":", "value": "*"} for tag in tags]


def _term(name: str, op: str, value: Any) -> dict[str, Any]:
    if op not in ("=", "==", "!=", "<", "<=", ">", ">="):
        raise errors.BadRequest(f"{op!r} compares nothing", id="filter.bad_operator", hint="one of = != < <= > >=")
    field = name if name in ("name", "key", "size", "modified", "stored", "content_type") else f"meta.{name}"
    # A number compares as one, a text byte by byte.
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return {"field": field, "op": "=" if op == "==" else op, "value": value if is_number else text_value(value)}
