"""`ResearchDataSearch`: research data by words, by meaning, by fields, and all of these together.

What is found, and in which order, is the server's to say: names, tags, metadata and contents are in its index. Always true: results stand in the order of
their scores; nobody sees what the server would not tell them.
"""
from __future__ import annotations

import collections
import math
import re
import warnings
from typing import Any, Iterable, Mapping, Sequence

from .. import errors, types
from .._wire import key_text
from ..client import Client
from .settings import DEFAULT_BUCKET, Manager, conditions_of, date_conditions, from_metadata, tag_conditions

# Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009) with its usual constant.
FUSION_CONSTANT = 60
# A word shorter than this has too many that are nearly the same.
NEAR_LETTERS_MIN = 4
_WORD = re.compile(r"[^\W_]+")


class SearchResults(list[dict[str, Any]]):
    """Results in order. `facets`: {field: {value: count}} over all that was found; `total`: how many that is."""

    facets: dict[str, dict[str, int]]
    total: int

    def __init__(self, rows: Iterable[dict[str, Any]] = (), total: int | None = None) -> None:
        super().__init__(rows)
        self.facets = {}
        self.total = len(self) if total is None else total


class ResearchDataSearch(Manager):
    """Each result is {data_id, title, score, data_type, quality_score, metadata, tags, size, version}; `quality_score` is nan where none is known."""

    SETTINGS = {
        "search_types.full_text.enabled": "whether `full_text_search` looks",
        "search_types.full_text.fields": "the server looks at names, titles, tags, metadata and contents, whatever stands here",
        "search_types.full_text.boost_factors.*": "the server's own: a title counts twice, a tag one and a half times",
        "search_types.semantic.enabled": "whether `semantic_search` looks",
        "search_types.semantic.similarity_threshold": "nothing less similar is found, -1 to 1",
        "search_types.semantic.model": "the server's own, learned from what is stored",
        "search_types.semantic.dimensions": "the model's",
        "search_types.structured.*": "all metadata can be asked for, with ranges and `and`, `or`, `not`",
        "indexing.auto_index": "what is stored is found at once",
        "indexing.incremental_updates": "what is stored is found at once",
        "indexing.relevance_scoring": "results by words are sorted by score",
        "indexing.fuzzy_matching": "where no word is found, words that are nearly the same are",
    }

    def __init__(self, config: Mapping[str, Any] | None = None, client: Client | None = None, *, bucket: str = DEFAULT_BUCKET) -> None:
        super().__init__(config, client, bucket=bucket)
        self._terms: collections.Counter[str] = collections.Counter()
        self._searches = self._successes = 0

    def full_text_search(self, query: str, limit: int = 20) -> SearchResults:
        """The best matches of any of the words in names, titles, tags, metadata and contents."""
        if not self.setting("search_types.full_text.enabled", True):
            return SearchResults()
        found = self._by_words(query, limit)
        self._note(query, found)
        return SearchResults(found)

    def semantic_search(self, query: str, limit: int = 20) -> SearchResults:
        """What is near to it in meaning, the nearest first, with `similarity`. Warns where the server has learned no meaning yet."""
        if not self.setting("search_types.semantic.enabled", True) or not _words(query):
            return SearchResults()
        threshold = float(self.setting("search_types.semantic.similarity_threshold", -1.0))
        # What has the same words is among them, too, however near it is.
        found = [row for row in _once(self.client.find(near=query, inside=self.bucket, limit=limit)) if row.get("similarity", -2.0) >= threshold]
        found.sort(key=lambda row: (-row["similarity"], row["data_id"]))
        if not found and not self.client.search_coverage()["knows_meaning"]:
            warnings.warn("the server has learned no meaning yet: it does as more texts are stored", stacklevel=2)
        self._note(query, found)
        return SearchResults(found)

    def structured_search(self, conditions: Mapping[str, Any], limit: int | None = None) -> SearchResults:
        """By fields: {name: value}, {name: {">=": 0.9}}, {name: [one, of]}, `date_range`, and "and", "or" (lists) and "not" of such."""
        rows = _once(self.client.find(conditions_of(conditions), inside=self.bucket, limit=limit))
        self._note(" ".join(str(value) for value in conditions.values() if isinstance(value, str)), rows)
        return SearchResults(rows)

    def combine_search_results(self, results: Sequence[Iterable[Mapping[str, Any]]]) -> SearchResults:
        """One list of several, each thing once: what stands high in many of them stands highest."""
        scores: dict[str, float] = collections.defaultdict(float)
        rows: dict[str, dict[str, Any]] = {}
        for ranking in results:
            for rank, one in enumerate(ranking, 1):
                scores[one["data_id"]] += 1 / (FUSION_CONSTANT + rank)
                rows.setdefault(one["data_id"], dict(one))
        for data_id, row in rows.items():
            row["score"] = scores[data_id]
        return SearchResults(sorted(rows.values(), key=_by_score))

    def advanced_search(self, order: Mapping[str, Any]) -> SearchResults:
        """{query, filters, sorting, facets, limit}: words among what the filters leave.

        filters: data_types, quality_range, date_range, researchers, tags, and any metadata. sorting: `primary` and `secondary` of
        score, quality_score, recency or a name of metadata; `direction` ascending or descending. facets: names of metadata to count.
        """
        unknown = set(order) - {"query", "filters", "sorting", "facets", "limit"}
        if unknown:
            raise errors.BadRequest(f"a search knows no {', '.join(sorted(unknown))}", id="search.unknown_field", hint="query, filters, sorting, facets, limit")
        query = str(order.get("query") or "")
        filters = {"must": _filters(order.get("filters") or {})}
        rows = self._by_words(query, None, filters) if query else _once(self.client.find(filters, inside=self.bucket))
        sorting = order.get("sorting") or {}
        for name in (sorting.get("secondary"), sorting.get("primary")):
            if name:
                rows = _sorted(rows, name, sorting.get("direction", "descending") == "descending")
        out = SearchResults(rows[:order["limit"]] if order.get("limit") else rows, len(rows))
        for field in order.get("facets") or ():
            counts = collections.Counter(str(row["metadata"][field]) for row in rows if field in row["metadata"])
            out.facets[field] = dict(counts.most_common())
        self._note(query, out)
        return out

    def analyze_search_patterns(self) -> dict[str, Any]:
        """Of the searches of this object: {popular_terms: [(word, count)], success_rate: share that found something, searches}."""
        return {"popular_terms": self._terms.most_common(10), "searches": self._searches,
                "success_rate": self._successes / self._searches if self._searches else 0.0}

    def _note(self, query: str, found: Sequence[Any]) -> None:
        self._searches += 1
        self._successes += bool(found)
        self._terms.update(_words(query))

    def _by_words(self, query: str, limit: int | None, filters: Mapping[str, Any] | None = None) -> list[dict[str, Any]]:
        # Only words: a query may have signs that mean something to the server.
        words = _words(query)
        nearly = [word + "~" if len(word) >= NEAR_LETTERS_MIN else word for word in words]
        for line in (words, nearly) if self.setting("indexing.fuzzy_matching", True) else (words,):
            found = _once(self.client.find(filters or "", query=" ".join(line), inside=self.bucket, limit=limit)) if line else []
            if found:
                return found
        return []


