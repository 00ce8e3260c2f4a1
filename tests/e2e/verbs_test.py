"""Verbs, operations, settings: every verb of the command line stands in spec/verbs.md with the operations that do the same
over REST, or why none does; and every option of every verb is a key of the configuration file and a variable."""
import json
import os
import re
import unittest

import harness
from harness import SOURCE, AtollTest


class Verbs(AtollTest):
    makes_home = False

    def below(self, words):
        text = self.atoll(*words, "--help").text
        found = re.search(r"^Subcommands:\n((?:.*\n)*)", text, re.M)
        return re.findall(r"^  ([a-z][a-z0-9-]*)", found.group(1), re.M) if found else []

    def verbs(self, words=()):
        more = self.below(words)
        below = [verb for word in more for verb in self.verbs((*words, word))]
        # One that needs no word behind it is a verb of its own, too.
        is_one = not more or (words and "[SUBCOMMAND]" in self.atoll(*words, "--help").text)
        return below + ([" ".join(words)] if is_one else [])

    def table(self):
        with open(os.path.join(SOURCE, "spec/verbs.md")) as file:
            rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in file if line.startswith("| ")]
        return [row for row in rows if row[0] not in ("verb",)]

    def operations(self):
        with open(os.path.join(SOURCE, "spec/openapi.json")) as file:
            document = json.load(file)
        return {row["operationId"] for path in document["paths"].values() for row in path.values()
                if isinstance(row, dict) and "operationId" in row}

    def test_every_verb_has_operations_or_a_reason(self):
        there = self.verbs()
        self.assertGreater(len(there), 80)
        named, operations = [], self.operations()
        for verbs, does, why in self.table():
            named += verbs.split(", ")
            wanted = [one for one in does.split(", ") if one]
            self.assertTrue(wanted or why, f"{verbs}: neither an operation nor a reason")
            self.assertEqual([], [one for one in wanted if one not in operations], verbs)
        self.assertEqual(sorted(set(there)), sorted(named))

    def test_every_operation_is_there_for_a_verb_or_for_clients_alone(self):
        used = {one for _, does, _ in self.table() for one in does.split(", ") if one}
        # What only a client that is no command line needs.
        alone = re.compile(r"^(session_|shared_|upload_|job_|alarm_list$|object_head$|group_change$)")
        self.assertEqual([], sorted(one for one in self.operations() - used if not alone.match(one)))


class Settings(AtollTest):
    makes_home = False
    # Global options and those of help; what makes sense once, on a command line.
    NO_SETTINGS = {"help", "help-all", "version", "config"}

    def options(self, words):
        """Long options of a verb, as its help lists them, without the global ones."""
        text = self.atoll(*words, "--help").text
        return set(re.findall(r"--([a-z][a-z0-9-]*)", "\n".join(re.findall(r"^  (-[^ ]*)", text, re.M))))

    def test_every_option_is_a_key_and_a_variable(self):
        listed = {one["key"]: one for one in self.atoll("--json", "config", "show", "--all").of_type("setting")}
        verbs = Verbs("verbs")
        verbs.atoll = self.atoll
        all_verbs = verbs.verbs()
        checked = 0
        for words in [()] + [tuple(verb.split(" ")) for verb in all_verbs]:
            for option in self.options(words) - self.NO_SETTINGS:
                key = ".".join((*words, option))
                self.assertIn(key, listed)
                self.assertEqual("ATOLL_" + re.sub("[.-]", "_", key).upper(), listed[key]["variable"])
                checked += 1
        self.assertGreater(checked, 200)
        variables = [one["variable"] for one in listed.values()]
        self.assertEqual(len(variables), len(set(variables)), "two keys share a variable")

    def test_a_key_a_variable_and_a_flag_say_the_same_and_the_flag_counts(self):
        path = self.file("atoll.toml", '[serve]\nbase-url = "https://file.example"\ntrusted-proxy = ["10.0.0.1"]\n')
        show = lambda **env: {one["key"]: one for one in self.atoll(
            "--config", path, "--json", "config", "show", env=env).of_type("setting")}
        self.assertEqual(["https://file.example"], show()["serve.base-url"]["values"])
        self.assertTrue(show()["serve.base-url"]["from"].endswith("atoll.toml:2"))
        shown = show(ATOLL_SERVE_BASE_URL="https://variable.example")["serve.base-url"]
        self.assertEqual((["https://variable.example"], "ATOLL_SERVE_BASE_URL"), (shown["values"], shown["from"]))
        self.atoll("config", "check", path)
        wrong = self.file("wrong.toml", '[serve]\nbase_url = "x"\n')
        self.assertIn("wrong.toml:2", self.atoll("config", "check", wrong, code=2).errors)


if __name__ == "__main__":
    harness.main()
