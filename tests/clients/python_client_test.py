"""The package `atoll` against a real server: homes, content, folders, lists, errors, lines that break."""
import asyncio
import hashlib
import io
import json
import os
import pathlib
import pickle
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import unittest.mock

from client_harness import SOURCE, ClientTest, main, wait_until

import numpy
import pandas

import atoll
from atoll import errors
from atoll._wire import Headers, Retry, parse_head, quote_key


class Homes(ClientTest):
    def test_a_folder_becomes_a_home_and_its_server_ends_with_the_client(self):
        with atoll.Client(self.home) as client:
            client.put("lab/a.txt", b"one")
            self.assertTrue(client.session_show()["is_local_owner"])
            child = client._home.child.pid
        self.assertFalse(os.path.exists(f"/proc/{child}"))
        self.assertEqual(b"one", self.atoll("cat", "lab/a.txt").out)

    def test_clients_of_one_home_share_a_server_until_the_last_one_goes(self):
        first, second = self.client(), self.client()
        first.put("lab/a", b"1")
        second.put("lab/b", b"2")
        child = first._home.child.pid
        first.close()
        self.assertEqual(b"1", second.get("lab/a"))
        self.assertTrue(os.path.exists(f"/proc/{child}"))
        second.close()
        self.assertFalse(os.path.exists(f"/proc/{child}"))
        # A client that was closed may be used again.
        self.assertEqual(b"2", first.get("lab/b"))

    def test_threads_that_begin_together_hold_one_server_once(self):
        client = self.client()
        threads = [threading.Thread(target=client.put, args=(f"lab/{number}", b"x")) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(8, len(list(client.list("lab"))))
        child = client._home.child.pid
        client.close()
        self.assertFalse(os.path.exists(f"/proc/{child}"))

    def test_a_server_that_runs_already_is_used_and_not_ended(self):
        self.atoll("init")
        _, _, server = self.listening()
        with atoll.Client(self.home) as client:
            client.put("lab/a", b"1")
            self.assertIsNone(client._home.child)
        self.assertIsNone(server.poll())

    def test_a_server_that_another_process_ended_is_begun_again(self):
        client = self.client()
        client.put("lab/a", b"1")
        os.kill(client._home.child.pid, signal.SIGKILL)
        client._home.child.wait()
        self.assertEqual(b"1", client.get("lab/a"))

    def test_a_program_that_ends_without_closing_leaves_no_server(self):
        code = f"import sys; sys.path.insert(0, {os.path.join(SOURCE, 'clients/python')!r}); import atoll; c = atoll.Client({self.home!r}); c.put('lab/a', b'1'); print(c._home.child.pid)"
        done = subprocess.run([sys.executable, "-B", "-c", code], capture_output=True, text=True, check=True)
        self.assertFalse(os.path.exists(f"/proc/{done.stdout.strip()}"), done.stderr)

    def test_what_keeps_a_home_from_being_served_is_said(self):
        with self.assertRaises(errors.Unreachable) as caught:
            atoll.Client(self.home, program="no-such-program").bucket_list()
        self.assertEqual("home.no_program", caught.exception.id)
        blocked = self.file("blocked", b"a file, no folder")
        with self.assertRaises(errors.Unreachable) as caught:
            atoll.Client(os.path.join(blocked, "home")).bucket_list()
        self.assertEqual("home.not_made", caught.exception.id)
        with self.assertRaises(errors.Unreachable):
            atoll.Client("http://127.0.0.1:1", retry=Retry(tries=2, first_wait_seconds=0.01)).bucket_list()

    def test_a_server_elsewhere_wants_a_token(self):
        self.atoll("init")
        url, token, _ = self.listening()
        with self.assertRaises(errors.SignInFirst):
            atoll.Client(url).bucket_list()
        with atoll.Client(url, token=token) as client:
            client.put("lab/a", b"1")
            client.user_create(name="mia", kind="person", role="reader", place={"bucket": "lab"})
            mia = client.token_create(user="mia", label="laptop")["token"]
        path = self.file("token", mia + "\n", mode=0o600)
        with atoll.Client(url, token_file=path) as reader:
            self.assertEqual(b"1", reader.get("lab/a"))
            with self.assertRaises(errors.Denied) as caught:
                reader.put("lab/a", b"2")
            self.assertIsInstance(caught.exception, PermissionError)
        os.environ.update(ATOLL_URL=url, ATOLL_TOKEN=token)
        with atoll.Client() as client:
            self.assertEqual("http", client.place.url[:4])
            self.assertEqual(b"1", client.get("lab/a"))


class Content(ClientTest):
    def test_everything_that_can_be_put_comes_back(self):
        client = self.client()
        content = os.urandom(3_000_000)
        path = pathlib.Path(self.file("in/photo.raw", content))
        os.utime(path, ns=(1_700_000_000_123_456_789, 1_700_000_000_123_456_789))
        for data in (content, bytearray(content), memoryview(content), io.BytesIO(content), path):
            client.put("lab/a", data)
            self.assertEqual(content, client.get("lab/a"), type(data))
        self.assertEqual("2023-11-14T22:13:20.123456789Z", client.stat("lab/a")["modified"])
        client.get("lab/a", to=self.path("out.raw"))
        self.assertEqual(content, pathlib.Path(self.path("out.raw")).read_bytes())
        self.assertEqual(path.stat().st_mtime_ns, os.stat(self.path("out.raw")).st_mtime_ns)
        into = io.BytesIO()
        client.get("lab/a", to=into, offset=1_000_000, length=1_500_000)
        self.assertEqual(content[1_000_000:2_500_000], into.getvalue())
        self.assertEqual(b"", client.get("lab/a", offset=len(content) + 5))
        client.put("lab/empty", b"")
        self.assertEqual(b"", client.get("lab/empty"))

        class Pipe:
            """Of unknown length, and read once."""
            left = [content[:1_000_000], content[1_000_000:]]

            def read(self, size):
                return self.left.pop(0) if self.left else b""
        client.put("lab/pipe", Pipe())
        self.assertEqual(content, client.get("lab/pipe"))
        for wrong in ("text", 7, None):
            with self.assertRaises(TypeError):
                client.put("lab/a", wrong)
        with self.assertRaises(errors.BadRequest):
            client.put("lab", b"x")

    def test_tables_arrays_and_values(self):
        client = self.client()
        table = pandas.DataFrame({"subject": ["a", "b", None], "value": [1.5, 2.0, -3.25], "count": [1, 2, 3]})
        client.put("lab/table.csv", table)
        pandas.testing.assert_frame_equal(table, client.get_data("lab/table.csv"))
        client.put("lab/table", table)
        pandas.testing.assert_frame_equal(table, client.get_data("lab/table"))
        client.put("lab/table.json", table, format="json")
        pandas.testing.assert_frame_equal(table, client.get_data("lab/table.json"), check_names=False)
        array = numpy.arange(24, dtype=numpy.float32).reshape(2, 3, 4)
        client.put("lab/array.npy", array)
        back = client.get_data("lab/array.npy")
        numpy.testing.assert_array_equal(array, back)
        self.assertEqual(array.dtype, back.dtype)
        value = {"name": "\u00e4", "list": [1, 2.5, None], "n": numpy.int64(4)}
        client.put("lab/value.json", value)
        self.assertEqual({**value, "n": 4}, client.get_data("lab/value.json"))
        with self.assertRaises(errors.BadRequest):
            client.put("lab/array.parquet", array)
        # Objects of Python are not stored as such: reading them back would run what somebody stored.
        with self.assertRaises(ValueError):
            client.put("lab/objects.npy", numpy.array([{}], dtype=object))

    def test_metadata_tags_and_what_is_said_of_a_version(self):
        client = self.client()
        client.put("lab/raw", b"raw")
        words = {"temperature": 20.5, "note": "two\nlines \u00fc", "Capital Name": "x", "ok": True}
        with self.assertRaises(errors.BadRequest):
            client.put("lab/a", b"1", metadata={"a b": "blank"}, if_absent=True)
        words = {name: value for name, value in words.items() if " " not in name}
        stored = client.put("lab/a", b"1", metadata=words, tags={"kind": "calibration & more", "empty": ""}, label="1.0", author="Ada",
                            description="first\nof all", sources=["lab/raw"], transformation="mean")
        info = client.stat("lab/a")
        self.assertEqual({"temperature": "20.5", "note": "two\nlines \u00fc", "ok": "true"}, info["metadata"])
        self.assertEqual({"kind": "calibration & more", "empty": ""}, info["tags"])
        self.assertEqual(("1.0", "Ada", "first\nof all", "mean"), (info["label"], info["author"], info["description"], info["transformation"]))
        self.assertEqual(stored["version"], info["version"])
        self.assertEqual(1, len(list(client.versions("lab/a"))))
        client.put("lab/a", b"2", check=True)
        self.assertEqual(hashlib.sha256(b"2").hexdigest(), client.stat("lab/a")["checksums"]["sha256"])
        self.assertEqual(b"1", client.get("lab/a", version="1.0"))
        content, facts = client.get_with_facts("lab/a", version=stored["version"])
        self.assertEqual((b"1", "20.5", "calibration & more"), (content, facts["metadata"]["temperature"], facts["tags"]["kind"]))
        chain = client.provenance_show("lab", "a", version="1.0")
        self.assertEqual({"lab/a", "lab/raw"}, {f"{one['bucket']}/{one['key']}" for one in chain["nodes"]})

    def test_large_uploads_go_in_pieces(self):
        client = self.client()
        piece = os.urandom(1 << 20)
        path = self.path("large")
        with open(path, "wb") as file:
            for number in range(260):
                file.write(number.to_bytes(4, "big") + piece[4:])
        seen = []
        client.put("lab/large", pathlib.Path(path), metadata={"n": 1}, progress=lambda told: seen.append((told.bytes_done, told.bytes_total)))
        self.assertEqual((260 << 20, 260 << 20), seen[-1])
        self.assertEqual({"n": "1"}, client.stat("lab/large")["metadata"])
        client.get("lab/large", to=self.path("back"))
        with open(path, "rb") as left, open(self.path("back"), "rb") as right:
            while block := left.read(1 << 20):
                self.assertEqual(block, right.read(1 << 20))
            self.assertEqual(b"", right.read(1))

    def test_conditions_hold(self):
        client = self.client()
        first = client.put("lab/a", b"1", if_absent=True)
        with self.assertRaises(errors.PreconditionFailed):
            client.put("lab/a", b"2", if_absent=True)
        client.put("lab/a", b"2", if_version=first["version"])
        with self.assertRaises(errors.PreconditionFailed):
            client.delete("lab/a", if_version=first["version"])
        self.assertEqual(b"2", client.get("lab/a"))

    def test_strange_names(self):
        client = self.client()
        names = ["a b", "\u00e4/\u00f6", "100%", "q?x=1#y", "x/./y", "x/../z", "a//b", os.fsdecode(b"\xff\xfe"), "plus+", "semi;colon", "+", "..", "folder/"]
        for name in names:
            client.put(f"odd/{name}", os.fsencode(name))
        for name in names:
            self.assertEqual(os.fsencode(name), client.get(f"odd/{name}"), name)
        listed = [atoll.key_text(one) for one in client.list("odd", recursive=True)]
        self.assertEqual(sorted(map(os.fsencode, names)), [os.fsencode(one) for one in listed])
        client.object_remove_many("odd", keys=[os.fsdecode(b"\xff\xfe"), "a b"])
        self.assertEqual(len(names) - 2, len(list(client.find(inside="odd"))))

    def test_files_as_python_knows_them(self):
        client = self.client()
        content = os.urandom(2_500_000)
        with client.open("lab/a", "wb") as file:
            for at in range(0, len(content), 300_000):
                file.write(content[at:at + 300_000])
        with client.open("lab/a") as file:
            client.put("lab/a", b"another version meanwhile")
            file.seek(-10, 2)
            self.assertEqual(content[-10:], file.read())
            file.seek(1_234_567)
            self.assertEqual(content[1_234_567:1_234_667], file.read(100))
            file.seek(0)
            self.assertEqual(content, file.read())
        with self.assertRaises(RuntimeError):
            with client.open("lab/b", "wb") as file:
                file.write(b"half")
                raise RuntimeError
        self.assertFalse(client.exists("lab/b"))
        with self.assertRaises(errors.PreconditionFailed):
            with client.open("lab/a", "xb") as file:
                file.write(b"x")
        with client.open("lab/lines", "wb") as file:
            file.write(b"one\ntwo\n")
        self.assertEqual(["one\n", "two\n"], list(io.TextIOWrapper(io.BufferedReader(client.open("lab/lines")))))


class Counted:
    """Counts what a client asks of its server."""

    def __init__(self, client):
        self.client, self.requests = client, 0

    def __enter__(self):
        plain = self.client._respond

        def counted(*arguments, **named):
            self.requests += 1
            return plain(*arguments, **named)
        self.client._respond = counted
        return self

    def __exit__(self, *_):
        del self.client._respond


class Folders(ClientTest):
    def test_a_folder_goes_and_comes_back(self):
        client = self.client()
        tree = {"a.csv": b"1,2\n", "deep/er/b.txt": os.urandom(200_000), "deep/empty": b"", "skip.tmp": b"x"}
        for name, content in tree.items():
            self.file("in/" + name, content)
        os.symlink("a.csv", self.path("in/link"))
        told = []
        done = client.put_folder("lab/run-1", self.path("in"), exclude=["*.tmp"], tags={"run": "1"}, table={"a.csv": {"subject": "s1"}}, progress=told.append)
        self.assertEqual({"files": 3, "done": 3, "bytes": 200_004}, done)
        self.assertEqual(3, told[-1].files_done)
        self.assertEqual({"subject": "s1"}, client.stat("lab/run-1/a.csv")["metadata"])
        self.assertEqual(0, client.put_folder("lab/run-1", self.path("in"), exclude=["*.tmp"])["done"])
        self.file("in/a.csv", b"changed\n")
        self.assertEqual(1, client.put_folder("lab/run-1", self.path("in"), exclude=["*.tmp"])["done"])
        self.assertEqual(3, client.get_folder("lab/run-1", self.path("out"))["done"])
        self.assertEqual(0, client.get_folder("lab/run-1", self.path("out"))["done"])
        for name in ("a.csv", "deep/er/b.txt", "deep/empty"):
            self.assertEqual(hash_of(self.path("in", name)), hash_of(self.path("out", name)))
        first = list(client.versions("lab/run-1/a.csv"))[-1]["lsn"]
        client.get_folder("lab/run-1", self.path("then"), as_of=str(first))
        self.assertEqual(b"1,2\n", pathlib.Path(self.path("then/a.csv")).read_bytes())

    def test_many_small_files_go_in_few_requests_and_come_back_in_one(self):
        client = self.client()
        names = [f"{number % 7}/{number:04}.dat" for number in range(2300)] + ["ümlaut/" + "n" * 180, b"odd-\xff".decode("utf-8", "surrogateescape")]
        for number, name in enumerate(names):
            self.file("in/" + name, b"%d" % number * (number % 50))
        large = os.urandom(5 << 20)
        self.file("in/large", large)
        os.chmod(self.path("in/0/0000.dat"), 0o640)
        told = []
        with Counted(client) as counted:
            done = client.put_folder("lab/many", self.path("in"), table={"0/0000.dat": {"with, comma": "x\ny"}}, label="v1", author="Ada", description="all",
                                     progress=lambda now: told.append((now.files_done, now.bytes_done)))
        self.assertEqual(len(names) + 1, done["done"])
        self.assertLess(counted.requests, 12)
        self.assertEqual((len(names) + 1, done["bytes"]), told[-1])
        info = client.stat("lab/many/0/0000.dat")
        self.assertEqual(({"with, comma": "x\ny"}, "v1", "Ada", "all"), (info["metadata"], info["label"], info["author"], info["description"]))
        self.assertEqual({"files": len(names) + 1, "done": 0, "bytes": 0}, client.put_folder("lab/many", self.path("in")))
        told.clear()
        with Counted(client) as counted:
            back = client.get_folder("lab/many", self.path("out"), progress=lambda now: told.append(now.files_done))
        self.assertEqual(len(names) + 1, back["done"])
        self.assertLess(counted.requests, 8)
        self.assertEqual(list(range(1, len(names) + 2)), told)
        for name in names + ["large"]:
            source, target = self.path("in", name), self.path("out", name)
            self.assertEqual(hash_of(source), hash_of(target))
            self.assertEqual(os.stat(source).st_mtime_ns, os.stat(target).st_mtime_ns)
        self.assertEqual(0, client.get_folder("lab/many", self.path("out"))["done"])
        # A few of many are asked for one by one.
        os.unlink(self.path("out", names[3]))
        self.assertEqual(1, client.get_folder("lab/many", self.path("out"))["done"])

    def test_a_folder_goes_on_where_it_broke_off(self):
        client = self.client()
        for number in range(40):
            self.file(f"in/{number:02}", os.urandom(1000))
        half = self.path("half")
        shutil.copytree(self.path("in"), half)
        for number in range(20, 40):
            os.unlink(f"{half}/{number:02}")
        self.assertEqual(20, client.put_folder("lab/x", half)["done"])
        self.assertEqual(20, client.put_folder("lab/x", self.path("in"))["done"])
        versions = list(client.versions("lab/x/00"))
        self.assertEqual(1, len(versions))
        self.assertEqual(40, client.put_folder("lab/x", self.path("in"), force=True)["done"])
        self.assertEqual(versions, list(client.versions("lab/x/00")), "the same again is no new version")

    def test_a_file_that_goes_while_it_is_stored_is_named(self):
        client = self.client()
        for number in range(5):
            self.file(f"in/{number}", b"x")
        gone = self.path("in/3")
        with unittest.mock.patch("atoll._sync.client.batches", side_effect=lambda files: (os.unlink(gone), [list(files)])[1]):
            with self.assertRaises(errors.PartlyDone) as caught:
                client.put_folder("lab", self.path("in"))
        self.assertEqual(["3"], [name for name, _ in caught.exception.failed])
        self.assertIsInstance(caught.exception.failed[0][1], FileNotFoundError)
        self.assertEqual(4, caught.exception.summary["done"])

    def test_no_name_leads_out_of_the_folder(self):
        client = self.client()
        for name in ("../out", "x/../../out", "/abs", "fine", "link/through"):
            client.put(f"lab/{name}", b"x")
        os.makedirs(self.path("in/target"))
        os.symlink(self.folder, self.path("in/target/link"))
        with self.assertRaises(errors.PartlyDone) as caught:
            client.get_folder("lab", self.path("in/target"))
        self.assertEqual(4, len(caught.exception.failed))
        self.assertEqual(["fine", "link"], sorted(os.listdir(self.path("in/target"))))
        self.assertFalse(os.path.exists(self.path("through")) or os.path.exists(self.path("in/out")))

    def test_what_cannot_be_stored_is_named_and_the_rest_is_stored(self):
        client = self.client()
        self.file("in/good", b"1")
        os.mkfifo(self.path("in/pipe"))
        long = self.file("in/long", b"2")
        with self.assertRaises(errors.PartlyDone) as caught:
            client.put_folder("lab", self.path("in"), table={"long": {"words": "x" * 20_000}})
        self.assertEqual(["long"], [name for name, _ in caught.exception.failed])
        self.assertEqual("object.too_many_words", caught.exception.failed[0][1].id)
        self.assertEqual({"files": 2, "done": 1, "bytes": 1}, caught.exception.summary)
        self.assertEqual(b"1", client.get("lab/good"))
        self.assertTrue(os.path.exists(long))

    def test_a_metadata_table_is_said_of_many(self):
        client = self.client()
        for number in range(30):
            client.put(f"lab/runs/{number}.csv", b"%d" % number)
        table = pandas.DataFrame({"file": [f"{number}.csv" for number in range(30)], "temperature": [20 + number / 10 for number in range(30)],
                                  "note": [None] * 29 + ["last, \"quoted\"\nline"]})
        self.assertEqual(30, client.describe("lab/runs", table))
        self.assertEqual({f"{number}.csv" for number in range(25, 30)},
                         {pathlib.PurePath(one["key"]).name for one in client.find("meta.temperature>=22.5", inside="lab/runs")})
        self.assertEqual("last, \"quoted\"\nline", client.stat("lab/runs/29.csv")["metadata"]["note"])
        shown = client.table("meta.temperature<20.25", inside="lab/runs")
        self.assertEqual(["lab/runs/0.csv", "lab/runs/1.csv", "lab/runs/2.csv"], list(shown["address"]))
        path = self.file("table.csv", "file,operator\n0.csv,Ada\nnone.csv,Bob\n")
        with self.assertRaises(errors.PartlyDone) as caught:
            client.describe("lab/runs", path)
        self.assertEqual((1, ["none.csv"]), (caught.exception.summary, [name for name, _ in caught.exception.failed]))
        with self.assertRaises(errors.BadRequest):
            client.describe("lab/runs", self.file("bad.csv", "file,operator\n0.csv,Ada,more\n"))


class Calls(ClientTest):
    def test_lists_have_all_pages(self):
        client = self.client()
        names = [f"{number:04}" for number in range(45)]
        for name in names:
            client.put(f"lab/{name}", b"x", tags={"even": "yes"} if int(name) % 2 == 0 else None)
        self.assertEqual(names, [one["key"] for one in client.each(client.object_list, "lab", limit=7)])
        self.assertEqual(names, [one["key"] for one in client.find(inside="lab", page=4)])
        self.assertEqual(names[:6:2], [one["key"] for one in client.find("tag.even=yes", limit=3, page=2)])
        self.assertEqual(["lab"], [one["name"] for one in client.each(client.bucket_list)])

    def test_history_undo_snapshots_and_moments(self):
        client = self.client()
        client.put("lab/a", b"1")
        client.put("lab/b", b"1")
        frozen = client.snapshot_create(name="figure-3", bucket="lab", hold=True, hold_reason="paper")
        client.put("lab/a", b"2")
        client.delete("lab/b")
        self.assertEqual((b"1", b"1"), (client.get("lab/a", as_of="figure-3"), client.get("lab/b", as_of=str(frozen["lsn"]))))
        with self.assertRaises(errors.ObjectNotFound):
            client.get("lab/b")
        self.assertEqual(1, client.undo(last=True)["done"]["brought_back"])
        self.assertEqual(b"1", client.get("lab/b"))
        self.assertEqual(2, client.delete("lab", recursive=True, dry_run=True)["objects"])
        self.assertEqual(2, client.delete("lab", recursive=True)["objects"])
        self.assertEqual([], list(client.list("lab")))
        client.rewind(to="figure-3", bucket="lab")
        self.assertEqual(b"1", client.get("lab/a"))
        with self.assertRaises(errors.Conflict):
            client.delete("lab/a", forever=True)
        client.snapshot_release("figure-3")
        client.snapshot_delete("figure-3")
        self.assertGreaterEqual(client.delete("lab/a", forever=True, reason="test")["versions"], 2)
        events = [(one["event"], one.get("key")) for one in client.feed()]
        self.assertIn("a", [key for _, key in events])
        client.copy("lab/b", "lab/c")
        client.bucket_put("other-bucket")
        client.move("lab/c", "other-bucket/d")
        self.assertEqual(b"1", client.get("other-bucket/d"))

    def test_a_filtered_set_leaves_as_json_lines(self):
        client = self.client()
        for number in range(12):
            client.put(f"lab/{number:02}.txt", f"text {number} \u00e4\n".encode(), metadata={"use": "train" if number % 3 else "test"})
        client.put("lab/raw", b"\xff\x00", metadata={"use": "train"})
        before = client.stat("lab/raw")["lsn"]
        client.delete("lab/01.txt")
        self.assertEqual(8, client.export_lines(self.path("train.jsonl"), "meta.use=train", inside="lab"))
        lines = [json.loads(line) for line in pathlib.Path(self.path("train.jsonl")).read_bytes().splitlines()]
        self.assertEqual(["text 2 \u00e4\n", "text 4 \u00e4\n"], [one["text"] for one in lines[:2]])
        self.assertEqual(("lab/raw", "/wA=", {"use": "train"}), (lines[-1]["address"], lines[-1]["content_b64"], lines[-1]["metadata"]))
        then = io.BytesIO()
        self.assertEqual(9, client.export_lines(then, "meta.use=train", inside="lab", as_of=str(before)))

    def test_jobs_copies_and_waiting(self):
        client = self.client()
        client.put("lab/a", os.urandom(100_000))
        looks = []
        done = client.wait(client.verify_start(reads_data=True), progress=looks.append)
        self.assertTrue(done["result"]["is_clean"])
        self.assertEqual("done", looks[-1]["state"])
        client.wait(client.copy_create(place=self.path("copy"), name="usb"))
        self.assertEqual(["usb"], [one["name"] for one in client.copy_list()["copies"]])
        with self.assertRaises(errors.NotFound):
            client.copy_sync("none")

    def test_words_in_contents_are_found_at_once(self):
        client = self.client()
        client.put("lab/tides.txt", b"The saltwater rises twice a day.\n")
        client.put("lab/rivers.txt", b"Rivers carry no salt.\n")
        client.put("other/tides.txt", b"More saltwater.\n")
        found = list(client.find(query="saltwater", inside="lab"))
        self.assertEqual(["tides.txt"], [one["key"] for one in found])
        self.assertIn("saltwater", found[0]["snippet"]["text"])
        self.assertGreater(found[0]["score"], 0)
        self.assertEqual(["lab", "other"], sorted(one["bucket"] for one in client.find(query="saltwater")))
        self.assertEqual([], list(client.find("size>1MB", query="saltwater")))
        answer = client.search(query="saltwater", facets=["type"])
        self.assertEqual((["type"], True), ([one["name"] for one in answer["facets"]], answer["coverage"]["is_complete"]))

    def test_a_post_that_is_repeated_is_done_once(self):
        client = self.client()
        client.bucket_put("lab")
        first = client.snapshot_create(name="one", bucket="lab", idempotency_key="abc")
        self.assertEqual(first, client.snapshot_create(name="one", bucket="lab", idempotency_key="abc"))
        with self.assertRaises(errors.Conflict):
            client.snapshot_create(name="one", bucket="lab")

    def test_errors_have_classes_ids_and_hints(self):
        client = self.client()
        client.bucket_put("lab")
        with self.assertRaises(errors.ObjectNotFound) as caught:
            client.get("lab/none")
        error = caught.exception
        self.assertIsInstance(error, errors.by_id("object.not_found"))
        self.assertIsInstance(error, errors.NotFound)
        self.assertEqual(("object.not_found", 404), (error.id, error.status))
        self.assertTrue(error.request_id)
        again = pickle.loads(pickle.dumps(error))
        self.assertEqual((type(error), str(error), error.request_id), (type(again), str(again), again.request_id))
        with self.assertRaises(AttributeError):
            errors.NoSuchErrorAnywhere
        with self.assertRaises(errors.BadRequest) as caught:
            list(client.find("size>>"))
        self.assertTrue(caught.exception.id.startswith("filter."))

    def test_what_happens_is_followed(self):
        client = self.client()
        client.put("lab/a", b"1")
        since = client.stat("lab/a")["lsn"]
        seen = []

        def follow():
            for one in atoll.Client(self.home).feed(since, follow=True):
                seen.append(one["key"])
                if len(seen) == 2:
                    return
        thread = threading.Thread(target=follow, daemon=True)
        thread.start()
        client.put("lab/b", b"2")
        self.assertTrue(wait_until(lambda: seen == ["b"], 20), seen)
        client.put("lab/c", b"3")
        thread.join(20)
        self.assertEqual(["b", "c"], seen)


class Asynchronous(ClientTest):
    def test_the_same_names_with_asyncio(self):
        self.file("in/a", b"1")
        self.file("in/b", os.urandom(100_000))

        async def work():
            async with atoll.AsyncClient(self.home) as client:
                await client.put("lab/x", b"content", metadata={"n": 1})
                self.assertEqual(b"content", await client.get("lab/x"))
                self.assertEqual(2, (await client.put_folder("lab/in", self.path("in")))["done"])
                self.assertEqual(["in/a", "in/b", "x"], [one["key"] async for one in client.find(inside="lab")])
                self.assertEqual(2, (await client.get_folder("lab/in", self.path("out")))["done"])
                many = await asyncio.gather(*(client.put(f"lab/many/{number}", b"%d" % number) for number in range(50)))
                self.assertEqual(50, len({one["version"] for one in many}))
                with self.assertRaises(errors.ObjectNotFound):
                    await client.get("lab/none")
                done = await client.wait(await client.verify_start())
                self.assertEqual("done", done["state"])
                return client._home.child.pid
        child = asyncio.run(work())
        self.assertFalse(os.path.exists(f"/proc/{child}"))
        self.assertEqual(hash_of(self.path("in/b")), hash_of(self.path("out/b")))

    def test_both_clients_have_the_same_names(self):
        def public(kind):
            return {name for name in dir(kind) if not name.startswith("_")}
        self.assertEqual(public(atoll.Client) - {"close", "open"}, public(atoll.AsyncClient) - {"aclose"})

    def test_through_httpx(self):
        self.atoll("init")
        url, token, _ = self.listening()
        content = os.urandom(3_000_000)

        async def work():
            async with atoll.AsyncClient(url, token=token, transport="httpx") as client:
                await client.put("lab/a", content)
                await client.put("lab/b", io.BytesIO(content))
                self.assertEqual((content, content[7:9]), (await client.get("lab/b"), await client.get("lab/a", offset=7, length=2)))
        asyncio.run(work())
        with atoll.Client(url, token=token, transport="httpx") as client:
            client.put("lab/c", io.BytesIO(content), metadata={"note": "\u00fc"})
            self.assertEqual(content, client.get("lab/c"))
            self.assertEqual("\u00fc", client.get_with_facts("lab/c")[1]["metadata"]["note"])
            with self.assertRaises(errors.ObjectNotFound):
                client.get("lab/none")
        # A proxy in the environment is what httpx is used for without being asked; this one is not there.
        os.environ.update(http_proxy="http://127.0.0.1:1")
        with self.assertRaises(errors.Unreachable):
            atoll.Client("http://192.0.2.1:7070", token=token, retry=Retry(tries=1)).bucket_list()


class BrokenLines(ClientTest):
    """A line between client and server that breaks where it is told to."""

    def relay(self, url, breaks):
        """Passes bytes on; `breaks` has for each connection after how many bytes (to the server, to the client) it ends; None: never."""
        host, port = url.removeprefix("http://").split(":")
        door = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(door.close)
        self.connections = 0

        def pass_on(source, target, limit, both):
            try:
                while data := source.recv(65536):
                    if limit is not None:
                        data = data[:limit]
                        limit -= len(data)
                    if data:
                        target.sendall(data)
                    if limit == 0:
                        break
                    if not data:
                        break
            except OSError:
                pass
            for one in both:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass
                one.close()

        def serve():
            while True:
                try:
                    line, _ = door.accept()
                except OSError:
                    return
                there, back = breaks[self.connections] if self.connections < len(breaks) else (None, None)
                self.connections += 1
                server = socket.create_connection((host, int(port)))
                for arguments in ((line, server, there), (server, line, back)):
                    threading.Thread(target=pass_on, args=(*arguments, (line, server)), daemon=True).start()
        threading.Thread(target=serve, daemon=True).start()
        return f"http://127.0.0.1:{door.getsockname()[1]}"

    def test_what_breaks_on_the_way_goes_on(self):
        self.atoll("init")
        url, token, _ = self.listening()
        content = os.urandom(5_000_000)
        quick = Retry(first_wait_seconds=0.01)
        with atoll.Client(self.relay(url, [(300_000, None), (2_000_000, None)]), token=token, retry=quick) as client:
            client.put("lab/a", content)
            self.assertEqual(content, client.get("lab/a"))
        with atoll.Client(self.relay(url, [(None, 1_000_000), (None, 70), (None, 2_000_000)]), token=token, retry=quick) as client:
            self.assertEqual(content, client.get("lab/a"))
            self.assertEqual(4, self.connections)
        # The answer to a POST is lost: the server remembers what it did.
        with atoll.Client(self.relay(url, [(None, 0)]), token=token, retry=quick) as client:
            client.snapshot_create(name="once", bucket="lab")
        # The answer to a removal is lost: that it is gone already is no error then.
        with atoll.Client(self.relay(url, [(None, 0)]), token=token, retry=quick) as client:
            client.delete("lab/a")
        with atoll.Client(self.relay(url, [(None, 0)] * 9), token=token, retry=quick) as client:
            with self.assertRaises(errors.Unreachable):
                client.bucket_list()

    def test_an_upload_in_pieces_goes_on_from_where_it_broke(self):
        self.atoll("init")
        url, token, _ = self.listening()
        content = os.urandom(9_000_000)
        path = pathlib.Path(self.file("large", content))
        module = sys.modules["atoll._sync.client"]
        with unittest.mock.patch.object(module, "RESUMABLE_BYTES", 1 << 20), unittest.mock.patch.object(module, "PIECE_BYTES", 2_000_000):
            breaks = [(None, None), (700_000, None), (None, None), (None, 0), (1_300_000, None), (None, 40)]
            # The server may be busy with what broke off for a while: it says so, and is asked again.
            with atoll.Client(self.relay(url, breaks), token=token, retry=Retry(tries=12, first_wait_seconds=0.02)) as client:
                stored = client.put("lab/a", path)
                self.assertGreaterEqual(self.connections, len(breaks))
                self.assertEqual(content, client.get("lab/a", version=stored["version"]))
                self.assertEqual(1, len(list(client.versions("lab/a"))))

    def test_a_conditional_put_is_not_repeated_once_it_may_have_arrived(self):
        self.atoll("init")
        url, token, _ = self.listening()
        with atoll.Client(url, token=token) as client:
            client.bucket_put("lab")
        with atoll.Client(self.relay(url, [(None, 0)]), token=token, retry=Retry(first_wait_seconds=0.01)) as client:
            with self.assertRaises(errors.Unreachable):
                client.put("lab/a", b"1", if_absent=True)
            self.assertEqual(b"1", client.get("lab/a"))

    def test_a_server_that_says_nothing_is_waited_for_as_long_as_said(self):
        door = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(door.close)
        begun = time.monotonic()
        with self.assertRaises(errors.TimedOut) as caught:
            atoll.Client(f"http://127.0.0.1:{door.getsockname()[1]}", timeout=0.2, retry=Retry(tries=1)).bucket_list()
        self.assertIsInstance(caught.exception, TimeoutError)
        self.assertLess(time.monotonic() - begun, 10)


class Wire(ClientTest):
    def test_answers_that_are_none(self):
        for head in (b"", b"SSH-2.0-x", b"HTTP/1.1 abc", b"HTTP/1.1"):
            with self.assertRaises(errors.Unreachable):
                parse_head(head)
        self.assertEqual((200, "OK", {"a": "b:c"}), parse_head(b"HTTP/1.1 200 OK\r\nA:  b:c \r\nnone"))
        self.assertEqual("", Headers().lower_get("X"))

    def test_no_name_breaks_out_of_its_place(self):
        self.assertEqual("a/%2E%2E/%2E/b%20%3F%23%0D%0A", quote_key("a/.././b ?#\r\n"))
        client = self.client()
        for wrong in ({"content_type": "x\r\nEvil: 1"}, {"modified": "2024\r\nEvil: 1"}):
            with self.assertRaises(errors.BadRequest):
                client.put("lab/a", b"1", **wrong)


def hash_of(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