def _once(answer: Iterable[types.FoundObject]) -> list[dict[str, Any]]:
    """Each object once, however many of its members were found."""
    rows: dict[str, dict[str, Any]] = {}
    for one in answer:
        row = _result(one)
        rows.setdefault(row["data_id"], row)
    return list(rows.values())


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _result(one: types.FoundObject) -> dict[str, Any]:
    metadata = from_metadata(one.get("metadata"))
    key = key_text(one)
    quality = metadata.get("quality_score")
    row = {"data_id": f"{one['bucket']}/{key}", "title": str(metadata.get("title") or key.rpartition("/")[2]), "score": one.get("score", 1.0),
           "data_type": metadata.get("data_type") or one.get("content_type", ""),
           "quality_score": float(quality) if isinstance(quality, (int, float)) else math.nan, "metadata": metadata, "tags": sorted(one.get("tags") or {}),
           "size": one["size"], "version": one["version"], "stored": one["stored"]}
    if "similarity" in one:
        row["similarity"] = one["similarity"]
    return row


def _filters(filters: Mapping[str, Any]) -> list[Any]:
    must: list[Any] = []
    for name, wanted in filters.items():
        if name == "data_types":
            must.append(conditions_of({"data_type": list(wanted)}))
        elif name == "researchers":
            must.append(conditions_of({"researcher": list(wanted)}))
        elif name == "quality_range":
            must.append(conditions_of({"quality_score": {">=": wanted[0], "<=": wanted[1]}}))
        elif name == "date_range":
            must += date_conditions(wanted)
        elif name == "tags":
            must.append({"should": tag_conditions(wanted)})
        else:
            must.append(conditions_of({name: wanted}))
    return must


def _by_score(row: Mapping[str, Any]) -> tuple[float, str]:
    return -row["score"], row["data_id"]


def _sorted(rows: list[dict[str, Any]], name: str, is_descending: bool) -> list[dict[str, Any]]:
    """By one field; rows without it come last whatever the direction."""
    def value(row: Mapping[str, Any]) -> Any:
        if name == "recency":
            return str(row["metadata"].get("timestamp") or row["stored"])
        return row[name] if name in ("score", "quality_score") else row["metadata"].get(name)
    known = [row for row in rows if value(row) is not None and value(row) == value(row)]
    unknown = [row for row in rows if value(row) is None or value(row) != value(row)]
    numbers = all(isinstance(value(row), (int, float)) for row in known)
    known.sort(key=lambda row: value(row) if numbers else str(value(row)), reverse=is_descending)
    return known + unknown
