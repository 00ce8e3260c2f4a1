"""What lies in archives, mailboxes and mails taken out alone: `cat`, `get` and REST, here and on a server; and a tar sent as a folder."""
import hashlib
import http.client
import io
import json
import os
import subprocess
import tarfile
import time
import unittest
import zipfile

from harness import AtollTest
from rest_test import RestTest

MAIL = (b"From: Max <max@example.org>\nTo: ada@example.org\nSubject: Photos\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n"
        b"--b\nContent-Type: text/plain\n\nsee below\n--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=\"note.txt\"\n"
        b"Content-Transfer-Encoding: base64\n\nYXR0YWNoZWQ=\n--b--\n")
LARGE = hashlib.sha256(b"large").digest() * (90 << 15)  # 90 MiB: larger than what is looked into


def zip_of(members, how=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def tar_of(members, mode="w", format=tarfile.PAX_FORMAT):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode, format=format) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = len(content), 1_700_000_000, 0o640
            archive.addfile(info, io.BytesIO(content))
    return out.getvalue()


PAGE = b"<html><script>alert(1)</script></html>"
ARCHIVES = {
    "a.zip": zip_of({"b.txt": b"in a zip", "folder/page.html": PAGE, "inner.zip": zip_of({"x.txt": b"deep"})}),
    "b.tar.gz": tar_of({"./c/d.txt": b"in a tar"}, "w:gz"),
    "large.zip": zip_of({"first.txt": b"1", "large.bin": LARGE}, zipfile.ZIP_STORED),
    "one.eml": MAIL,
    "box.mbox": b"From a Fri May  3 10:00:00 2024\nSubject: first\n\nhello\n\nFrom b Fri May  3 11:00:00 2024\n" + MAIL,
    "lone.txt.gz": __import__("gzip").compress(b"alone"),
    "odd!/name.txt": b"a key with the mark",
}
MEMBERS = {"a.zip!/b.txt": b"in a zip", "a.zip!/inner.zip!/x.txt": b"deep", "b.tar.gz!/c/d.txt": b"in a tar", "one.eml!/note.txt": b"attached",
           "box.mbox!/2.eml!/note.txt": b"attached", "lone.txt.gz!/lone.txt": b"alone", "odd!/name.txt": b"a key with the mark"}


