"""Finding by words with the real program: files as people have them, alone and through a server."""
import io
import json
import os
import shutil
import time
import unittest
import zipfile

import harness
from harness import AtollTest
from serve_test import ServeTest

LETTER = b"""# Letter to the landlord

The boiler in our kitchen is broken again.
Please send somebody to look at it before the winter.
"""


def docx(text):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
                         '<Override PartName="/word/document.xml" ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>')
        archive.writestr("_rels/.rels", '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
                         '<Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="word/document.xml"/></Relationships>')
        archive.writestr("word/document.xml", '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
                         f"<w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:body></w:document>")
        archive.writestr("docProps/core.xml", '<?xml version="1.0"?><cp:coreProperties xmlns:cp="http://schemas.openxmlformats.org/package/2006/metadata/core-properties" '
                         'xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:title>Heating plan</dc:title><dc:creator>Ada Lovelace</dc:creator></cp:coreProperties>')
    return out.getvalue()


MAIL = (b"From: Max Muster <max@example.org>\r\nTo: ada@example.org\r\nSubject: Holiday in Norway\r\n"
        b"Date: Fri, 03 May 2024 10:00:00 +0200\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe ferry leaves at noon from Bergen.\r\n")


def archive_of(**members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name.replace("__", "/") + ".txt", content)
    return out.getvalue()


class FindTest:
    def fill(self):
        self.file("in/letters/landlord.md", LETTER)
        self.file("in/plans/heating.docx", docx("The pump stands beside the cellar door."))
        self.file("in/mail/norway.eml", MAIL)
        self.file("in/old/things.zip", archive_of(notes__garden="Tulips and daffodils.", list="Screws, nails, a hammer."))
        self.file("in/numbers.csv", b"city,year,people\nBergen,2020,283929\nOslo,2020,693494\n")
        self.file("in/letters/draft.txt", "Über die Wärmepumpe: die Heizung läuft wieder.\n".encode())
        self.file("in/noise.bin", os.urandom(50_000))
        self.atoll("put", self.path("in"), "house")

    def found(self, *words, **options):
        objects = self.atoll("--json", "find", *words, **options).of_type("object")
        return [one["key"] + ("!/" + one["inside"] if "inside" in one else "") for one in objects]


