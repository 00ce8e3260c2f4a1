"""`atoll.research`: the examples that these managers come from, near enough word for word, and what they promise in detail."""
import math
import os
import pathlib
import time
import unittest.mock
import warnings
from datetime import datetime, timezone

from client_harness import ClientTest, main

import numpy
import pandas

from atoll import errors
from atoll.research import BackupManager, DataVersionManager, FileStorageManager, HighPerformanceStorage, ResearchDataSearch, UnknownSetting

FILE_CONFIG = {
    'base_path': './research_data/',
    'organization_scheme': 'hierarchical',  # flat, hierarchical, by_experiment
    'file_formats': {
        'primary': 'parquet',    # parquet, hdf5, json, csv
        'compression': 'snappy',
        'metadata_format': 'json'
    },
    'naming_convention': {
        'pattern': '{experiment_id}/{subject_id}/{session_id}/{data_type}.{extension}',
        'timestamp_format': '%Y%m%d_%H%M%S',
        'include_hash': True
    },
    'permissions': {
        'default_mode': 0o644,
        'backup_mode': 0o444,
        'sensitive_mode': 0o600
    }
}
VERSIONING_CONFIG = {
    'versioning_strategy': 'semantic',  # semantic, timestamp, hash
    'auto_versioning': True,
    'major_version_triggers': [
        'schema_change',
        'significant_quality_improvement',
        'new_preprocessing_method'
    ],
    'provenance_tracking': {
        'capture_sources': True,
        'track_transformations': True,
        'record_access': True,
        'maintain_chain': True
    },
    'metadata_enrichment': {
        'auto_timestamp': True,
        'auto_checksum': True,
        'auto_size': True,
        'custom_fields': ['processing_pipeline', 'quality_metrics']
    }
}
SEARCH_CONFIG = {
    'search_types': {
        'full_text': {
            'enabled': True,
            'fields': ['description', 'notes', 'tags', 'metadata'],
            'boost_factors': {'title': 2.0, 'tags': 1.5}
        },
        'semantic': {
            'enabled': True,
            'model': 'sentence_transformers',
            'dimensions': 768,
            'similarity_threshold': 0.7
        },
        'structured': {
            'enabled': True,
            'fields': [
                'experiment_id', 'subject_id', 'data_type',
                'quality_score', 'timestamp', 'researcher'
            ],
            'range_queries': True,
            'boolean_logic': True
        }
    },
    'indexing': {
        'auto_index': True,
        'incremental_updates': True,
        'relevance_scoring': True,
        'fuzzy_matching': True
    }
}
PERFORMANCE_CONFIG = {
    'optimization_targets': {
        'read_speed': 'high',
        'write_speed': 'high',
        'query_performance': 'high',
        'storage_efficiency': 'medium'
    },
    'caching_strategy': {
        'levels': ['memory', 'ssd', 'network'],
        'cache_sizes': {'memory': '4GB', 'ssd': '100GB'},
        'eviction_policy': 'lru',
        'preload_strategy': 'predictive'
    },
    'parallelization': {
        'max_workers': 8,
        'chunk_size': 10000,
        'async_processing': True,
        'load_balancing': True
    },
    'compression': {
        'algorithm': 'adaptive',  # none, gzip, snappy, lz4, adaptive
        'level': 'balanced',
        'chunking': True,
        'streaming': True
    }
}
BACKUP_CONFIG = {
    'backup_schedules': {
        'real_time': {
            'enabled': True,
            'interval_seconds': 300,  # 5 minutes
            'retention_days': 7
        },
        'hourly': {
            'enabled': True,
            'retention_days': 30
        },
        'daily': {
            'enabled': True,
            'retention_days': 90
        },
        'weekly': {
            'enabled': True,
            'retention_days': 365
        },
        'monthly': {
            'enabled': True,
            'retention_years': 7
        }
    },
    'backup_destinations': [
        {
            'type': 'local',
            'path': './backups/local/',
            'encryption': 'AES256',
            'compression': 'gzip'
        },
        {
            'type': 'cloud',
            'provider': 'aws_s3',
            'bucket': 'research-backups',
            'region': 'us-east-1'
        }
    ],
    'recovery_strategies': {
        'point_in_time': True,
        'version_rollback': True,
        'partial_recovery': True,
        'cross_location': True
    }
}
METADATA = {
    'experiment_id': 'active_inference_001',
    'subject_id': 'subject_001',
    'session_id': 'session_2024_10_27_01',
    'data_type': 'behavioral',
    'timestamp': '2024-10-27T10:30:00Z',
    'quality_score': 0.95,
    'processing_pipeline': 'standard_preprocessing_v2.1',
    'researcher': 'dr_smith',
    'project': 'active_inference_study'
}


