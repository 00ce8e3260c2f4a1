"""Settings: flag over environment over file over default; a wrong file is told with its line; manual pages."""
import os
import shutil
import subprocess
import unittest

from harness import AtollTest


class Settings(AtollTest):
    def write(self, text, name="config/atoll/atoll.toml"):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        return path

    def make_tree(self):
        os.makedirs(self.path("tree"))
        for name in ("keep.txt", "a.tmp", "b.log", "c # d.bak"):
            with open(self.path("tree", name), "w") as file:
                file.write(name)

    def keys(self, bucket="tree-files"):
        return {one["key"] for one in self.atoll("--json", "ls", "-r", bucket).of_type("object")}

    def test_a_file_sets_options_of_verbs_and_lists_gather(self):
        self.make_tree()
        self.write('[put]\nexclude = ["*.tmp", "c # *"]  # a comment\n')
        self.atoll("put", self.path("tree"), "tree-files", "--exclude", "*.log")
        self.assertEqual(self.keys(), {"./", "keep.txt"})

    def test_flag_over_environment_over_file(self):
        self.atoll("put", "-", "some-bucket/one", input=b"1")
        self.atoll("put", "-", "some-bucket/two", input=b"2")
        self.atoll("put", "-", "some-bucket/three", input=b"3")
        listed = lambda *words, **options: len(self.atoll("ls", "some-bucket", *words, **options).lines)
        self.assertEqual(listed(), 3)
        self.write("[ls]\nlimit = 2\n")
        self.assertEqual(listed(), 2)
        self.assertEqual(listed(env={"ATOLL_LS_LIMIT": "1"}), 1)
        self.assertEqual(listed("--limit", "3", env={"ATOLL_LS_LIMIT": "1"}), 3)

    def test_global_options_and_named_files(self):
        other = self.write(f'home = "{self.path("elsewhere")}"\njson = true\n', "other.toml")
        environment = dict(self.env)
        del environment["ATOLL_HOME"]
        self.env = environment
        self.atoll("--config", other, "init")
        self.assertTrue(os.path.isdir(self.path("elsewhere", "vaults")))
        self.assertEqual(self.atoll("stat", f"--config={other}").of_type("status_report")[0]["message_type"],
                         "status_report")
        # A flag set in the file can be taken back.
        self.assertNotIn("message_type", self.atoll("--config", other, "--json=false", "stat").text)
        self.atoll("--config", self.path("none.toml"), "stat", code=20)

    def test_a_wrong_file_is_told_with_its_line_and_nothing_is_done(self):
        self.make_tree()
        for text, line, word in (("[put]\n\nexlcude = 'x'\n", 3, "exlcude"), ("[pot]\na = 1\n", 1, "pot"),
                                 ("a = = 1\n", 1, ""), ("\nquiet = 'sometimes'\n", 2, "quiet"),
                                 ("[ls]\nlimit = [1, 2]\n", 2, "limit"), ("[ls]\nlimit = 1.5\n", 2, "limit")):
            path = self.write(text)
            answer = self.atoll("put", self.path("tree"), "tree-files", code=2)
            self.assertIn(f"{path}:{line}:", answer.errors, text)
            self.assertIn(word, answer.errors)
            self.atoll("config", "check", code=2)
        self.write("")
        self.atoll("ls", "tree-files", code=20)

    def test_show_and_check(self):
        path = self.write('quiet = false\n[put]\nexclude = ["a", "b"]\n')
        shown = self.atoll("config", "show", env={"ATOLL_LS_LIMIT": "7"}).text
        self.assertIn(f"put.exclude = a, b   ({path}:3)", shown)
        self.assertIn("ls.limit = 7   (ATOLL_LS_LIMIT)", shown)
        every = {one["key"]: one for one in self.atoll("--json", "config", "show", "--all").of_type("setting")}
        self.assertEqual(every["vault.create.encryption"]["variable"], "ATOLL_VAULT_CREATE_ENCRYPTION")
        self.assertNotIn("help", every)
        self.assertEqual(self.atoll("--json", "config", "check").summary["settings"], 2)

    def test_check_judges_values_as_the_verb_would(self):
        right = ('listen = ["127.0.0.1:7070", "*:8080"]\ndrain-seconds = 4\ns3-etag = "fast"\nfor = "lan"\n'
                 'trusted-proxy = ["10.0.0.0/8", "::1"]\nbase-url = "https://files.example"\nno-tls = false\n')
        self.write(f'[serve]\n{right}tls-certificate = "{self.write("x", "chain.pem")}"\n[gc]\ndry-run = true\n')
        self.atoll("config", "check")
        for line, key, allowed in (('listen = "banana"', "serve.listen", "[::1]:7070"), ('drain-seconds = "abc"', "serve.drain-seconds", "whole number"),
                                   ("drain-seconds = -4", "serve.drain-seconds", "whole number"),
                                   (f'tls-certificate = "{self.path("nope")}"', "serve.tls-certificate", "can be read"),
                                   ('s3-etag = "foo"', "serve.s3-etag", "fast"), ('for = "moon"', "serve.for", "proxy"),
                                   ('trusted-proxy = ["::1", "proxy.example"]', "serve.trusted-proxy", "10.0.0.0/8"),
                                   ('base-url = "files.example"', "serve.base-url", "https://"), ('trace-sink = "x"', "serve.trace-sink", "https://")):
            path = self.write(f"[ls]\nlimit = 5\n[serve]\n{line}\n")
            answer = self.atoll("config", "check", code=2)
            self.assertIn(f"{path}:4: {key} = ", answer.errors, line)
            self.assertIn(allowed, answer.errors)
            self.assertNotIn("is right", answer.text)
        self.atoll("ls", "--limit=-1", code=2)
        self.write('[serve]\nlisten = "banana"\nfor = "moon"\n')
        both = self.atoll("config", "check", code=2).errors
        self.assertTrue("banana" in both and "moon" in both, both)

    def test_check_judges_variables_and_names_them(self):
        self.write("[ls]\nlimit = 5\n")
        self.atoll("config", "check", env={"ATOLL_SERVE_LISTEN": "127.0.0.1:1", "ATOLL_JSON": "true"})
        for name, value, key in (("ATOLL_SERVE_LISTEN", "banana", "serve.listen"), ("ATOLL_JOBS", "many", "jobs"), ("ATOLL_JSON", "perhaps", "json")):
            answer = self.atoll("config", "check", env={name: value}, code=2)
            self.assertIn(f"{name}: {key} = ", answer.errors)
            self.assertIn(value, answer.errors)


class Manual(AtollTest):
    makes_home = False

    def test_pages_of_every_verb_say_every_option(self):
        page = self.atoll("man", "put").text
        self.assertTrue(page.startswith(".TH ATOLL-PUT 1"))
        self.assertIn("\\-\\-exclude\\-file", page)
        self.assertIn("\\-\\-home", page)
        self.assertIn("vault", self.atoll("man").text)
        self.assertIn(".TH ATOLL-VAULT-CREATE 1", self.atoll("man", "vault", "create").text)
        self.atoll("man", "nonsense", code=2)
        if shutil.which("groff"):
            read = subprocess.run(["groff", "-man", "-Kutf8", "-Tutf8", "-ww"], input=page.encode(), capture_output=True)
            self.assertEqual(read.stderr, b"")
            self.assertIn(b"patterns to leave out", read.stdout)


if __name__ == "__main__":
    unittest.main()