class Find(FindTest, AtollTest):
    def setUp(self):
        super().setUp()
        self.fill()

    def test_words_lead_to_files(self):
        self.assertEqual(self.found("boiler"), ["letters/landlord.md"])
        self.assertEqual(self.found("pump")[0], "plans/heating.docx")
        self.assertEqual(self.found("lovelace"), ["plans/heating.docx"])
        self.assertEqual(self.found("title:heating"), ["plans/heating.docx"])
        self.assertEqual(self.found("ferry"), ["mail/norway.eml"])
        self.assertEqual(self.found("Norway"), ["mail/norway.eml"])
        self.assertEqual(self.found("daffodils"), ["old/things.zip!/notes/garden.txt"])
        self.assertIn("numbers.csv", self.found("oslo"))
        self.assertEqual(self.found("warmepumpe"), ["letters/draft.txt"], "accents do not matter")
        self.assertEqual(self.found('"broken again"'), ["letters/landlord.md"])
        self.assertEqual(self.found('"again broken"'), [])
        self.assertEqual(set(self.found("boiler ferry")), {"letters/landlord.md", "mail/norway.eml"})
        self.assertEqual(self.found("boiler ferry", "--all"), [])
        self.assertEqual(self.found("boil*"), ["letters/landlord.md"])
        self.assertEqual(self.found("noise"), ["noise.bin"], "names count too")
        self.assertEqual(self.found("landl"), ["letters/landlord.md"], "parts of names, too")

    def test_conditions_and_words(self):
        self.assertEqual(self.found("boiler type:md"), ["letters/landlord.md"])
        self.assertEqual(self.found("boiler type:pdf"), [])
        self.assertEqual(self.found("--type", "md,docx", "--sort", "name"), ["letters/landlord.md", "plans/heating.docx"])
        self.assertEqual(self.found("boiler", "--where", "size>1MB"), [])
        self.assertEqual(self.found("boiler size<1MB"), ["letters/landlord.md"])
        self.assertEqual(self.found("boiler", "--in", "house/letters"), ["letters/landlord.md"])
        self.assertEqual(self.found("boiler", "--in", "house/plans"), [])
        self.assertEqual(self.found("ferry", "--since", "2024-05", "--until", "2024-05"), ["mail/norway.eml"])
        self.assertEqual(self.found("ferry", "--since", "2024-06"), [])
        # Conditions alone are the filter language, to the letter, and list everything in order.
        self.assertEqual(self.found("size>40kB and not type:directory"), ["noise.bin"])
        self.assertEqual(self.found("*.csv"), ["numbers.csv"])
        self.atoll("tag", "house/letters/landlord.md", "mood=splendid")
        self.assertEqual(self.found("splendid"), ["letters/landlord.md"])
        self.assertEqual(self.found("boiler tag:mood=splendid"), ["letters/landlord.md"])
        self.assertEqual(self.found("boiler", "--where", "tag:mood=sad"), [])

    def test_what_it_prints(self):
        lines = self.atoll("find", "--snippets", "boiler").text.splitlines()
        self.assertEqual(lines[0], "house/letters/landlord.md")
        self.assertEqual(lines[1].strip(), "Letter to the landlord")
        self.assertIn("boiler in our kitchen", lines[2])
        self.assertEqual(self.atoll("find", "boiler").text, "house/letters/landlord.md\n", "into a pipe names alone")
        self.assertEqual(self.atoll("find", "-0", "boiler").out, b"house/letters/landlord.md\0")
        answer = self.atoll("--json", "find", "boiler", "--facet", "type,year")
        one = answer.of_type("object")[0]
        begin, end = one["snippet"]["marks"][0]
        self.assertEqual(one["snippet"]["text"].encode()[begin:end], b"boiler")
        self.assertEqual(one["format"], "markdown")
        self.assertEqual(one["language"], "en")
        self.assertGreater(one["score"], 0)
        self.assertEqual(answer.summary["facets"]["type"], {"markdown": 1})
        self.assertTrue(answer.summary["is_complete"])
        answer = self.atoll("find", "boilre")
        self.assertIn('did you mean "boiler"?', answer.errors)
        self.assertEqual(answer.out, b"")
        refused = self.atoll("find", "titel:boiler", code=2)
        self.assertIn("title", refused.errors)
        self.atoll("find", "boiler", "--facet", "colour", code=2)
        self.atoll("find", "boiler", "--as-of", "1h", code=2)
        self.assertIn("by their names and by what they say", self.atoll("index").text)

    def test_follows_what_is_done(self):
        self.assertEqual(self.found("boiler"), ["letters/landlord.md"])
        self.atoll("rm", "house/letters/landlord.md")
        self.assertEqual(self.found("boiler"), [])
        self.atoll("undo", "last", "--yes")
        self.assertEqual(self.found("boiler"), ["letters/landlord.md"])
        self.atoll("mv", "house/letters/landlord.md", "house/done.md")
        self.assertEqual(self.found("boiler"), ["done.md"])
        self.atoll("put", "-", "house/done.md", input=b"Nothing of that is left.\n")
        self.assertEqual(self.found("boiler"), [])
        self.assertEqual(self.found("nothing left"), ["done.md"])
        # Made anew without reading a file again, and wholly.
        self.atoll("index", "--rebuild")
        self.assertEqual(self.found("ferry"), ["mail/norway.eml"])
        self.atoll("index", "--rebuild", "--reread")
        self.assertEqual(self.found("ferry"), ["mail/norway.eml"])
        for name in ("words", "book", "extractions"):
            shutil.rmtree(os.path.join(self.vault_folder(), "indexes", name))
            self.assertEqual(self.found("ferry"), ["mail/norway.eml"], name)

    def test_nothing_of_it_can_be_read_on_the_disk(self):
        self.assertEqual(self.found("daffodils"), ["old/things.zip!/notes/garden.txt"])
        for folder, _, names in os.walk(os.path.join(self.vault_folder(), "indexes")):
            for name in names:
                with open(os.path.join(folder, name), "rb") as file:
                    content = file.read()
                for word in (b"daffodil", b"boiler", b"landlord", b"lovelace", b"Lovelace"):
                    self.assertNotIn(word, content, os.path.join(folder, name))

    def test_names_that_programs_define_are_told_by_universal_ctags(self):
        # Of none of them a look at single lines tells that the name is defined there.
        self.file("code/a.cpp", "namespace zoo {\ntemplate <class T>\nstatic auto\nquokkaleap(T far) -> T\n{\n  return far;\n}\n}\n")
        self.file("code/a.py", "wombatleap = 3\n\nclass Zoo:\n    pass\n")
        self.file("code/a.rs", "macro_rules! koalaleap {\n  () => {};\n}\n")
        self.file("code/a.go", "package zoo\n\nconst Possumleap = 1\n")
        self.file("code/a.txt", "quokkaleap wombatleap koalaleap possumleap\n")
        archive = io.BytesIO()
        with zipfile.ZipFile(archive, "w") as made:
            made.write(self.path("code/a.rs"), "in/a.rs")
        self.file("code/b.zip", archive.getvalue())
        self.atoll("put", self.path("code"), "code")
        for name, keys in (("quokkaleap", ["a.cpp"]), ("wombatleap", ["a.py"]), ("koalaleap", ["a.rs", "b.zip!/in/a.rs"]), ("possumleap", ["a.go"])):
            self.assertEqual(sorted(self.found("about:" + name)), keys)
        shown = self.atoll("--json", "inspect", self.path("code/a.cpp")).of_type("inspection")[0]
        self.assertIn({"name": "symbol", "value": "quokkaleap"}, shown["fields"])
        self.assertTrue([one for one in shown["raw"] if one["name"] == "Symbols.reader" and one["value"].startswith("universal-ctags")])

    def test_hostile_files_cost_a_mark_at_most(self):
        bomb = io.BytesIO()
        with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("zeros", bytes(300 << 20))
        self.file("bad/bomb.zip", bomb.getvalue())
        self.file("bad/laughs.xml", b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">'
                  + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;&%c;">' % ((c,) + (c - 1,) * 10) for c in range(ord("c"), ord("l")))
                  + b"]><l>&k;</l>")
        self.file("bad/cut.docx", docx("cut off")[:700])
        self.file("bad/path.zip", archive_of(**{"..__..__..__etc__passwd": "pineapple"}))
        self.file("bad/deep.json", b"[" * 200_000)
        self.file("bad/not.pdf", b"%PDF-1.7\n" + os.urandom(5000))
        self.file("bad/long-line.txt", b"x" * (5 << 20) + b" kumquat")
        self.atoll("put", self.path("bad"), "bad")
        self.assertEqual(self.found("bomb", "--in", "bad"), ["bomb.zip"])
        self.assertEqual(len(self.found("pineapple")), 1)
        self.assertIn("cut.docx", self.found("cut", "--in", "bad"))
        self.assertEqual(self.found("boiler"), ["letters/landlord.md"])
        summary = self.atoll("--json", "find", "boiler").summary
        self.assertTrue(summary["is_complete"], "each was looked into once, or is marked")
        self.assertFalse(os.path.exists(self.path("etc")))