class Members(AtollTest):
    def setUp(self):
        super().setUp()
        for name, content in ARCHIVES.items():
            self.atoll("put", "-", f"docs/{name}", input=content)

    def test_cat_and_get_take_one_out(self):
        for address, content in MEMBERS.items():
            self.assertEqual(self.atoll("cat", f"docs/{address}").out, content, address)
        self.assertEqual(self.atoll("cat", "docs/large.zip!/large.bin").out, LARGE)
        self.atoll("get", "docs/a.zip!/folder/page.html")
        with open(self.path("page.html"), "rb") as file:
            self.assertEqual(file.read(), PAGE)
        summary = self.atoll("--json", "get", "docs/b.tar.gz!/c/d.txt", "-o", "out/").summary
        self.assertEqual(summary["bytes"], 8)
        self.assertEqual(os.stat(self.path("out/d.txt")).st_mtime, 1_700_000_000)
        # What was there before is there still, and what is not is said.
        self.assertIn("get.exists", self.atoll("--json", "get", "docs/a.zip!/folder/page.html", code=21).errors)
        missing = self.atoll("--json", "cat", "docs/a.zip!/none.txt", code=20)
        self.assertIn("member.not_found", missing.errors)
        self.assertIn("object.not_found", self.atoll("--json", "cat", "docs/none.zip!/b.txt", code=20).errors)
        # An earlier version of the archive has its own.
        version = self.atoll("--json", "log", "docs/a.zip").json()[0]["version"]
        self.atoll("put", "-", "docs/a.zip", input=zip_of({"b.txt": b"another"}))
        self.assertEqual(self.atoll("cat", "docs/a.zip!/b.txt").out, b"another")
        self.assertEqual(self.atoll("cat", "docs/a.zip!/b.txt", "--version", version).out, b"in a zip")

    def test_find_names_what_cat_takes(self):
        found = self.atoll("find", "deep").lines
        self.assertEqual(found, ["docs/a.zip!/inner.zip!/x.txt"])
        self.assertEqual(self.atoll("cat", found[0]).out, b"deep")

    def test_what_is_missing_is_told_with_its_archive(self):
        self.assertIn("'a.zip': there is no \"none\" in it", self.atoll("cat", "docs/a.zip!/none", code=20).errors)

    def test_a_broken_archive_gives_what_can_be_had_and_an_error(self):
        whole = ARCHIVES["b.tar.gz"]
        self.atoll("put", "-", "docs/cut.tar.gz", input=whole[:len(whole) // 2])
        answer = self.atoll("--json", "cat", "docs/cut.tar.gz!/c/d.txt", code=None)
        self.assertNotEqual(answer.code, 0)
        self.assertIn("member.", answer.errors)
        self.assertFalse(os.path.exists(self.path("d.txt")))
        self.atoll("get", "docs/cut.tar.gz!/c/d.txt", code=None)
        self.assertEqual([name for name in os.listdir(self.folder) if "d.txt" in name], [])


class Doors(RestTest):
    def get(self, target, headers=None):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.addCleanup(line.close)
        line.request("GET", target, headers={"Authorization": f"Bearer {self.token}", **(headers or {})})
        return line.getresponse()

    def setUp(self):
        super().setUp()
        self.json("PUT", "/api/v1/buckets/docs", status=201)

    def post_tar(self, body, prefix="in", status=200):
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        self.addCleanup(line.close)
        line.request("POST", f"/api/v1/buckets/docs/archive?prefix={prefix}", body,
                     {"Authorization": f"Bearer {self.token}", "Content-Type": "application/x-tar"})
        answer = line.getresponse()
        content = json.loads(answer.read())
        self.assertEqual(answer.status, status, content)
        return content

    def test_rest_gives_a_member_with_its_facts(self):
        self.assertEqual(self.post_tar(tar_of(ARCHIVES), "x")["stored"], len(ARCHIVES))
        base = "/api/v1/buckets/docs/objects/x/"
        answer = self.get(base + "a.zip?member=folder/page.html")
        self.assertEqual((answer.status, answer.read()), (200, PAGE))
        self.assertEqual(answer.headers["Content-Type"].partition(";")[0], "text/html")
        self.assertEqual(answer.headers["Content-Length"], str(len(PAGE)))
        self.assertIn("sandbox", answer.headers["Content-Security-Policy"])
        self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
        same = self.get(base + "a.zip?member=folder/page.html", {"If-None-Match": answer.headers["ETag"]})
        self.assertEqual((same.status, same.read()), (304, b""))
        saved = self.get(base + "a.zip?member=inner.zip!/x.txt&download")
        self.assertEqual(saved.read(), b"deep")
        self.assertIn('filename="x.txt"', saved.headers["Content-Disposition"])
        self.assertEqual(self.get(base + "lone.txt.gz?member=lone.txt").read(), b"alone")
        large = self.get(base + "large.zip?member=large.bin")
        self.assertEqual(hashlib.sha256(large.read()).digest(), hashlib.sha256(LARGE).digest())
        missing = self.get(base + "a.zip?member=none")
        self.assertEqual((missing.status, json.loads(missing.read())["id"]), (404, "member.not_found"))
        # A client that goes away takes its reader with it.
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        line.request("GET", base + "large.zip?member=large.bin", headers={"Authorization": f"Bearer {self.token}"})
        away = line.getresponse()
        away.read(1000)
        away.close()
        line.close()
        deadline = time.monotonic() + 20
        while subprocess.run(["pgrep", "-P", str(self.server.pid), "-f", "worker member"], stdout=subprocess.DEVNULL, check=False).returncode == 0:
            self.assertLess(time.monotonic(), deadline, "the reader goes on")
            time.sleep(0.1)

    def test_a_tar_of_the_system_becomes_a_folder(self):
        os.makedirs(self.path("tree/deep"))
        for number in range(300):
            with open(self.path(f"tree/deep/{number}"), "wb") as file:
                file.write(os.urandom(number * 10))
        os.symlink("deep/1", self.path("tree/link"))
        os.link(self.path("tree/deep/2"), self.path("tree/twin"))
        for number, format in enumerate(("gnu", "pax", "ustar", "v7")):
            tar = subprocess.run(["tar", "-c", f"--format={format}", "-C", self.path("tree"), "."], stdout=subprocess.PIPE, check=True).stdout
            answer = self.post_tar(tar, format)
            self.assertEqual((answer["failed"], answer["stored"]), (0, 304), answer)
            again = self.post_tar(tar, format)
            self.assertEqual((again["stored"], again["unchanged"]), (0, 304), again)
            self.atoll("restore", f"docs/{format}", "--target", self.path(f"back-{format}"))
            back = self.path(f"back-{format}")
            self.assertEqual(os.readlink(back + "/link"), "deep/1")
            self.assertEqual(os.stat(back + "/twin").st_ino, os.stat(back + "/deep/2").st_ino)
            for name in map(str, range(300)):
                with open(f"{back}/deep/{name}", "rb") as one, open(self.path(f"tree/deep/{name}"), "rb") as other:
                    self.assertEqual(one.read(), other.read())

    def test_a_line_that_breaks_keeps_whole_files(self):
        tar = tar_of({f"{number:04}": b"x" * 1000 for number in range(50)})
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        line.putrequest("POST", "/api/v1/buckets/docs/archive?prefix=broken")
        line.putheader("Authorization", f"Bearer {self.token}")
        line.putheader("Content-Type", "application/x-tar")
        line.putheader("Content-Length", str(len(tar)))
        line.endheaders()
        line.send(tar[:40_100])  # in the middle of the 27th file
        time.sleep(0.5)
        line.sock.close()
        line.close()
        deadline = time.monotonic() + 20
        while True:
            listed = self.json("GET", "/api/v1/buckets/docs/objects?prefix=broken/")["objects"]
            if listed or time.monotonic() > deadline:
                break
            time.sleep(0.1)
        self.assertEqual([one["key"] for one in listed], [f"broken/{number:04}" for number in range(26)])
        self.assertEqual({one["size"] for one in listed}, {1000})


if __name__ == "__main__":
    unittest.main()
