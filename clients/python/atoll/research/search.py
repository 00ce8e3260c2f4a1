"""`ResearchDataSearch`: research data by words, by fields, and both together.

Words of names, tags and metadata are compared here, with a weight for each field, so a search looks at every name in the bucket; words in contents are the
server's to find. Always true: results are sorted by score, equal ones by data id; nobody sees what the server would not tell them.
"""
from __future__ import annotations

import collections
import difflib
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
# How alike a word has to be for a near match, and what that counts then.
NEAR_RATIO = 0.84
NEAR_WEIGHT = 0.5
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
        "search_types.full_text.fields": "which metadata counts: `tags` are the tags, `metadata` is all of it",
        "search_types.full_text.boost_factors.*": "how much more a word in this field counts",
        "search_types.semantic.*": "there is no search by meaning yet: it finds nothing and warns",
        "search_types.structured.*": "all metadata can be asked for, with ranges and `and`, `or`, `not`",
        "indexing.auto_index": "what is stored is found at once",
        "indexing.incremental_updates": "what is stored is found at once",
        "indexing.relevance_scoring": "results by words are sorted by score",
        "indexing.fuzzy_matching": "a word that is nearly the same counts half",
    }

    def __init__(self, config: Mapping[str, Any] | None = None, client: Client | None = None, *, bucket: str = DEFAULT_BUCKET) -> None:
        super().__init__(config, client, bucket=bucket)
        self._terms: collections.Counter[str] = collections.Counter()
        self._searches = self._successes = 0

    def full_text_search(self, query: str, limit: int = 20) -> SearchResults:
        """The best matches of any of the words in names, tags and metadata, the rarer the more they count (BM25 with one length for all); behind them what
        has the words only in its content, as the server ranks it."""
        if not self.setting("search_types.full_text.enabled", True):
            return SearchResults()
        rows = [_result(one) for one in self.client.find(inside=self.bucket)]
        found = self._ranked(rows, query)
        known = {row["data_id"] for row in found}
        lowest = min((row["score"] for row in found), default=1.0)
        # Only words: a query may have signs that mean something to the server.
        words = " ".join(_words(query))
        inside = self.client.find(query=words, inside=self.bucket, limit=limit) if words else ()
        behind = [row for row in map(_result, inside) if row["data_id"] not in known]
        found += [{**row, "score": lowest / (1 + rank)} for rank, row in enumerate(behind, 1)]
        self._note(query, found)
        return SearchResults(found[:limit], len(found))

    def semantic_search(self, query: str, limit: int = 20) -> SearchResults:
        """By meaning: finds nothing yet, and warns of that."""
        warnings.warn("the server has no search by meaning yet: nothing was looked at", stacklevel=2)
        return SearchResults()

    def structured_search(self, conditions: Mapping[str, Any], limit: int | None = None) -> SearchResults:
        """By fields: {name: value}, {name: {">=": 0.9}}, {name: [one, of]}, `date_range`, and "and", "or" (lists) and "not" of such."""
        rows = [_result(one) for one in self.client.find(conditions_of(conditions), inside=self.bucket, limit=limit)]
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
        rows = [_result(one) for one in self.client.find({"must": _filters(order.get("filters") or {})}, inside=self.bucket)]
        query = str(order.get("query") or "")
        if query:
            rows = self._ranked(rows, query)
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

    def _ranked(self, rows: list[dict[str, Any]], query: str) -> list[dict[str, Any]]:
        boosts = {"title": 2.0, "tags": 1.5, **self.setting("search_types.full_text.boost_factors", {})}
        fields = tuple(self.setting("search_types.full_text.fields", ("description", "notes", "tags", "metadata")))
        wanted = _words(query)
        is_near = bool(self.setting("indexing.fuzzy_matching", True))
        texts = [_texts(row, fields) for row in rows]
        vocabulary = {word for fields_of in texts for words in fields_of.values() for word in words}
        scores = [0.0] * len(rows)
        for term in dict.fromkeys(wanted):
            weights = {term: 1.0}
            if is_near and term not in vocabulary:
                weights.update({word: NEAR_WEIGHT for word in difflib.get_close_matches(term, vocabulary, n=5, cutoff=NEAR_RATIO)})
            hits = [sum(boosts.get(field, 1.0) * max((weights[word] for word in words if word in weights), default=0.0) for field, words in one.items())
                    for one in texts]
            count = sum(1 for hit in hits if hit)
            rarity = math.log(1 + (len(rows) - count + 0.5) / (count + 0.5))
            # Many hits of one word count less and less, as in BM25.
            scores = [score + rarity * hit * 2.2 / (hit + 1.2) for score, hit in zip(scores, hits)]
        found = [{**row, "score": score} for row, score in zip(rows, scores) if score > 0]
        return sorted(found, key=_by_score)


def _words(text: str) -> list[str]:
    return [word.casefold() for word in _WORD.findall(text)]


def _texts(row: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, set[str]]:
    metadata = row["metadata"]
    out = {"title": set(_words(row["title"]))}
    for field in fields:
        if field == "tags":
            out["tags"] = {word for tag in row["tags"] for word in _words(tag)}
        elif field == "metadata":
            # What has a field of its own counts there.
            out["metadata"] = {word for name, value in metadata.items() if name != "title" and name not in fields for word in _words(f"{value}")}
        elif field in metadata:
            out[field] = set(_words(str(metadata[field])))
    return out


def _result(one: types.FoundObject) -> dict[str, Any]:
    metadata = from_metadata(one.get("metadata"))
    key = key_text(one)
    quality = metadata.get("quality_score")
    return {"data_id": f"{one['bucket']}/{key}", "title": str(metadata.get("title") or key.rpartition("/")[2]), "score": 1.0,
            "data_type": metadata.get("data_type") or one.get("content_type", ""),
            "quality_score": float(quality) if isinstance(quality, (int, float)) else math.nan, "metadata": metadata, "tags": sorted(one.get("tags") or {}),
            "size": one["size"], "version": one["version"], "stored": one["stored"]}


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