class FindThroughAServer(FindTest, ServeTest):
    def search(self, token, **body):
        answer = self.ask("POST", "/api/v1/search", {"Authorization": "Bearer " + token, "Content-Type": "application/json"}, json.dumps(body))
        return answer.status, json.loads(answer.content)

    def test_a_server_follows_by_itself(self):
        server = self.serve()
        self.fill()
        self.assertEqual(self.found("boiler"), ["letters/landlord.md"], "what was put just now is waited for")
        with open(self.token()) as file:
            token = file.read().strip()
        status, answer = self.search(token, query="boiler", facets=["type"], wait_ms=5000)
        self.assertEqual(status, 200, answer)
        self.assertEqual([one["key"] for one in answer["results"]], ["letters/landlord.md"])
        self.assertEqual(answer["results"][0]["snippet"]["place"]["kind"], "text")
        self.assertEqual(answer["facets"][0]["counts"], [{"value": "markdown", "count": 1}])
        self.assertTrue(answer["coverage"]["is_complete"])
        self.assertEqual(self.search(token, query="titel:x")[0], 400)
        # Pages.
        status, first = self.search(token, query="bergen OR boiler OR pump", limit=2)
        self.assertEqual(len(first["results"]), 2)
        status, rest = self.search(token, query="bergen OR boiler OR pump", limit=2, cursor=first["next_cursor"])
        keys = [one["key"] for one in first["results"] + rest["results"]]
        self.assertEqual(len(keys), len(set(keys)))
        # Who may not read it does not find it.
        self.atoll("role", "create", "looker", "--allow", "list_buckets,list,search,read_metadata")
        with open(self.token("rob", "looker")) as file:
            looker = file.read().strip()
        self.assertEqual(len(self.search(looker, filter="name:norway.eml")[1]["results"]), 1)
        self.assertEqual(self.search(looker, query="ferry")[1]["results"], [])
        known = self.ask("GET", "/api/v1/buckets/house/understood/plans/heating.docx?text", {"Authorization": "Bearer " + token})
        understood = json.loads(known.content)
        self.assertEqual(understood["format"], "docx")
        self.assertIn({"name": "title", "value": "Heating plan"}, understood["fields"])
        self.assertIn("cellar", understood["pieces"][0]["text"])
        # Killed while it reads: nothing is missing afterwards.
        for i in range(300):
            self.file(f"more/{i}.txt", f"quince number{i}\n")
        self.atoll("put", self.path("more"), "more")
        time.sleep(0.3)
        server.kill()
        server.wait()
        self.assertEqual(self.atoll("--json", "find", "quince", "--facet", "bucket").summary["total"], 300)
        self.assertEqual(self.found("number217"), ["217.txt"])


if __name__ == "__main__":
    harness.main()