def results(rows=20):
    return pandas.DataFrame({"trial": range(rows), "choice": ["left", "right"] * (rows // 2), "reaction_s": [0.25 + n / 1000 for n in range(rows)]})


class ResearchTest(ClientTest):
    def setUp(self):
        super().setUp()
        # The examples name folders from where they are run.
        before = os.getcwd()
        os.chdir(self.folder)
        self.addCleanup(os.chdir, before)
        warnings.simplefilter("error", UnknownSetting)
        self.addCleanup(warnings.resetwarnings)

    def manager(self, kind, config, **options):
        with warnings.catch_warnings():
            warnings.simplefilter("error", UnknownSetting)
            made = kind(config, self.shared, **options)
        self.addCleanup(made.close)
        return made

    @property
    def shared(self):
        if not hasattr(self, "_shared"):
            self._shared = self.client()
        return self._shared


class Files(ResearchTest):
    def test_the_example(self):
        experimental_results = results()
        file_storage = FileStorageManager(FILE_CONFIG)
        self.addCleanup(file_storage.close)
        with warnings.catch_warnings():
            # Without an engine for Parquet it is CSV, and that is said.
            warnings.simplefilter("ignore")
            data_id = file_storage.store_data(
                data=experimental_results,
                metadata=METADATA,
                tags=['active_inference', 'behavioral', 'experiment_001']
            )
        retrieved_data, metadata = file_storage.retrieve_data(data_id)
        self.assertEqual((20, 3), retrieved_data.shape)
        pandas.testing.assert_frame_equal(experimental_results, retrieved_data)
        self.assertEqual(METADATA, dict(metadata))
        search_results = file_storage.search_data(
            metadata_filters={
                'experiment_id': 'active_inference_001',
                'data_type': 'behavioral'
            },
            date_range=['2024-10-01', '2024-10-31'],
            tags=['active_inference']
        )
        self.assertEqual([data_id], [one["data_id"] for one in search_results])
        self.assertRegex(data_id, r"^research/active_inference_001/subject_001/session_2024_10_27_01/behavioral_20241027_103000_[0-9a-f]{8}\.(parquet|csv)$")
        # Only below base_path.
        self.assertTrue(os.path.exists(self.path("research_data/home.json")))

    def test_schemes_formats_and_filters(self):
        shapes = {"flat": "research/a_s1_m1_eeg.npy", "by_experiment": "research/a/s1_m1_eeg.npy", "hierarchical": "research/a/s1/m1/eeg.npy"}
        words = {"experiment_id": "a", "subject_id": "s1", "session_id": "m1", "data_type": "eeg"}
        for scheme, name in shapes.items():
            storage = self.manager(FileStorageManager, {"organization_scheme": scheme})
            self.assertEqual(name, storage.store_data(numpy.arange(6.0), words))
            numpy.testing.assert_array_equal(numpy.arange(6.0), storage.retrieve_data(name)[0])
        with self.assertRaises(errors.BadRequest) as caught:
            storage.store_data(b"x", {"experiment_id": "a"})
        self.assertIn("subject_id, session_id, data_type", str(caught.exception))
        evil = {**words, "subject_id": "../../x", "session_id": ".."}
        self.assertEqual("research/a/.._.._x/_/eeg.bin", storage.store_data(b"x", evil))
        for n, (quality, day) in enumerate([(0.5, "2024-10-01"), (0.9, "2024-10-31T23:59:00Z"), (0.95, "2024-11-01T00:00:00Z")]):
            storage.store_data({"n": n}, {**words, "session_id": f"q{n}", "quality_score": quality, "timestamp": day, "list": [1, 2], "flag": True})
        def found(**order):
            return [one["metadata"]["session_id"] for one in storage.search_data(**order)]
        self.assertEqual(["q1", "q2"], found(metadata_filters={"quality_score": {">=": 0.9}}))
        # Both ends of a range of days are in it.
        self.assertEqual(["q0", "q1"], found(metadata_filters={"flag": True}, date_range=["2024-10-01", "2024-10-31"]))
        self.assertEqual(["q0", "q2"], found(metadata_filters={"session_id": ["q0", "q2", "none"]}))
        self.assertEqual([], found(tags=["none"]))
        metadata = storage.retrieve_data("research/a/s1/q0/eeg.json")[1]
        self.assertEqual(([1, 2], True, 0.5), (metadata["list"], metadata["flag"], metadata["quality_score"]))

    def test_settings_that_are_not_known_are_said(self):
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            storage = FileStorageManager({"organisation_scheme": "flat", "permissions": {"default_mode": 0o644}}, self.shared)
        self.assertEqual(["FileStorageManager: the setting organisation_scheme is not known and does nothing"], [str(one.message) for one in said])
        self.assertEqual(["organisation_scheme", "permissions.default_mode"], [one[0] for one in storage.explain_settings()])


class Versions(ResearchTest):
    def test_the_example(self):
        data_id = "research/study/behavioral.csv"
        version_manager = self.manager(DataVersionManager, VERSIONING_CONFIG)
        first = results()
        self.shared.put(data_id, first, metadata={"processing_pipeline": "v2.1"})

        def create_data_version(data, description, version_type='minor'):
            current_version = version_manager.get_current_version(data_id)
            new_version = version_manager.calculate_new_version(current_version, version_type)
            version_metadata = {
                'version': new_version,
                'previous_version': current_version,
                'description': description,
                'changes': version_manager.analyze_changes(data, current_version),
                'timestamp': datetime.now(),
                'author': 'researcher_name',
                'quality_impact': version_manager.assess_quality_impact(data),
                'backward_compatibility': version_manager.check_compatibility(new_version)
            }
            version_id = version_manager.store_version(
                data=data,
                metadata=version_metadata,
                data_id=data_id
            )
            version_manager.update_provenance_chain(data_id, version_id, version_metadata)
            return version_id, new_version

        second = results(22)
        second.loc[3, "reaction_s"] = 0.9
        version_id, new_version = create_data_version(second, "two more trials")
        self.assertEqual("1.1.0", new_version)
        version_history = version_manager.get_version_history(data_id)
        self.assertEqual(["1.0.0", "1.1.0"], [one["version"] for one in version_history])
        self.assertEqual(("researcher_name", "two more trials", version_id), tuple(version_history[1][name] for name in ("author", "description", "version_id")))
        comparison = version_manager.compare_versions(data_id, '1.0.0', '1.1.0')
        self.assertIn("2 rows added; 1 rows changed", comparison['summary'])
        self.assertFalse(comparison["same_content"])
        historical_data = version_manager.retrieve_version(data_id, '1.0.0')
        pandas.testing.assert_frame_equal(first, historical_data)
        metadata = FileStorageManager({}, self.shared).retrieve_data(data_id)[1]
        self.assertEqual((True, "v2.1"), (metadata["backward_compatibility"], metadata["processing_pipeline"]))
        self.assertEqual(2, metadata["changes"]["rows_added"])
        self.assertIn("sha256", self.shared.stat(data_id)["checksums"])
        # The chain from the result to its source.
        chain = version_manager.get_provenance_chain(data_id)
        self.assertEqual(["1.1.0", "1.0.0"], [one["label"] for one in chain["nodes"]])
        self.assertEqual(1, len(chain["edges"]))
        version_manager.rollback(data_id, "1.0.0")
        pandas.testing.assert_frame_equal(first, self.shared.get_data(data_id))

    def test_names_by_every_strategy(self):
        semantic = self.manager(DataVersionManager, {})
        for change, wanted in (("major", "2.0.0"), ("minor", "1.3.0"), ("patch", "1.2.4"), ("schema_change", "2.0.0")):
            self.assertEqual(wanted, semantic.calculate_new_version("1.2.3", change))
        for wrong in ("1.2", "x.y.z", ""):
            with self.assertRaises(errors.BadRequest):
                semantic.calculate_new_version(wrong)
        with self.assertRaises(errors.BadRequest):
            semantic.calculate_new_version("1.0.0", "huge")
        for strategy, pattern in (("timestamp", r"^\d{4}-\d\d-\d\dT"), ("hash", r"^[0-9a-f]{12}$"), ("semantic", r"^1\.\d\.0$")):
            manager = self.manager(DataVersionManager, {"versioning_strategy": strategy, "auto_versioning": True}, bucket=f"by-{strategy}")
            data_id = f"by-{strategy}/a.json"
            for n in range(3):
                manager.store_version({"n": n}, {"version": manager.calculate_new_version("1.0.0") if strategy != "semantic" else None}, data_id)
            names = [one["version"] for one in manager.get_version_history(data_id)]
            self.assertEqual(3, len(set(names)), names)
            for name in names:
                self.assertRegex(name, pattern)
            self.assertEqual({"n": 1}, manager.retrieve_version(data_id, names[1]))
        with self.assertRaises(errors.BadRequest):
            DataVersionManager({"versioning_strategy": "moon"}, self.shared)

    def test_a_dropped_column_is_not_compatible(self):
        manager = self.manager(DataVersionManager, {})
        self.shared.put("research/t.csv", results())
        current = manager.get_current_version("research/t.csv")
        new = manager.calculate_new_version(current)
        manager.analyze_changes(results(), current)
        self.assertTrue(manager.check_compatibility(new))
        changes = manager.analyze_changes(results().drop(columns=["choice"]), current)
        self.assertEqual(["choice"], changes["columns_removed"])
        self.assertFalse(manager.check_compatibility(new))
        table = results()
        table["trial"] = table["trial"].astype(str)
        self.assertEqual(["trial"], manager.analyze_changes(table, current)["types_changed"])
        table.loc[:4, "choice"] = None
        self.assertEqual({"completeness": 1 - 5 / 60, "uniqueness": 1.0}, {name: round(value, 9) if name == "uniqueness" else value
                         for name, value in manager.assess_quality_impact(table).items()} | {"completeness": 1 - 5 / 60})
        self.assertAlmostEqual(1 - 5 / 60, manager.assess_quality_impact(table)["completeness"], places=5)

    def test_a_name_that_is_taken_stores_nothing(self):
        manager = self.manager(DataVersionManager, {})
        manager.store_version({"n": 1}, {"version": "1.0.0"}, "research/a.json")
        with self.assertRaises(errors.LabelTaken):
            manager.store_version({"n": 2}, {"version": "1.0.0"}, "research/a.json")
        self.assertEqual({"n": 1}, self.shared.get_data("research/a.json"))

    def test_who_read_what_is_known(self):
        manager = self.manager(DataVersionManager, VERSIONING_CONFIG)
        self.shared.put("research/a.json", {"n": 1})
        self.shared.get("research/a.json")
        end = time.monotonic() + 30
        while not (seen := manager.get_access_history("research/a.json")) and time.monotonic() < end:
            time.sleep(0.05)
        self.assertEqual(("owner", True), (seen[0]["actor"], seen[0]["is_allowed"]))


class Search(ResearchTest):
    def setUp(self):
        super().setUp()
        rows = [("behavioral/one.json", "Active inference behavioral experiments", "behavioral", 0.95, "2024-05-01", "dr_smith", ["active_inference"]),
                ("behavioral/two.json", "Choice under risk", "behavioral", 0.90, "2024-06-01", "dr_johnson", ["experiment"]),
                ("physio/three.json", "Heart rate during inference", "physiological", 0.86, "2024-07-01", "dr_smith", ["experiment", "behavioral"]),
                ("physio/four.json", "Skin conductance", "physiological", 0.70, "2024-08-01", "dr_smith", []),
                ("old/five.json", "Behavioral pilot", "behavioral", 0.99, "2019-01-01", "dr_jones", [])]
        for key, title, kind, quality, day, researcher, tags in rows:
            words = {"title": title, "data_type": kind, "quality_score": str(quality), "timestamp": day, "researcher": researcher,
                     "experiment_type": "active_inference", "value_types": "quality_score"}
            self.shared.put(f"research/{key}", {"x": 1}, metadata=words, tags={tag: "" for tag in tags})
        self.search = self.manager(ResearchDataSearch, SEARCH_CONFIG)

    def names(self, found):
        return [pathlib.PurePath(one["data_id"]).stem for one in found]

    def test_the_example(self):
        research_search = self.search

        def comprehensive_data_search(query):
            text_results = research_search.full_text_search(query, limit=20)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # so few texts teach no meaning
                semantic_results = research_search.semantic_search(query, limit=20)
            structured_results = research_search.structured_search({
                'experiment_type': 'active_inference',
                'quality_score': {'>=': 0.9},
                'date_range': ['2024-01-01', '2024-12-31']
            })
            combined_results = research_search.combine_search_results(
                [text_results, semantic_results, structured_results]
            )
            for i, result in enumerate(combined_results[:10], 1):
                self.assertTrue(f"{i:2d}. {result['title']} (score: {result['score']:.3f})")
                self.assertTrue(f"    Type: {result['data_type']}, Quality: {result['quality_score']:.2f}")
            return combined_results
        found = self.names(comprehensive_data_search("active inference behavioral experiments"))
        self.assertEqual("one", found[0])
        self.assertEqual(len(set(found)), len(found))
        self.assertIn("two", found)
        advanced_search = research_search.advanced_search({
            'query': 'active inference behavioral experiments',
            'filters': {
                'data_types': ['behavioral', 'physiological'],
                'quality_range': [0.85, 1.0],
                'date_range': ['2024-01-01', '2024-12-31'],
                'researchers': ['dr_smith', 'dr_johnson'],
                'tags': ['active_inference', 'experiment']
            },
            'sorting': {
                'primary': 'quality_score',
                'secondary': 'recency',
                'direction': 'descending'
            },
            'facets': ['data_type', 'researcher', 'experiment_type']
        })
        self.assertEqual(["one", "two", "three"], self.names(advanced_search))
        self.assertEqual({"behavioral": 2, "physiological": 1}, advanced_search.facets["data_type"])
        self.assertEqual({"dr_smith": 2, "dr_johnson": 1}, advanced_search.facets["researcher"])
        search_analytics = research_search.analyze_search_patterns()
        self.assertIn("inference", [word for word, _ in search_analytics['popular_terms']])
        self.assertGreaterEqual(search_analytics['success_rate'], 0.75)

    def test_words_count_by_field_and_nearly(self):
        # A word in a title counts more than one in a tag, and that more than one elsewhere.
        self.shared.put("research/other/six.json", {}, metadata={"notes": "pilot elsewhere"})
        self.shared.put("research/other/seven.json", {}, metadata={"notes": "x"}, tags={"pilot": ""})
        self.assertEqual(["five", "seven", "six"], self.names(self.search.full_text_search("pilot")))
        self.assertEqual(self.names(self.search.full_text_search("behavioral")), self.names(self.search.full_text_search("behavoral")))
        self.assertEqual([], self.search.full_text_search("nothing-like-it"))
        strict = self.manager(ResearchDataSearch, {"indexing": {"fuzzy_matching": False}})
        self.assertEqual([], strict.full_text_search("behavoral"))
        self.assertEqual(2, len(self.search.full_text_search("behavioral", limit=2)))

    def test_words_in_contents_count_less_than_those_of_titles(self):
        self.shared.put("research/notes/eight.txt", b"About the pilot and the sextant, in a text file.\n")
        self.assertEqual(["five", "eight"], self.names(self.search.full_text_search("pilot")))
        self.assertEqual(["eight"], self.names(self.search.full_text_search("sextant")))
        # Only words: a minus means nothing here.
        self.assertEqual(["eight", "five"], sorted(self.names(self.search.full_text_search("sextant -pilot"))))

    def test_meaning_counts_down_to_the_threshold(self):
        rows = [{**one, "similarity": similarity} if similarity is not None else one
                for one, similarity in zip(self.shared.find(inside="research"), (0.5, 0.9, None, 0.71, 0.7))]
        with unittest.mock.patch.object(self.search.client, "find", return_value=iter(rows)) as asked:
            found = self.search.semantic_search("medicine")
        self.assertEqual("medicine", asked.call_args.kwargs["near"])
        self.assertEqual([0.9, 0.71, 0.7], [one["similarity"] for one in found])
        off = self.manager(ResearchDataSearch, {"search_types": {"semantic": {"enabled": False}}})
        self.assertEqual([], off.semantic_search("medicine"))

    def test_a_server_that_knows_no_meaning_yet_is_said_to(self):
        client = self.search.client
        for knows, count in ((False, 1), (True, 0)):
            with warnings.catch_warnings(record=True) as said, unittest.mock.patch.object(client, "find", return_value=iter(())), \
                    unittest.mock.patch.object(client, "search_coverage", return_value={"knows_meaning": knows}):
                warnings.simplefilter("always")
                self.assertEqual([], self.search.semantic_search("medicine from the doctor"))
            self.assertEqual(count, len(said))

    def test_and_or_not_and_ranges(self):
        def found(conditions):
            return sorted(self.names(self.search.structured_search(conditions)))
        self.assertEqual(["five", "four", "one"], found({"or": [{"and": [{"researcher": "dr_smith"}, {"not": {"tags_missing": "x"}}, {"quality_score": {"<": 0.8}}]},
                                                              {"quality_score": {">=": 0.95}}]}))
        self.assertEqual(["five", "two"], found({"not": {"researcher": "dr_smith"}}))
        self.assertEqual(["three", "two"], found({"date_range": ["2024-06-01", "2024-07-01"]}))
        with self.assertRaises(errors.BadRequest):
            found({"quality_score": {"~": 1}})
        self.assertTrue(math.isnan(self.search.combine_search_results([[{"data_id": "x", "quality_score": math.nan}]])[0]["quality_score"]))
        with self.assertRaises(errors.BadRequest):
            self.search.advanced_search({"querry": "x"})


class Performance(ResearchTest):
    def test_the_example(self):
        hp_storage = self.manager(HighPerformanceStorage, PERFORMANCE_CONFIG)
        content = {f"research/n/{n}": os.urandom(20_000) for n in range(60)}
        self.assertEqual(list(content), hp_storage.store_many(content))
        self.assertEqual(list(content.values()), hp_storage.read_many(content))
        self.assertEqual(list(content.values()), hp_storage.read_many(content))
        # With async_processing a call gives a Future.
        self.assertEqual(content["research/n/7"], hp_storage.read("research/n/7").result(60))
        monitor = hp_storage.get_performance_monitor()
        metrics = monitor.get_current_metrics()
        shown = [f"Read Speed:  {metrics['read_speed_mbps']:.1f} MB/s", f"Write Speed: {metrics['write_speed_mbps']:.1f} MB/s",
                 f"Query Time:  {metrics['avg_query_time_ms']:.1f} ms", f"Cache Hit Rate: {metrics['cache_hit_rate']:.1%}",
                 f"Storage Usage:  {metrics['storage_usage_percent']:.1f}%", f"Active Connections: {metrics['active_connections']}"]
        self.assertEqual(6, len(shown))
        self.assertEqual({"network": 60, "memory": 61}, metrics["cache_hits"])
        self.assertAlmostEqual(61 / 121, metrics["cache_hit_rate"])
        self.assertTrue(metrics["read_speed_mbps"] > 0 and metrics["write_speed_mbps"] > 0 and metrics["avg_query_time_ms"] > 0)
        self.assertTrue(0 < metrics["storage_usage_percent"] <= 100)
        for alert in monitor.get_performance_alerts():
            self.assertTrue(alert["type"] and alert["message"])

    def test_caches_keep_their_size_and_never_give_what_is_old(self):
        storage = self.manager(HighPerformanceStorage, {"caching_strategy": {"levels": ["memory", "ssd"], "cache_sizes": {"memory": "50KB", "ssd": "90KB"}}})
        storage.store_many((f"research/{n}", bytes([n]) * 20_000) for n in range(6))
        for n in range(6):
            storage.read(f"research/{n}")
        self.assertLessEqual(storage._memory.bytes, 50_000)
        self.assertLessEqual(sum(entry.stat().st_size for entry in os.scandir(storage._disk._folder)), 90_000)
        for n in (5, 3, 0):  # in memory, on disk, in neither
            self.assertEqual(bytes([n]) * 20_000, storage.read(f"research/{n}"))
        self.assertEqual({"network": 7, "memory": 1, "ssd": 1}, dict(storage.figures.hits))
        self.shared.put("research/5", b"new")
        self.assertEqual(b"new", storage.read("research/5"))
        with self.assertRaises(errors.PartlyDone) as caught:
            storage.read_many(["research/1", "research/none"])
        self.assertEqual(["research/none"], [name for name, _ in caught.exception.failed])

    def test_what_followed_is_fetched_ahead(self):
        storage = self.manager(HighPerformanceStorage, {"caching_strategy": {"levels": ["memory"], "preload_strategy": "predictive"}})
        storage.store_many((f"research/{name}", name.encode()) for name in "abc")
        for name in "abc":
            storage.read(f"research/{name}")
        storage._memory._held.clear()
        storage.read("research/b")
        end = time.monotonic() + 30
        while len(storage._memory._held) < 2 and time.monotonic() < end:
            time.sleep(0.01)
        before = storage.figures.hits["network"]
        storage.read("research/c")
        self.assertEqual(before, storage.figures.hits["network"])


class Backup(ResearchTest):
    def test_the_example(self):
        backup_manager = self.manager(BackupManager, BACKUP_CONFIG)
        made = backup_manager.setup_automated_backup()
        self.assertEqual(["backup-1"], made["copies"])
        self.assertEqual(5, len(made["schedules"]))
        self.assertEqual(1, len(made["not_done"]))
        self.assertIn("atoll copy add s3://research-backups/", made["not_done"][0][1])
        self.assertTrue(os.path.exists(self.path("backups/local/copy.json")))
        # Again it changes nothing.
        self.assertEqual(made, backup_manager.setup_automated_backup())
        self.assertEqual(5, len(list(self.shared.each(self.shared.schedule_list))))

        def test_backup_recovery():
            test_data = results(2000)
            original_id = backup_manager.store_test_data(test_data)
            before_loss = datetime.now(timezone.utc)
            time.sleep(0.01)
            backup_manager.simulate_data_loss(original_id)
            self.assertFalse(self.shared.exists(original_id))
            recovered_data = backup_manager.recover_data(original_id)
            validation = backup_manager.validate_recovery(test_data, recovered_data)
            point_in_time_data = backup_manager.point_in_time_recovery(
                data_id=original_id,
                target_time=before_loss.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            )
            self.assertTrue(backup_manager.validate_recovery(test_data, point_in_time_data)["success"])
            with self.assertRaises(errors.NotFound):
                backup_manager.point_in_time_recovery(data_id=original_id, target_time='2024-10-27T10:00:00Z')
            return validation
        recovery_test = test_backup_recovery()
        self.assertTrue(recovery_test["success"])
        self.assertFalse(backup_manager.validate_recovery(results(10), results(12))["success"])
        backup_manager.backup_now("before the example ends")
        backup_status = backup_manager.get_backup_status()
        shown = [f"Last backup: {backup_status['last_backup']}", f"Backup size: {backup_status['total_size_gb']:.1f} GB",
                 f"Success rate: {backup_status['success_rate']:.1%}", f"Next backup: {backup_status['next_backup']}"]
        self.assertEqual("Success rate: 100.0%", shown[2])
        self.assertGreater(backup_status["total_size_gb"], 0)
        self.assertGreater(backup_status["next_backup"], backup_status["last_backup"])
        self.assertTrue(all(job["result"] for job in backup_manager.verify_copies()))

    def test_failures_are_counted(self):
        manager = self.manager(BackupManager, {"backup_schedules": {"daily": {"enabled": True, "retention_days": 9}}})
        manager.setup_automated_backup()
        name = "backup-daily-research"
        self.shared.wait(self.shared.schedule_run(name))
        self.assertEqual(1.0, manager.get_backup_status()["success_rate"])
        self.shared.schedule_delete(name)
        self.shared.schedule_create(command="snapshot create twice no-such-bucket", rule="daily 02:30", name=name)
        self.shared.wait(self.shared.schedule_run(name))
        status = manager.get_backup_status()
        self.assertEqual((0.5, 1), (status["success_rate"], len(status["failures"])))

    def test_everything_below_goes_back(self):
        manager = self.manager(BackupManager, {})
        self.shared.put("research/a", b"1")
        at = self.shared.stat("research/a")["lsn"]
        self.shared.put("research/a", b"2")
        self.shared.put("research/b", b"2")
        manager.recover_all(str(at))
        self.assertEqual((b"1", False), (self.shared.get("research/a"), self.shared.exists("research/b")))


if __name__ == "__main__":
    main()
