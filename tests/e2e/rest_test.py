"""REST against a real server on a real disk: streams, pages, archives that others unpack, uploads over a restart, and the
examples of docs/rest.md."""
import http.client
import io
import json
import os
import re
import signal
import subprocess
import tarfile
import threading
import unittest
import urllib.parse
import zipfile

import docs_test
import harness
from harness import AtollTest, wait_until


class RestTest(AtollTest):
    token = None

    def setUp(self):
        super().setUp()
        self.server = None
        self.addCleanup(self.stop)
        self.serve()

    def serve(self, *options):
        self.log = open(self.path("serve.log"), "ab")
        before = os.path.getsize(self.path("serve.log"))
        environment = dict(self.env)
        self.server = subprocess.Popen([harness.ATOLL, "serve", "--listen", "127.0.0.1:0", *options], env=environment, cwd=self.folder,
                                       stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)

        def said():
            with open(self.path("serve.log"), encoding="utf-8", errors="replace") as file:
                file.seek(before)
                return file.read()
        self.assertTrue(wait_until(lambda: re.search(r"at http://127\.0\.0\.1:\d+", said()) or self.server.poll() is not None, 60))
        self.assertIsNone(self.server.poll(), said())
        self.port = int(re.search(r"at http://127\.0\.0\.1:(\d+)", said()).group(1))
        if self.token is None:
            self.assertTrue(wait_until(lambda: re.search(r"^  token +(\S+)$", said(), re.M)), said())
            self.token = re.search(r"^  token +(\S+)$", said(), re.M).group(1)

    def stop(self, how=signal.SIGTERM):
        if self.server is None or self.server.poll() is not None:
            return
        self.server.send_signal(how)
        self.server.wait(60)
        self.log.close()

    def ask(self, method, target, body=None, headers=None, token=True):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        fields = dict(headers or {})
        if token:
            fields["Authorization"] = "Bearer " + self.token
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
            fields["Content-Type"] = "application/json"
        connection.request(method, target, body=body, headers=fields)
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        answer.data = data
        return answer

    def json(self, method, target, body=None, status=200, **options):
        answer = self.ask(method, target, body, **options)
        self.assertEqual(status, answer.status, answer.data[:2000])
        return json.loads(answer.data)

    def put(self, key, content, status=201, **headers):
        answer = self.ask("PUT", "/api/v1/buckets/photos/objects/" + urllib.parse.quote_from_bytes(os.fsencode(key)), content, headers)
        self.assertEqual(status, answer.status, answer.data[:2000])
        return json.loads(answer.data)

    def make_bucket(self):
        self.json("PUT", "/api/v1/buckets/photos", status=201)


