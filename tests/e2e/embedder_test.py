"""Who turns texts into vectors, with the real program and a small server that embeds: chosen, filled, asked, away."""
import http.server
import json
import os
import random
import sqlite3
import struct
import threading
import unittest

from harness import AtollTest, wait_until
from rest_test import RestTest

# What the small model knows: one direction a notion.
NOTIONS = [("doctor", "physician", "medicine"), ("boiler", "heating", "warm"), ("rose", "tulip", "garden"), ("ferry", "norway", "boat")]


def vector_of(text):
    words = text.lower()
    return [1.0 * sum(words.count(word) for word in notion) for notion in NOTIONS] + [0.01]


class Embedding(http.server.ThreadingHTTPServer):
    """Speaks Ollama's protocol; counts what it was sent."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.texts, self.keys, self.is_away = [], set(), False
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self):
        return f"http://127.0.0.1:{self.server_address[1]}/api/embed?model=tiny"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.keys.add(self.headers.get("Authorization"))
        if self.server.is_away:
            self.send_error(503)
            return
        self.server.texts += body["input"]
        answer = json.dumps({"embeddings": [vector_of(text) for text in body["input"]]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


class EmbedderTest:
    def fill(self):
        self.file("in/health.txt", b"The physician wrote down which medicine to take.")
        self.file("in/cellar.txt", b"The boiler is in the cellar.")
        self.file("in/flowers.txt", b"Tulip and rose beside the pond.")
        self.file("in/trip.txt", b"The ferry to Norway leaves at noon.")
        self.atoll("put", self.path("in"), "box")

    def own(self, server):
        """Texts of the vault that the server was sent: not our samples, not questions."""
        return [text for text in server.texts if any(word in text for word in ("physician wrote", "in the cellar", "beside the pond", "at noon"))]


class Alone(EmbedderTest, AtollTest):
    def setUp(self):
        super().setUp()
        self.server = Embedding()
        self.addCleanup(self.server.shutdown)
        self.fill()
        self.atoll("index")

    def found(self, *words):
        return [one["key"] for one in self.atoll("--json", "find", *words).of_type("object")]

    def test_a_dry_run_says_the_cost_and_sends_no_text(self):
        cost = self.atoll("--json", "index", "embedder", "set", "-n", self.server.address).of_type("embedding_cost")[0]
        self.assertEqual(cost["passages"], 4)
        self.assertGreater(cost["tokens"], 20)
        self.assertGreater(cost["bytes_sent"], 100)
        self.assertEqual(cost["dimension"], 5)
        self.assertTrue(cost["is_measured"])
        self.assertFalse(cost["leaves_machine"])
        self.assertEqual(self.own(self.server), [])
        shown = self.atoll("--json", "index", "embedder", "show").of_type("embedder")[0]
        self.assertEqual((shown["choice"], shown["answers"]), ("built-in", "learned"))

    def test_it_is_filled_and_answers_and_nothing_is_sent_twice(self):
        self.atoll("index", "embedder", "set", self.server.address)
        self.atoll("index")
        shown = self.atoll("--json", "index", "embedder", "show").of_type("embedder")[0]
        self.assertTrue(shown["answers"].endswith(" tiny"), shown)
        self.assertEqual((shown["passages"], shown["waiting"], shown["next"], shown["trouble"]), (4, 0, "", ""))
        self.assertEqual(self.found("--near", "doctor", "--near-threshold", "0.9"), ["health.txt"])
        self.assertEqual(len(self.own(self.server)), 4)
        # The same text under another name, and an index made anew, ask nobody.
        self.file("more/same.txt", b"The boiler is in the cellar.")
        self.atoll("put", self.path("more"), "box2")
        self.atoll("index")
        self.atoll("index", "--rebuild")
        self.assertEqual(len(self.own(self.server)), 4)
        self.assertEqual(len(self.found("--near", "heating", "--near-threshold", "0.9")), 2)

    def test_a_server_that_is_away_keeps_nobody_from_words(self):
        self.server.is_away = True
        self.atoll("index", "embedder", "set", self.server.address, code=24)
        self.server.is_away = False
        self.atoll("index", "embedder", "set", self.server.address)
        self.atoll("index")
        self.server.is_away = True
        self.file("late/late.txt", b"A rose for the doctor.")
        self.atoll("put", self.path("late"), "late")
        answer = self.atoll("find", "--near", "boat")
        self.assertIn("by words alone", answer.errors)
        self.assertEqual(self.found("ferry"), ["trip.txt"])
        self.assertEqual(self.found("doctor")[:1], ["late.txt"])
        self.server.is_away = False
        self.atoll("index")
        self.assertEqual(self.found("--near", "tulip", "--near-threshold", "0.99"), ["flowers.txt"])

    def test_a_key_comes_from_a_file_and_is_in_no_answer(self):
        self.file("key", b"s3cret-of-mine\n")
        said = self.atoll("-v", "index", "embedder", "set", self.server.address, "--server-key-file", self.path("key"))
        self.atoll("index")
        self.assertEqual(self.server.keys - {None}, {"Bearer s3cret-of-mine"})
        self.assertNotIn("s3cret", said.text + said.errors)
        kept = [os.path.join(top, name) for top, _, names in os.walk(self.path()) for name in names if name.startswith("embedder.")]
        self.assertEqual(len(kept), 1)
        self.assertEqual(os.stat(kept[0]).st_mode & 0o777, 0o600)
        home = self.env["ATOLL_HOME"]
        self.assertFalse(kept[0].startswith(home))

    def test_what_is_no_embedder_is_refused(self):
        for wrong in ("magic", "table:relative", "http://h", "http://user:word@h?model=m", "http://127.0.0.1:1?model=m&key=x"):
            self.atoll("index", "embedder", "set", wrong, code=2)
        self.atoll("index", "embedder", "set", "table:/nowhere", code=20)

    def test_vectors_are_exported_for_other_programs(self):
        self.atoll("index", "embedder", "set", self.server.address)
        self.atoll("index")
        self.atoll("index", "export", self.path("out"))
        config = json.load(open(self.path("out", "config.json")))
        self.assertEqual((config["dimension"], config["metric"]), (5, "cosine"))
        mapping = json.load(open(self.path("out", "id_mapping.json")))
        with open(self.path("out", "vectors.npy"), "rb") as file:
            head = file.read(10)
            self.assertEqual(head[:8], b"\x93NUMPY\x01\x00")
            description = file.read(struct.unpack("<H", head[8:])[0]).decode()
            self.assertIn(f"'shape': ({len(mapping)}, 5)", description)
            self.assertEqual(len(file.read()), len(mapping) * 5 * 2)
        database = sqlite3.connect(self.path("out", "metadata.sqlite"))
        keys = dict(database.execute("SELECT document, key FROM documents"))
        database.close()
        self.assertEqual({keys[one["document"]] for one in mapping if one}, {"health.txt", "cellar.txt", "flowers.txt", "trip.txt"})


def npy(rows):
    """As numpy.save writes it: a list is one vector, a list of lists rows."""
    is_matrix = isinstance(rows[0], list)
    shape = f"{len(rows)}, {len(rows[0])}" if is_matrix else f"{len(rows)},"
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}"
    header += " " * (63 - (10 + len(header)) % 64) + "\n"
    numbers = [number for row in rows for number in row] if is_matrix else rows
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + struct.pack(f"<{len(numbers)}f", *numbers)


class OwnVectors(AtollTest):
    def setUp(self):
        super().setUp()
        self.file("faces/ada.npy", npy([1, 0, 0]))
        self.file("faces/batch.npy", npy([[0, 1, 0], [0.9, 0.1, 0]]))
        self.file("faces/batch.jsonl", b'{"name": "max", "year": 1990}\n{"name": "eve", "year": 2001}\n')
        self.atoll("put", self.path("faces"), "faces")

    def nearest(self, vector, *words):
        return [(one["key"], one.get("row")) for one in self.atoll("--json", "nearest", "faces", "-", *words, input=npy(vector)).of_type("object")]

    def test_the_nearest_come_first(self):
        self.assertEqual(self.nearest([1, 0, 0]), [("ada.npy", None), ("batch.npy", 1), ("batch.npy", 0)])
        self.assertEqual(self.nearest([1, 0, 0], "--threshold", "0.5", "--where", "meta.name=eve"), [("batch.npy", 1)])
        self.assertEqual(self.nearest([0, 1, 0], "--metric", "l2", "--limit", "1"), [("batch.npy", 0)])
        self.atoll("rm", "faces/batch.npy")
        self.assertEqual(self.nearest([0, 1, 0]), [("ada.npy", None)])
        self.atoll("--yes", "undo", "last")
        self.assertEqual(self.nearest([0, 1, 0])[0], ("batch.npy", 0))
        self.assertIn("eve", self.atoll("nearest", "faces", "-", input=npy([1, 0, 0])).text)

    def test_wrong_questions_are_told(self):
        self.assertIn("have 3 numbers", self.atoll("nearest", "faces", "-", input=npy([1, 0]), code=2).errors)
        self.atoll("nearest", "faces", "-", input=b"no array", code=2)
        self.atoll("nearest", "faces", "-", input=npy([[1, 0, 0], [1, 0, 0]]), code=2)
        self.atoll("nearest", "nowhere", "-", input=npy([1, 0, 0]), code=20)


class ServedVectors(RestTest):
    def test_many_get_a_graph_and_numbers_come_as_json(self):
        numbers = random.Random(7)
        rows = [[round(numbers.uniform(-1, 1), 3) for _ in range(8)] for _ in range(6_000)]
        self.file("many/all.npy", npy(rows))
        self.atoll("put", self.path("many"), "many")

        def nearest(vector, **more):
            return self.json("POST", "/api/v1/search/vectors", {"bucket": "many", "vector": vector, "limit": 3, **more})
        first = nearest(rows[77])
        self.assertEqual((first["exact"], first["vectors"], first["results"][0]["row"]), (True, 6_000, 77))
        self.assertTrue(wait_until(lambda: not nearest(rows[77])["exact"], 60))
        led = nearest(rows[77])
        self.assertLess(led["vectors"], 6_000)
        self.assertEqual(led["results"][0]["row"], 77)
        self.assertEqual(nearest(rows[77], exact=True)["results"][0], led["results"][0])
        report = self.json("POST", "/api/v1/buckets/many/vectors?prefix=json/", {"vectors": [
            {"key": "ada", "vector": [9, -9, 9, -9, 9, -9, 9, -9], "payload": {"name": "Ada"}}, {"key": "none", "vector": []}]})
        self.assertEqual((report["stored"], report["failed"], report["failures"][0]["id"]), (1, 1, "vectors.bad_dimension"))

        def best():
            return nearest([1, -1, 1, -1, 1, -1, 1, -1])["results"][0]
        self.assertTrue(wait_until(lambda: best()["object"]["key"] == "json/ada.npy", 60))
        self.assertEqual(best()["payload"], {"name": "Ada"})
        # On the command line it is the server that answers.
        def by_command(*options):
            out = self.atoll("--json", "nearest", "many", "-", "--limit", "1", *options, input=npy(rows[5]))
            self.assertEqual([one["row"] for one in out.of_type("object")], [5])
            return out.of_type("summary")[0]["exact"]
        # What was put last is compared one by one until the graph has it.
        self.assertTrue(wait_until(lambda: not by_command(), 60))
        self.assertTrue(by_command("--exact"))


class Served(EmbedderTest, RestTest):
    def setUp(self):
        super().setUp()
        self.embedding = Embedding()
        self.addCleanup(self.embedding.shutdown)
        self.fill()

    def test_by_rest_it_is_asked_for_the_cost_chosen_and_followed(self):
        address = "/api/v1/search/embedder"
        cost = self.json("PUT", address, {"embedder": self.embedding.address, "dry_run": True})
        self.assertEqual((cost["is_dry_run"], cost["state"]["embedder"], cost["cost"]["dimension"]), (True, "built-in", 5))
        self.assertEqual(self.own(self.embedding), [])
        self.json("PUT", address, {"embedder": "table:/etc"}, 403)
        self.json("PUT", address, {"embedder": self.embedding.address})
        self.assertTrue(wait_until(lambda: self.json("GET", address)["passages"] == 4 and self.json("GET", address)["answers"].endswith(" tiny")))
        found = self.json("POST", "/api/v1/search", {"near": "doctor", "near_threshold": 0.9})
        self.assertEqual([one["key"] for one in found["results"]], ["health.txt"])
        self.assertTrue(found["asked_meaning"])
        self.assertTrue(found["coverage"]["embedder"].endswith(" tiny"))
        self.file("own/a.npy", npy([1, 2]))
        self.atoll("put", self.path("own"), "own")
        near = self.json("POST", "/api/v1/search/vectors", {"bucket": "own", "vector": [1, 2], "limit": 3})
        self.assertEqual([(one["object"]["key"], round(one["score"], 5)) for one in near["results"]], [("a.npy", 1.0)])
        metrics = self.ask("GET", "/metrics").data.decode()
        self.assertRegex(metrics, r'atoll_search_passages\{vault="main"\} [4-9]')
        self.assertRegex(metrics, r'atoll_search_seconds_count\{vault="main"\} [1-9]')


if __name__ == "__main__":
    unittest.main()
