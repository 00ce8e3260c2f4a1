"""What is there twice, what is like a thing, and what was asked: with the real program, alone and through a server."""
import json
import random
import unittest

import harness
from harness import AtollTest
from serve_test import ServeTest


def letter(seed, changes=0):
    words = random.Random(seed).choices([f"word{i}" for i in range(3000)], k=250)
    for i in range(changes):
        words[i * 31 % len(words)] = f"other{i}"
    return " ".join(words).encode() + b".\n"


class Duplicates(AtollTest):
    def setUp(self):
        super().setUp()
        self.file("in/letters/one.txt", letter(1))
        self.file("in/letters/draft.txt", letter(1, 2))
        self.file("in/other.txt", letter(2))
        self.file("in/old/copy.txt", letter(1))
        self.file("in/old/again.txt", letter(1))
        self.atoll("put", self.path("in"), "house")

    def groups(self, *arguments):
        return [{one["key"] for one in group["members"]} for group in self.atoll("--json", "duplicates", *arguments).of_type("group")]

    def test_groups_and_their_removal(self):
        same = {"letters/one.txt", "old/copy.txt", "old/again.txt"}
        self.assertEqual(self.groups(), [same])
        self.assertEqual(self.groups("--like", "text"), [same | {"letters/draft.txt"}])
        self.assertEqual(self.groups("--like", "text", "--threshold", "1"), [])
        self.assertEqual(self.groups("house/old/"), [{"old/copy.txt", "old/again.txt"}])
        self.assertEqual(self.groups("--like", "pictures"), [])
        answer = self.atoll("--json", "duplicates")
        self.assertEqual((answer.summary["groups"], answer.summary["extra"], answer.summary["frees"], answer.summary["is_complete"]), (1, 2, 0, True))
        self.atoll("duplicates", "--like", "sound", code=2)
        self.atoll("duplicates", "--like", "text", "--threshold", "0.1", code=2)
        self.atoll("duplicates", "nothing", code=20)
        self.assertIn("2 would be removed", self.atoll("duplicates", "--remove", "-n").errors)
        self.assertEqual(self.groups(), [same])
        self.assertIn("frees no room", self.atoll("duplicates", "--remove").errors)
        self.assertEqual(self.groups(), [])
        self.atoll("undo", "last", "--yes")
        self.assertEqual(self.groups(), [same])

    def test_more_like_this(self):
        found = self.atoll("--json", "find", "--like", "house/letters/one.txt", "--explain").of_type("object")
        self.assertEqual({one["key"] for one in found[:3]}, {"letters/draft.txt", "old/copy.txt", "old/again.txt"})
        self.assertNotIn("letters/one.txt", [one["key"] for one in found])
        self.assertIn("text", [signal["name"] for signal in found[0]["signals"]])
        self.atoll("find", "--like", "house/nothing", code=20)
        self.atoll("find", "--like", "house/other.txt", "--near", "words", code=2)

    def test_what_was_asked(self):
        self.atoll("find", "word17")
        self.atoll("find", "unicorn")
        self.atoll("find", "unicorn")
        asked = self.atoll("--json", "questions").of_type("questions")[0]
        self.assertEqual([one["words"] for one in asked["found_nothing"]], ["unicorn"])
        self.assertIn("word17", [one["words"] for one in asked["terms"]])
        self.atoll("questions", "--notes", "off")
        self.atoll("find", "dragon")
        asked = self.atoll("--json", "questions").of_type("questions")[0]
        self.assertEqual((asked["is_on"], asked["questions"]), (False, 0))
        self.atoll("questions", "--notes", "on")
        self.atoll("find", "dragon")
        self.assertEqual(self.atoll("--json", "questions").of_type("questions")[0]["questions"], 1)
        self.atoll("questions", "--clear")
        self.assertEqual(self.atoll("--json", "questions").of_type("questions")[0]["questions"], 0)

    def test_columns_of_what_was_typed(self):
        self.assertIn("column 13:", self.atoll("find", "word17 size>lots", code=2).errors)
        self.assertIn("--where: filter, column 6:", self.atoll("find", "word17", "--where", "size>lots", code=2).errors)


class ThroughAServer(ServeTest):
    def call(self, token, method, path, **body):
        answer = self.ask(method, path, {"Authorization": "Bearer " + token, "Content-Type": "application/json"}, json.dumps(body) if body else None)
        return answer.status, json.loads(answer.content) if answer.content else None

    def test_everybody_sees_their_own(self):
        self.serve()
        self.file("in/a.txt", letter(1))
        self.file("in/b.txt", letter(1))
        self.atoll("put", self.path("in"), "house")
        self.atoll("find", "word17")  # waits until the server has looked at it
        with open(self.token()) as file:
            owner = file.read().strip()
        with open(self.token("rob", "reader")) as file:
            rob = file.read().strip()
        status, found = self.call(owner, "GET", "/api/v1/duplicates")
        self.assertEqual((status, found["group_count"], found["bytes"]), (200, 1, len(letter(1))))
        members = [{name: one[name] for name in ("bucket", "key", "version")} for one in found["groups"][0]["members"]]
        self.assertEqual(self.call(rob, "POST", "/api/v1/duplicates/remove", groups=[{"members": members}])[0], 403)
        status, gone = self.call(owner, "POST", "/api/v1/duplicates/remove", groups=[{"members": members}])
        self.assertEqual((status, gone), (200, {"objects": 1, "bytes": len(letter(1))}))
        self.assertEqual(self.call(owner, "POST", "/api/v1/undo", last=True)[0], 200)
        # Questions: the owner sees all, rob his own.
        number = self.call(rob, "POST", "/api/v1/search", query="salary")[1]["question"]
        self.call(owner, "POST", "/api/v1/search", query="word17")
        self.assertEqual(self.call(rob, "POST", "/api/v1/search/opened", question=number, rank=1)[0], 204)
        own = self.call(rob, "GET", "/api/v1/search/questions")[1]
        self.assertFalse(own["is_of_all"])
        self.assertEqual([one["words"] for one in own["terms"]], ["salary"])
        self.assertEqual(own["with_opened"], 1)
        everybody = self.call(owner, "GET", "/api/v1/search/questions")[1]
        self.assertTrue(everybody["is_of_all"])
        self.assertLessEqual({"salary", "word17"}, {one["words"] for one in everybody["terms"]})
        self.assertEqual(self.call(rob, "DELETE", "/api/v1/search/questions")[0], 403)
        self.assertEqual(self.call(owner, "DELETE", "/api/v1/search/questions")[0], 204)
        self.assertEqual(self.call(owner, "GET", "/api/v1/search/questions")[1]["questions"], 0)


if __name__ == "__main__":
    harness.main()