class Rest(RestTest):
    def test_what_is_stored_comes_back_whole_and_in_part(self):
        self.make_bucket()
        content = os.urandom(9_000_000)
        self.put("big", content)
        self.assertEqual(content, self.ask("GET", "/api/v1/buckets/photos/objects/big").data)
        part = self.ask("GET", "/api/v1/buckets/photos/objects/big", headers={"Range": "bytes=4000000-4999999"})
        self.assertEqual(206, part.status)
        self.assertEqual(content[4000000:5000000], part.data)
        head = self.ask("HEAD", "/api/v1/buckets/photos/objects/big")
        self.assertEqual("9000000", head.getheader("Content-Length"))
        self.assertEqual(401, self.ask("GET", "/api/v1/buckets/photos/objects/big", token=False).status)
        # What the command line sees is the same.
        self.stop()
        self.assertEqual(content, self.atoll("cat", "photos/big").out)

    def test_of_many_writers_who_want_a_new_name_one_wins(self):
        self.make_bucket()
        codes = []

        def store(number):
            codes.append(self.ask("PUT", "/api/v1/buckets/photos/objects/one", b"%d" % number, {"If-None-Match": "*"}).status)
        threads = [threading.Thread(target=store, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([201] + [412] * 7, sorted(codes))

    def test_pages_are_complete(self):
        self.make_bucket()
        keys = [f"folder-{number % 7}/file {number:03}" for number in range(60)]
        for key in keys:
            self.put(key, key.encode())
        found, cursor = [], ""
        while True:
            page = self.json("GET", "/api/v1/buckets/photos/objects?recursive&limit=7" + cursor)
            found += [one["key"] for one in page["objects"]]
            if "next_cursor" not in page:
                break
            cursor = "&cursor=" + page["next_cursor"]
        self.assertEqual(sorted(keys), found)

    def test_archives_are_read_by_others(self):
        self.make_bucket()
        files = {"a/one.txt": b"one\n" * 1000, "a/zwei-\u00e4\u00f6.bin": os.urandom(3_000_000), "a/" + "long" * 60 + "/three": b"3",
                 "a/empty": b"", "b/other": b"other"}
        for key, content in files.items():
            self.put(key, content)
        answer = self.ask("GET", "/api/v1/buckets/photos/archive?prefix=a/")
        self.assertEqual(200, answer.status)
        wanted = {key: content for key, content in files.items() if key.startswith("a/")}
        with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
            self.assertIsNone(archive.testzip())
            self.assertEqual(wanted, {name: archive.read(name) for name in archive.namelist()})
        answer = self.ask("GET", "/api/v1/buckets/photos/archive?prefix=a/&format=tar")
        with tarfile.open(fileobj=io.BytesIO(answer.data)) as archive:
            self.assertEqual(wanted, {one.name: archive.extractfile(one).read() for one in archive.getmembers()})

    def test_names_in_archives_stay_inside(self):
        self.make_bucket()
        for key in ("../../out", "/etc/out", "in/../../out", "in//x", "./y"):
            self.put(key, b"x")
        with zipfile.ZipFile(io.BytesIO(self.ask("GET", "/api/v1/buckets/photos/archive").data)) as archive:
            for name in archive.namelist():
                self.assertNotIn("..", name.split("/"))
                self.assertFalse(name.startswith("/"), name)

    def test_an_upload_goes_on_after_the_server_was_killed(self):
        self.make_bucket()
        content = os.urandom(3_000_000)
        tus = {"Tus-Resumable": "1.0.0"}
        created = self.ask("POST", "/api/v1/uploads?bucket=photos&key=up", headers={**tus, "Upload-Length": str(len(content))})
        self.assertEqual(201, created.status, created.data)
        place = urllib.parse.urlsplit(created.getheader("Location")).path
        piece = {**tus, "Content-Type": "application/offset+octet-stream"}
        self.assertEqual(204, self.ask("PATCH", place, content[:1_000_000], {**piece, "Upload-Offset": "0"}).status)
        self.stop(signal.SIGKILL)
        self.serve()
        head = self.ask("HEAD", place, headers=tus)
        self.assertEqual("1000000", head.getheader("Upload-Offset"))
        self.assertEqual(409, self.ask("PATCH", place, content[:10], {**piece, "Upload-Offset": "0"}).status)
        self.assertEqual(204, self.ask("PATCH", place, content[1_000_000:], {**piece, "Upload-Offset": "1000000"}).status)
        self.assertEqual(content, self.ask("GET", "/api/v1/buckets/photos/objects/up").data)

    def test_changes_come_as_they_are_made(self):
        self.make_bucket()
        self.put("before", b"1")
        page = self.json("GET", "/api/v1/changes?since=0")
        self.assertEqual("before", page["changes"][-1]["key"])
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.request("GET", f"/api/v1/changes?since={page['next_since']}",
                           headers={"Authorization": "Bearer " + self.token, "Accept": "text/event-stream"})
        stream = connection.getresponse()
        self.assertEqual("text/event-stream", stream.getheader("Content-Type"))
        self.put("after", b"2")
        lines = []
        while not any(line.startswith("data:") for line in lines):
            lines.append(stream.readline().decode())
        data = json.loads(next(line for line in lines if line.startswith("data:"))[5:])
        self.assertEqual(("stored", "after"), (data["event"], data["key"]))
        self.assertIn(f"id: {data['lsn']}\n", lines)
        connection.close()

    def test_a_repeated_post_is_done_once(self):
        self.make_bucket()
        self.put("a", b"1")
        body = {"name": "first", "bucket": "photos"}
        for _ in range(2):
            self.json("POST", "/api/v1/snapshots", body, status=201, headers={"Idempotency-Key": "k1"})
        self.assertEqual(409, self.ask("POST", "/api/v1/snapshots", body).status)
        other = self.ask("POST", "/api/v1/snapshots", {**body, "name": "second"}, {"Idempotency-Key": "k1"})
        self.assertEqual("http.idempotency_key_reused", json.loads(other.data)["id"])


class Page(RestTest):
    def test_examples_of_the_manual(self):
        page = "docs/rest.md"
        with open(os.path.join(harness.SOURCE, page), encoding="utf-8") as file:
            found = [one for one in docs_test.blocks(file.read()) if one[2] is None]
        self.assertGreater(len(found), 5)
        environment = dict(self.env, URL=f"http://127.0.0.1:{self.port}", TOKEN=self.token)
        # One shell for all of the page: later blocks use what earlier ones set.
        for line, code, _, commands in found:
            self.assertTrue(commands, f"{page}:{line} has no command")
        runs = subprocess.run(["bash", "-c", self.script_of(found)], env=environment, cwd=self.folder, capture_output=True, timeout=120)
        codes = {int(line): int(code) for line, code in re.findall(r"^BLOCK (\d+) (\d+)$", runs.stdout.decode(errors="replace"), re.M)}
        for line, code, _, commands in found:
            self.assertEqual(code, codes.get(line), f"{page}:{line} {commands}\n" + (runs.stdout + runs.stderr).decode(errors="replace")[-3000:])

    @staticmethod
    def script_of(found):
        parts = []
        for line, _, _, commands in found:
            chained = " && \\\n".join(commands)
            parts.append(f"code=0\n{{ {chained}\n}} </dev/null || code=$?\nprintf '\\nBLOCK {line} %s\\n' \"$code\"")
        return "\n".join(parts)


if __name__ == "__main__":
    unittest.main()
