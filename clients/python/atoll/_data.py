"""Tables, arrays and plain values as the bytes of an object, and back.

Always true: nothing is imported before somebody hands in, or asks for, what needs it. The format is what the key's ending says;
a key without a known ending gets Parquet for a table where an engine for it is installed, else CSV, and npy for an array.
"""
from __future__ import annotations

import importlib.util
import io
import json
from typing import Any

from . import errors

CONTENT_TYPES = {"parquet": "application/vnd.apache.parquet", "csv": "text/csv; charset=utf-8", "npy": "application/x-npy",
                 "json": "application/json", "txt": "text/plain; charset=utf-8"}
_FORMATS = {content_type.split(";")[0]: name for name, content_type in CONTENT_TYPES.items()}


def has_parquet() -> bool:
    return any(importlib.util.find_spec(name) is not None for name in ("pyarrow", "fastparquet"))


def kind_of(data: Any) -> str:
    """"table", "array", "value" or "" for what is none of them, without importing anything."""
    module = type(data).__module__.partition(".")[0]
    if module == "pandas":
        return "table"
    if module == "numpy":
        return "array"
    return "value" if isinstance(data, (dict, list)) else ""


def format_of(key: str, content_type: str = "") -> str:
    """The name of the format, "" where neither the content type nor the key's ending tells."""
    ending = key.rpartition("/")[2].rpartition(".")[2].lower()
    if ending in ("pq", "parq"):
        ending = "parquet"
    return _FORMATS.get(content_type.partition(";")[0].strip().lower(), "") or (ending if ending in CONTENT_TYPES else "")


def encode(data: Any, key: str, format: str | None = None) -> tuple[bytes, str]:
    """The bytes of a table, an array or a JSON value, and their content type. Raises BadRequest where it cannot be."""
    kind = kind_of(data)
    chosen = format or format_of(key) or {"table": "parquet" if has_parquet() else "csv", "array": "npy", "value": "json"}[kind]
    if chosen not in CONTENT_TYPES or chosen not in {"table": ("parquet", "csv", "json"), "array": ("npy", "csv"), "value": ("json",)}[kind]:
        raise errors.BadRequest(f"a {kind} cannot be stored as {chosen!r}", id="data.bad_format",
                                hint="a table is parquet, csv or json, an array npy or csv, a dict or list json")
    if chosen == "json" and kind == "value":
        return json.dumps(data, ensure_ascii=False, default=_plain).encode(), CONTENT_TYPES[chosen]
    out = io.BytesIO()
    if chosen == "npy":
        import numpy
        # Objects of Python are refused: reading them back would run what somebody stored.
        numpy.save(out, data, allow_pickle=False)
    elif kind == "array":
        import numpy
        numpy.savetxt(out, numpy.atleast_1d(data), delimiter=",", fmt="%s")
    else:
        table = data.to_frame() if type(data).__name__ == "Series" else data
        if chosen == "parquet":
            need_parquet()
            table.to_parquet(out)
        elif chosen == "csv":
            table.to_csv(out, index=not _is_plain_index(table), lineterminator="\n")
        else:
            table.to_json(out, orient="table")
    return out.getvalue(), CONTENT_TYPES[chosen]


def decode(content: bytes, key: str, content_type: str = "") -> Any:
    """What `encode` took: a DataFrame, an array, a JSON value; text where it is that, else the bytes."""
    chosen = format_of(key, content_type)
    source = io.BytesIO(content)
    if chosen == "npy":
        import numpy
        return numpy.load(source, allow_pickle=False)
    if chosen == "parquet":
        import pandas
        need_parquet()
        return pandas.read_parquet(source)
    if chosen == "csv":
        import pandas
        # Every number as it was written, which is not what pandas does by itself.
        return pandas.read_csv(source, float_precision="round_trip")
    if chosen == "json":
        value = json.loads(content)
        if isinstance(value, dict) and isinstance(value.get("schema"), dict) and "pandas_version" in value["schema"]:
            import pandas
            return pandas.read_json(source, orient="table")
        return value
    if chosen == "txt":
        return content.decode()
    return content


def need_parquet() -> None:
    if not has_parquet():
        raise errors.BadRequest("Parquet needs pyarrow or fastparquet, and neither is installed", id="data.no_parquet",
                                hint="install one of them, or store under a key that ends in .csv")


def _is_plain_index(table: Any) -> bool:
    return type(table.index).__name__ == "RangeIndex"


def _plain(value: Any) -> Any:
    # Numbers and times as numpy, pandas and datetime have them.
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if hasattr(value, "tolist"):
        return value.tolist()
    raise errors.BadRequest(f"a {type(value).__name__} is no JSON", id="data.bad_format")
