"""Labels and provenance with the real program: named by hand and by rule, found everywhere, and still there after a rebuild, a
copy, an export and an undo."""
import json
import os
import unittest

from harness import AtollTest


class Labels(AtollTest):
    def put(self, address, content, *words, **options):
        return self.atoll("put", "-", address, *words, input=content, **options)

    def labels(self, address):
        return [(one["label"], one["version"]) for one in self.atoll("--json", "label", "list", address).of_type("label")]

    def test_a_label_is_found_wherever_a_version_is_named(self):
        self.put("data/a.txt", b"one\n", "--label", "1.0", "--author", "Anna", "--description", "first try")
        self.put("data/a.txt", b"two\n")
        self.put("data/a@b.txt", b"a key with a sign\n")
        self.assertEqual(self.atoll("cat", "data/a.txt@1.0").out, b"one\n")
        self.assertEqual(self.atoll("cat", "data/a.txt", "--version", "1.0").out, b"one\n")
        self.assertEqual(self.atoll("cat", "data/a@b.txt").out, b"a key with a sign\n")
        self.atoll("get", "data/a.txt@1.0", "-o", self.path("got/"))
        with open(self.path("got", "a.txt"), "rb") as file:
            self.assertEqual(file.read(), b"one\n")
        self.atoll("restore", "data/a.txt@1.0", "--target", self.path("back"))
        with open(self.path("back", "a.txt"), "rb") as file:
            self.assertEqual(file.read(), b"one\n")
        self.assertIn("-one\n+two\n", self.atoll("diff", "data/a.txt@1.0", code=1).text)
        self.assertIn("-one\n+two\n", self.atoll("diff", "data/a.txt@1.0", "data/a.txt", code=1).text)
        only = self.atoll("--json", "log", "data/a.txt@1.0").of_type("version")
        self.assertEqual([(one["label"], one["author"], one["description"]) for one in only], [("1.0", "Anna", "first try")])
        self.assertEqual(self.atoll("--json", "stat", "data/a.txt@1.0").of_type("object")[0]["label"], "1.0")
        self.atoll("rollback", "data/a.txt", "--to", "1.0")
        self.assertEqual(self.atoll("cat", "data/a.txt").out, b"one\n")
        self.atoll("cat", "data/a.txt@2.0", code=20)
        self.atoll("rm", "--forever", "--versions", "1.0", "data/a.txt", "--yes")
        self.atoll("cat", "data/a.txt@1.0", code=20)
        self.assertEqual(self.atoll("cat", "data/a.txt").out, b"one\n")

    def test_a_taken_label_is_a_conflict_that_names_its_version(self):
        self.put("data/a", b"one", "--label", "final")
        holder = self.labels("data/a")[0][1]
        refused = self.put("data/a", b"two", "--label", "final", code=21)
        self.assertIn(holder, refused.errors)
        self.assertEqual(self.atoll("cat", "data/a").out, b"one")
        self.put("data/a", b"two", "--label", "a/b", code=2)
        self.put("data/a", b"two")
        self.atoll("label", "set", "data/a", "final", code=21)
        self.atoll("label", "set", "data/a", "final", "--move")
        self.assertNotEqual(self.labels("data/a")[0][1], holder)
        self.atoll("undo", "last", "--yes")
        self.assertEqual(self.labels("data/a"), [("final", holder)])
        self.assertEqual([one["verb"] for one in
                          self.atoll("--json", "operations", "--limit", "2").of_type("operation")], ["undo", "describe"])
        self.atoll("label", "remove", "data/a", "final")
        self.assertEqual(self.labels("data/a"), [])
        self.atoll("label", "remove", "data/a", "final", code=20)
        self.atoll("label", "list", "data/none", code=20)

    def test_folders_say_it_of_what_is_new_and_report_labels_that_are_taken(self):
        for name in ("a", "b"):
            self.file(f"tree/{name}", name)
        self.atoll("put", self.path("tree"), "data", "--label", "v1", "--author", "Anna")
        self.file("tree/a", "changed now")
        self.atoll("put", self.path("tree"), "data", "--label", "v1", "--author", "Bert", code=3)
        self.assertEqual(self.atoll("cat", "data/a").out, b"changed now")  # stored, without the label
        self.assertEqual(self.atoll("cat", "data/a@v1").out, b"a")
        self.assertEqual(self.atoll("--json", "stat", "data/a").of_type("object")[0]["author"], "Bert")
        unchanged = self.atoll("--json", "stat", "data/b").of_type("object")[0]
        self.assertEqual((unchanged["author"], unchanged["versions"]), ("Anna", 1))
        # One file named by itself: said of that object, although its content is the same.
        self.atoll("put", self.path("tree", "b"), "data/b", "--author", "Bert")
        again = self.atoll("--json", "stat", "data/b").of_type("object")[0]
        self.assertEqual((again["author"], again["versions"]), ("Bert", 2))

    def test_rules_name_versions(self):
        self.atoll("bucket", "create", "data")
        self.atoll("policy", "set", "data", "--labels", "semantic")
        self.put("data/a", b"1")
        self.put("data/a", b"2")
        self.put("data/a", b"3", "--change", "schema_change")
        self.put("data/a", b"4", "--change", "new_preprocessing_method")
        self.put("data/a", b"5", "--change", "significant_quality_improvement")
        self.put("data/a", b"6")
        self.atoll("tag", "data/a", "--meta", "title=x")
        self.assertEqual([label for label, _ in self.labels("data/a")],
                         ["4.1.1", "4.1.0", "4.0.0", "3.0.0", "2.0.0", "1.1.0", "1.0.0"])
        self.atoll("policy", "set", "data", "--labels", "timestamp")
        self.put("data/t", b"1")
        version = self.atoll("--json", "log", "data/t").of_type("version")[0]
        self.assertEqual(version["label"], version["began"])
        self.atoll("policy", "set", "data", "--labels", "hash")
        self.put("data/h", b"same")
        self.put("data/i", b"same")
        self.assertEqual(self.labels("data/h")[0][0], self.labels("data/i")[0][0])
        self.atoll("policy", "set", "data", "--labels", "none")
        self.put("data/n", b"1")
        self.assertEqual(self.labels("data/n"), [])
        self.atoll("policy", "set", "data", "--labels", "roman", code=2)

    def document(self, address, *words):
        return json.loads(self.atoll("provenance", "show", address, "--format", "json", *words).text)

    def keys(self, document):
        return sorted(one.get("atoll:key", one["prov:label"]) for one in document["entity"].values())

    def make_chain(self):
        self.put("raw/a.csv", b"1,2\n", "--label", "1.0.0", "--source", "https://example.org/instrument")
        self.put("raw/b.csv", b"3,4\n", "--author", "Anna")
        self.put("results/clean.csv", b"1,2,3,4\n", "--source", "raw/a.csv@1.0.0", "--source", "raw/b.csv",
                 "--transformation", "normalise", "--label", "1.0", "--author", "Bert")
        self.put("results/figure.svg", b"<svg/>", "--source", "results/clean.csv", "--transformation", "plot")

    def test_the_chain_as_text_json_and_dot(self):
        self.make_chain()
        everything = ["a.csv", "b.csv", "clean.csv", "figure.svg", "https://example.org/instrument"]
        document = self.document("results/figure.svg")
        self.assertEqual(self.keys(document), everything)
        self.assertEqual({kind: len(document[kind]) for kind in document if kind != "prefix"},
                         {"entity": 5, "activity": 4, "agent": 3, "used": 4, "wasGeneratedBy": 4, "wasDerivedFrom": 4,
                          "wasAttributedTo": 2, "wasAssociatedWith": 4})
        ids = set(document["entity"]) | set(document["activity"]) | set(document["agent"])
        for kind in ("used", "wasGeneratedBy", "wasDerivedFrom", "wasAttributedTo", "wasAssociatedWith"):
            for relation in document[kind].values():
                for name, value in relation.items():
                    if name != "prov:time":
                        self.assertIn(value, ids, f"{kind} {name}")
        for prefix in {one.split(":")[0] for one in ids}:
            self.assertIn(prefix, document["prefix"])
        text = self.atoll("provenance", "show", "results/figure.svg@" + self.atoll(
            "--json", "stat", "results/figure.svg").of_type("object")[0]["version"][:18]).text
        for words in ("raw/a.csv@1.0.0", "normalise", "plot", "author Bert", "https://example.org/instrument"):
            self.assertIn(words, text)
        dot = self.atoll("provenance", "show", "results/figure.svg", "--format", "dot").text
        self.assertTrue(dot.startswith("digraph") and dot.endswith("}\n"))
        self.assertEqual(dot.count("[label=used]"), 4)
        self.assertEqual(self.keys(self.document("raw/b.csv", "--downstream")), ["b.csv", "clean.csv", "figure.svg"])
        self.assertEqual(self.keys(self.document("results/figure.svg", "--depth", "1")), ["clean.csv", "figure.svg"])
        line = self.atoll("--json", "provenance", "show", "results/figure.svg").of_type("provenance")[0]
        self.assertEqual((line["entities"], line["broken"], line["document"]), (5, 0, document))
        self.atoll("provenance", "show", "results/figure.svg", "--format", "xml", code=2)
        self.put("results/x", b"x", "--source", "raw/none.csv", code=20)
        # What is removed for good stays in the chain, by name.
        self.atoll("rm", "--forever", "raw/b.csv", "--yes", "--reason", "consent withdrawn")
        broken = self.atoll("provenance", "show", "results/figure.svg")
        self.assertIn("consent withdrawn", broken.text)
        self.assertIn("provenance.broken", self.atoll("--json", "provenance", "show", "results/figure.svg").errors)

    def test_copies_moves_and_later_words(self):
        self.make_chain()
        self.atoll("cp", "results/clean.csv", "results/copy.csv")
        self.atoll("mv", "results/copy.csv", "elsewhere/moved.csv")
        self.assertIn("a.csv", self.keys(self.document("elsewhere/moved.csv")))
        self.atoll("cp", "results/clean.csv", "results/silent.csv", "--no-source")
        self.assertNotIn("copy", self.atoll("provenance", "show", "results/silent.csv").text)
        self.put("results/late", b"late")
        self.atoll("provenance", "add", "results/late", "--source", "raw/a.csv@1.0.0", "--transformation", "sum")
        self.atoll("provenance", "add", "results/late", "--transformation", "mean", code=21)
        self.atoll("provenance", "add", "results/late", "--transformation", "mean", "--replace")
        self.atoll("provenance", "add", "results/late", code=2)
        self.assertIn('made by "mean"', self.atoll("provenance", "show", "results/late").text)
        self.assertIn("late", self.keys(self.document("raw/a.csv@1.0.0", "--downstream")))
        self.put("results/late", b"later")
        self.atoll("rollback", "results/late")
        self.assertIn('made by "rollback"', self.atoll("provenance", "show", "results/late").text)

    def test_it_survives_a_rebuild_a_copy_and_an_export(self):
        self.make_chain()
        before = self.document("results/figure.svg")
        self.atoll("doctor", "--rebuild")
        self.assertEqual(self.document("results/figure.svg"), before)
        self.assertEqual(self.atoll("cat", "raw/a.csv@1.0.0").out, b"1,2\n")
        self.atoll("journal", "checkpoint")
        self.atoll("copy", "add", self.path("copy"), "--as", "usb")
        self.atoll("key", "kit", "--to", self.path("kit"))
        self.env["XDG_CONFIG_HOME"] = self.path("elsewhere")
        self.atoll("--home", self.path("again"), "restore-home", "--from", self.path("copy"), "--kit", self.path("kit"))
        again = self.atoll("--home", self.path("again"), "provenance", "show", "results/figure.svg", "--format", "json")
        self.assertEqual(json.loads(again.text), before)
        self.env["XDG_CONFIG_HOME"] = self.config
        self.atoll("export", "results", "--to", self.path("out"))
        self.atoll("import", self.path("out"), "results-again", "--author", "nobody")
        self.assertEqual(self.atoll("cat", "results-again/clean.csv@1.0").out, b"1,2,3,4\n")
        clean = self.atoll("--json", "stat", "results-again/clean.csv").of_type("object")[0]
        self.assertEqual((clean["author"], clean["transformation"], len(clean["sources"])), ("Bert", "normalise", 2))
        figure = self.atoll("--json", "stat", "results-again/figure.svg").of_type("object")[0]
        self.assertEqual(figure["author"], "nobody")  # it said none itself
        self.assertIn("a.csv", self.keys(self.document("results-again/figure.svg")))
        self.assertEqual(self.atoll("--json", "import", self.path("out"), "results-again").summary["objects_changed"], 0)


if __name__ == "__main__":
    unittest.main()
