"""Leaving and arriving: export and import with real archives, mailboxes, bags, Takeouts and a real restic repository."""
import hashlib
import io
import json
import mailbox
import os
import signal
import stat
import subprocess
import tarfile
import time
import zipfile

from harness import AtollTest, main


def read(path):
    with open(path, "rb") as file:
        return file.read()


def set_times(path, seconds):
    os.utime(path, ns=(seconds * 10**9 + 123456789,) * 2, follow_symlinks=False)


class TransferTest(AtollTest):
    def second_home(self):
        """A vault that knows nothing of the first."""
        self.env["ATOLL_HOME"] = self.path("home2")
        self.env["XDG_CONFIG_HOME"] = self.path("config2")
        self.atoll("init")

    def tree(self):
        self.file("tree/a.txt", b"hello\n", 0o640)
        self.file("tree/sub/b.bin", os.urandom(300_000), 0o755)
        self.file(b"tree/sub/not-utf8-\xff.txt", b"bytes")
        self.file("tree/sub/line\nbreak.txt", b"two lines in a name")
        self.file("tree/empty", b"")
        os.makedirs(self.path("tree/hollow"))
        os.symlink("../a.txt", self.path("tree/sub/link"))
        os.link(self.path("tree/a.txt"), self.path("tree/hard"))
        os.mkfifo(self.path("tree/pipe"))
        with open(self.path("tree/sparse"), "wb") as sparse:
            sparse.seek(5_000_000)
            sparse.write(b"end")
        os.setxattr(self.path("tree/a.txt"), "user.note", b"\x00\xffmine")
        if os.geteuid() == 0:
            os.chown(self.path("tree/empty"), 1234, 5678)
        for top, folders, files in os.walk(os.fsencode(self.path("tree")), topdown=False):
            for name in files + folders:
                set_times(os.path.join(top, name), 1_500_000_000 + len(name))
        set_times(self.path("tree"), 1_400_000_000)
        return self.path("tree")

    def filled(self):
        tree = self.tree()
        self.atoll("put", tree, "photos")
        self.atoll("tag", "photos/a.txt", "colour=blue")
        self.atoll("tag", "photos/sub/b.bin", "--meta", "lens=50mm")
        return tree

    def words(self, bucket):
        rows = self.atoll("ls", "-r", bucket, "--json").of_type("object")
        return {row.get("key_b64", row["key"]): (row["type"], row["size"], row["modified"], row.get("tags"),
                                                 row.get("metadata"), row.get("link_target")) for row in rows}

    def round_trip(self, format, source):
        tree = self.filled()
        before = self.words("photos")
        answer = self.atoll("export", "photos", "--to", self.path("out"), "--format", format, "--json")
        self.assertEqual(0, answer.summary["error_count"])
        self.second_home()
        self.atoll("import", source(), "back")
        self.assertEqual(before, self.words("back"))
        self.assert_same_tree(tree, self.restored("back"))
        again = self.atoll("import", source(), "back", "--json").summary
        self.assertEqual((0, 0), (again["objects_new"], again["objects_changed"]), again)
        return tree

    def test_plain_round_trip(self):
        self.round_trip("plain", lambda: self.path("out"))

    def test_bag_round_trip(self):
        self.round_trip("bagit", lambda: self.path("out"))

    def test_archive_round_trip(self):
        self.round_trip("archive", lambda: os.path.join(self.path("out"), os.listdir(self.path("out"))[0], "universe.tar.gz"))

    def test_plain_goes_on_and_tells_what_is_in_the_way(self):
        tree = self.filled()
        self.atoll("export", "photos", "--to", self.path("out"))
        for name in (b"a.txt", b"sub/b.bin", b"sub/link"):
            self.assertTrue(os.path.lexists(os.path.join(os.fsencode(self.path("out")), name)))
        os.unlink(self.path("out/sub/b.bin"))
        self.file("out/empty", b"something else")
        answer = self.atoll("export", "photos", "--to", self.path("out"), "--json", code=3)
        self.assertGreater(answer.summary["files_already_there"], 3)
        self.assertEqual(1, answer.summary["error_count"])
        self.assertTrue(os.path.exists(self.path("out/sub/b.bin")))
        self.assertEqual(b"something else", read(self.path("out/empty")))
        self.assertEqual(os.readlink(self.path("tree/sub/link")), os.readlink(self.path("out/sub/link")))
        self.assertTrue(tree)

    def test_as_it_was(self):
        self.file("tree/a.txt", b"first\n")
        self.file("tree/removed", b"gone later")
        self.atoll("put", self.path("tree"), "docs")
        self.atoll("snapshot", "create", "then", "docs")
        then = self.path("then")
        os.rename(self.path("tree"), then)
        lsn = self.atoll("--json", "stat", "docs/a.txt").of_type("object")[0]["lsn"]
        self.file("tree/a.txt", b"second, longer\n")
        self.file("tree/new", b"not there then")
        self.atoll("put", self.path("tree"), "docs", "--mirror", "--yes")
        for name in ("plain", "bagit", "archive"):
            with self.subTest(format=name):
                out = self.path("as-of-" + name)
                done = self.atoll("--json", "export", "docs", "--to", out, "--format", name, "--as-of", "then").summary
                self.assertEqual(2, done["files"])
                self.assertIn("then", done["as_of"])
                source = out
                if name == "archive":
                    source = os.path.join(out, os.listdir(out)[0], "universe.tar.gz")
                self.atoll("import", source, "back-" + name)
                self.assert_same_tree(then, self.restored("back-" + name))
        out = self.path("by-number")
        self.atoll("export", "docs", "--to", out, "--as-of", str(lsn))
        self.assertEqual(b"first\n", read(os.path.join(out, "a.txt")))
        self.assertFalse(os.path.exists(os.path.join(out, "new")))
        self.atoll("export", "docs", "--to", self.path("never"), "--as-of", "9999-01-01", code=2)
        self.atoll("export", "docs", "--to", self.path("never"), "--as-of", "1", code=20)

    def test_keys_that_are_no_paths_come_back(self):
        for key in ("a", "a/b", "../up", "x//y", "x/./z", "atoll-metadata.jsonl", "n" * 300):
            self.atoll("put", "-", "odd/" + key, input=key.encode())
        answer = self.atoll("export", "odd", "--to", self.path("out"), "--json").summary
        self.assertGreaterEqual(answer["renamed"], 6)
        self.assertFalse(os.path.exists(self.path("up")))
        self.second_home()
        self.atoll("import", self.path("out"), "odd")
        for key in ("a", "a/b", "../up", "x//y", "x/./z", "atoll-metadata.jsonl", "n" * 300):
            self.assertEqual(key.encode(), self.atoll("cat", "odd/" + key).out)

    def test_a_changed_export_is_not_believed(self):
        self.filled()
        self.atoll("export", "photos", "--to", self.path("out"))
        with open(self.path("out/a.txt"), "r+b") as file:
            file.write(b"HELLO")
        self.second_home()
        answer = self.atoll("import", self.path("out"), "back", code=3)
        self.assertIn("is not what was exported", answer.errors)

    def test_bag_is_valid(self):
        self.filled()
        self.atoll("export", "photos", "--to", self.path("bag"), "--format", "bagit")
        self.assertEqual(b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n", read(self.path("bag/bagit.txt")))

        def checked(name):
            listed = {}
            for line in read(self.path("bag", name)).splitlines():
                digest, path = line.split(b"  ", 1)
                path = path.replace(b"%0A", b"\n").replace(b"%0D", b"\r").replace(b"%25", b"%")
                listed[path] = digest.decode()
                with open(os.path.join(os.fsencode(self.path("bag")), path), "rb") as file:
                    self.assertEqual(listed[path], hashlib.sha256(file.read()).hexdigest(), path)
            return listed

        payload = checked("manifest-sha256.txt")
        there = set()
        for top, _, files in os.walk(os.fsencode(self.path("bag/data"))):
            there |= {os.path.relpath(os.path.join(top, name), os.fsencode(self.path("bag"))) for name in files}
        self.assertEqual(there, set(payload))
        self.assertIn(b"atoll-metadata.jsonl", checked("tagmanifest-sha256.txt"))
        size = sum(os.path.getsize(os.path.join(os.fsencode(self.path("bag")), path)) for path in payload)
        self.assertIn(f"Payload-Oxum: {size}.{len(payload)}\n", read(self.path("bag/bag-info.txt")).decode())

    def test_archive_has_manifest_and_sums(self):
        self.filled()
        answer = self.atoll("export", "photos", "--to", self.path("out"), "--format", "archive", "--json").summary
        folder = answer["folder"]
        self.assertRegex(os.path.basename(folder), r"^\d{4}-\d\d-\d\d-snapshot$")
        subprocess.run(["md5sum", "-c", "--quiet", "verification.md5"], cwd=folder, check=True)
        listed = subprocess.run(["tar", "tzf", "universe.tar.gz"], cwd=folder, check=True, capture_output=True).stdout
        self.assertIn(b"sub/b.bin\n", listed)
        manifest = json.loads(read(os.path.join(folder, "manifest.json")))
        files = {one["path"]: one for one in manifest["files"]}
        self.assertEqual(answer["lsn"], manifest["lsn"])
        with open(self.path("tree/sub/b.bin"), "rb") as file:
            self.assertEqual(hashlib.sha256(file.read()).hexdigest(), files["sub/b.bin"]["sha256"])
        with open(os.path.join(folder, "universe.tar.gz"), "r+b") as file:
            file.seek(100)
            byte = file.read(1)
            file.seek(100)
            file.write(bytes([byte[0] ^ 1]))
        self.assertNotEqual(0, subprocess.run(["md5sum", "-c", "--quiet", "verification.md5"], cwd=folder,
                                              capture_output=True).returncode)
        self.assertNotEqual(folder, self.atoll("export", "photos", "--to", self.path("out"), "--format", "archive",
                                               "--json").summary["folder"])

    def test_a_broken_off_archive_goes_on(self):
        for number in range(24):
            self.file(f"tree/{number // 8}/{number}.bin", os.urandom(30_000_000) if number % 2 else b"small\n" * number)
        self.atoll("put", self.path("tree"), "big")
        words = ("export", "big", "--to", self.path("out"), "--format", "archive", "--json")
        for signal_number in (signal.SIGKILL, signal.SIGINT):
            part = self.start(*words)
            deadline = time.monotonic() + 60
            folder = None
            while part.poll() is None and time.monotonic() < deadline:
                folder = folder or next((os.path.join(self.path("out"), name) for name in os.listdir(self.path("out"))), None) \
                    if os.path.isdir(self.path("out")) else None
                if folder and os.path.exists(os.path.join(folder, "progress.json")):
                    break
                time.sleep(0.005)
            part.send_signal(signal_number)
            part.communicate()
            progress = json.loads(read(os.path.join(folder, "progress.json")))
            self.assertGreater(progress["tar_bytes"], 200_000_000)
            self.assertFalse(os.path.exists(os.path.join(folder, "verification.md5")))
            # What is stored meanwhile is not in it, and what lay behind the whole sections does not matter.
            self.file("tree/0/1.bin", b"another one, written later")
            self.atoll("put", self.path("tree/0/1.bin"), "big/0")
            self.file("tree/0/00-new", b"new")
            self.atoll("put", self.path("tree/0/00-new"), "big/0")
            with open(os.path.join(folder, "universe.tar.gz"), "ab") as file:
                file.write(b"left over")
        first_day = os.path.join(self.path("out"), "2020-02-02-snapshot")
        os.rename(folder, first_day)  # it goes on on another day, too
        inode = os.stat(os.path.join(first_day, "universe.tar.gz")).st_ino
        done = self.atoll(*words)
        self.assertEqual((done.summary["folder"], done.summary["files"], done.summary["lsn"]), (first_day, 24, progress["lsn"]))
        self.assertIn("going on", done.errors)
        self.assertEqual(inode, os.stat(os.path.join(first_day, "universe.tar.gz")).st_ino)
        self.assertEqual(sorted(os.listdir(first_day)), ["manifest.json", "universe.tar.gz", "verification.md5"])
        subprocess.run(["md5sum", "-c", "--quiet", "verification.md5"], cwd=first_day, check=True)
        manifest = json.loads(read(os.path.join(first_day, "manifest.json")))
        sums = {one["path"]: one["sha256"] for one in manifest["files"] if one["type"] == "file"}
        self.assertEqual((len(sums), manifest["file_count"]), (24, 24))
        with tarfile.open(os.path.join(first_day, "universe.tar.gz")) as tar:
            found = {one.name: hashlib.sha256(tar.extractfile(one).read()).hexdigest() for one in tar if one.isfile()}
        self.assertEqual(found, sums)
        self.assertNotEqual(first_day, self.atoll(*words).summary["folder"])

    def test_tars(self):
        tree = self.tree()
        os.unlink(self.path("tree/sparse"))
        os.removexattr(self.path("tree/a.txt"), "user.note")
        set_times(tree, 1_400_000_000)
        for flags, name in (("", "a.tar"), ("z", "a.tar.gz"), ("J", "a.tar.xz"), ("j", "a.tar.bz2")):
            path = self.path(name)
            subprocess.run(["tar", f"c{flags}f", path, "--format=pax", "-C", tree, "."], check=True)
            bucket = "b-" + name.replace(".", "-")
            dry = self.atoll("import", path, bucket, "-n", "--json").summary
            done = self.atoll("import", path, bucket, "--json").summary
            self.assertEqual((dry["files"], dry["folders"], dry["links"]), (done["files"], done["folders"], done["links"]))
            self.assertEqual(0, done["error_count"], name)
            self.assert_same_tree(tree, self.restored(bucket))
            again = self.atoll("import", path, bucket, "--json").summary
            self.assertEqual((0, 0), (again["objects_new"], again["objects_changed"]), name)

    def test_zip_with_modes_and_links(self):
        with zipfile.ZipFile(self.path("a.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
            info = zipfile.ZipInfo("folder/run.sh", (2020, 5, 6, 7, 8, 10))
            info.external_attr = (stat.S_IFREG | 0o755) << 16
            archive.writestr(info, b"#!/bin/sh\n" * 1000)
            link = zipfile.ZipInfo("folder/link", (2020, 5, 6, 7, 8, 10))
            link.external_attr = (stat.S_IFLNK | 0o777) << 16
            link.create_system = 3
            archive.writestr(link, "run.sh")
        self.atoll("import", self.path("a.zip"), "zips/in")
        out = self.restored("zips/in")
        self.assertEqual("run.sh", os.readlink(os.path.join(out, "folder/link")))
        self.assertEqual(0o755, stat.S_IMODE(os.stat(os.path.join(out, "folder/run.sh")).st_mode))
        self.assertEqual(b"#!/bin/sh\n" * 1000, read(os.path.join(out, "folder/run.sh")))

    def test_hostile_archives(self):
        with tarfile.open(self.path("slip.tar"), "w") as archive:
            for name in ("../../etc/passwd", "/etc/shadow", "good"):
                info = tarfile.TarInfo(name)
                info.size = 4
                archive.addfile(info, io.BytesIO(b"data"))
            link = tarfile.TarInfo("door")
            link.type, link.linkname = tarfile.SYMTYPE, "/tmp"
            archive.addfile(link)
            through = tarfile.TarInfo("door/file")
            through.size = 4
            archive.addfile(through, io.BytesIO(b"data"))
            dangling = tarfile.TarInfo("dangling")
            dangling.type, dangling.linkname = tarfile.LNKTYPE, "nothing-there"
            archive.addfile(dangling)
        answer = self.atoll("import", self.path("slip.tar"), "hostile", "--json", code=3)
        self.assertEqual(2, answer.summary["renamed"])
        self.assertEqual(1, answer.summary["error_count"])
        keys = set(self.words("hostile"))
        self.assertEqual({"etc/passwd", "etc/shadow", "good", "door", "door/file"}, keys)
        self.atoll("restore", "hostile", "--target", self.path("safe"), code=3)
        self.assertFalse(os.path.exists("/tmp/file"))
        whole = os.urandom(400_000)
        with tarfile.open(self.path("whole.tar.gz"), "w:gz") as archive:
            for name in ("first", "second"):
                info = tarfile.TarInfo(name)
                info.size = len(whole)
                archive.addfile(info, io.BytesIO(whole))
        cut = read(self.path("whole.tar.gz"))
        self.file("cut.tar.gz", cut[:500_000])
        answer = self.atoll("import", self.path("cut.tar.gz"), "cut", code=3)
        self.assertEqual(whole, self.atoll("cat", "cut/first").out)
        self.atoll("cat", "cut/second", code=20)
        # A size below zero, as GNU's base-256 numbers can say it.
        header = bytearray(tarfile.TarInfo("negative").tobuf(tarfile.USTAR_FORMAT))
        header[124:136] = b"\xff" * 12
        header[148:156] = b" " * 8
        header[148:156] = b"%06o\0 " % sum(header)
        self.file("negative.tar", bytes(header) + bytes(10240))
        self.atoll("import", self.path("negative.tar"), "noise", code=(1, 3))
        self.file("noise.tar", os.urandom(100_000))
        answer = self.atoll("import", self.path("noise.tar"), "noise", code=2)
        self.assertIn("neither a tar nor a zip", answer.errors)
        self.file("plain.txt", b"no archive at all\n")
        self.atoll("import", self.path("plain.txt"), "noise", code=2)
        self.atoll("import", self.path("plain.txt"), "noise", "--format", "zip", code=2)
        self.file("noise.zip", b"PK\x03\x04" + os.urandom(100_000))
        self.atoll("import", self.path("noise.zip"), "noise", code=(1, 2, 3))
        self.file("bad/atoll-metadata.jsonl", b'{"path":"a","type":"file","size":-1}\n[[[[\n{"path":"../x","file":"../../etc/passwd","type":"file","size":1}\n')
        self.atoll("import", self.path("bad"), "noise", code=(1, 3))
        self.assertEqual([], self.atoll("ls", "-r", "noise").lines)

    def message(self, number, body="Hello\nFrom here on\n"):
        text = (f"Message-ID: <{number}@example.org>\nFrom: =?utf-8?q?J=C3=BCrgen?= <j@example.org>\nTo: me@example.org\n"
                f"Subject: =?iso-8859-1?Q?Gr=FC=DFe?= number {number}\nDate: Mon, 0{number} Jan 2024 10:00:00 +0100\n"
                f"X-Gmail-Labels: Inbox,Family\n\n{body}")
        return mailbox.mboxMessage(text.encode())

    def test_mbox(self):
        box = mailbox.mbox(self.path("mail.mbox"))
        for number in range(1, 6):
            message = self.message(number)
            message.set_from("someone", (2024, 1, number, 9, 0, 0, 0, 0, 0))
            box.add(message)
        box.close()
        done = self.atoll("import", self.path("mail.mbox"), "mail", "--json").summary
        self.assertEqual((5, 5, "mbox"), (done["files"], done["objects_new"], done["format"]))
        rows = self.atoll("ls", "-r", "mail", "--json").of_type("object")
        self.assertEqual(5, len(rows))
        first = rows[0]
        self.assertRegex(first["key"], r"^2024/01/2024-01-01-grüße-number-1-[0-9a-f]{8}\.eml$")
        self.assertEqual("Grüße number 1", first["metadata"]["subject"])
        self.assertEqual("Jürgen <j@example.org>", first["metadata"]["from"])
        self.assertEqual("<1@example.org>", first["metadata"]["message_id"])
        self.assertEqual("Inbox,Family", first["metadata"]["labels"])
        self.assertEqual("2024-01-01T09:00:00Z", first["modified"])
        content = self.atoll("cat", "mail/" + first["key"]).out
        self.assertTrue(content.endswith(b"Hello\nFrom here on\n"), content)
        again = self.atoll("import", self.path("mail.mbox"), "mail", "--json").summary
        self.assertEqual((0, 5), (again["objects_new"], again["objects_unchanged"]))

    def test_maildir(self):
        box = mailbox.Maildir(self.path("Maildir"))
        for number in (1, 2):
            message = mailbox.MaildirMessage(self.message(number))
            message.set_subdir("cur")
            message.set_flags("RS" if number == 1 else "F")
            box.add(message)
        box.add_folder("Sent").add(mailbox.MaildirMessage(self.message(3)))
        self.assertEqual(3, self.atoll("import", self.path("Maildir"), "mail", "-n", "--json").summary["files"])
        done = self.atoll("import", self.path("Maildir"), "mail", "--json").summary
        self.assertEqual((3, 3), (done["files"], done["objects_new"]))
        rows = {row["metadata"]["message_id"]: row for row in self.atoll("ls", "-r", "mail", "--json").of_type("object")}
        self.assertEqual({"seen": "yes", "replied": "yes"}, rows["<1@example.org>"]["tags"])
        self.assertEqual({"flagged": "yes"}, rows["<2@example.org>"]["tags"])
        self.assertEqual("Sent", rows["<3@example.org>"]["metadata"]["folder"])
        self.assertEqual(0, self.atoll("import", self.path("Maildir"), "mail", "--json").summary["objects_new"])

    def takeout_files(self):
        words = lambda title, second: json.dumps({"title": title, "description": "On the beach", "photoTakenTime": {
            "timestamp": str(1_300_000_000 + second)}, "geoData": {"latitude": 47.5, "longitude": 8.25, "altitude": 400.0},
            "people": [{"name": "Ada"}, {"name": "Bo"}], "favorited": True}).encode()
        top = "Takeout/Google Photos/Summer/"
        long = "a-name-that-is-much-longer-than-takeout-likes-it-to-be.jpg"
        return {
            top + "metadata.json": json.dumps({"title": "Summer 2011"}).encode(),
            top + "IMG_1.jpg": b"one", top + "IMG_1.jpg.json": words("IMG_1.jpg", 1),
            top + "IMG_1(1).jpg": b"two", top + "IMG_1.jpg(1).json": words("IMG_1.jpg", 2),
            top + "IMG_1-edited.jpg": b"edited",
            top + "IMG_2.HEIC": b"still", top + "IMG_2.MP4": b"film",
            top + "IMG_2.HEIC.supplemental-metadata.json": words("IMG_2.HEIC", 3),
            top + long: b"long", top + long[:46] + ".json": words(long, 4),
            top + "plain.txt": b"no words",
        }

    def check_takeout(self, bucket):
        rows = {row["key"].split("/")[-1]: row for row in self.atoll("ls", "-r", bucket, "--json").of_type("object")}
        self.assertEqual(7, len(rows), rows.keys())
        times = {"IMG_1.jpg": 1, "IMG_1(1).jpg": 2, "IMG_1-edited.jpg": 1, "IMG_2.HEIC": 3, "IMG_2.MP4": 3,
                 "a-name-that-is-much-longer-than-takeout-likes-it-to-be.jpg": 4}
        for name, second in times.items():
            metadata = rows[name]["metadata"]
            self.assertEqual(f"2011-03-13T07:06:4{second}Z", metadata["taken_at"], name)
            self.assertEqual(metadata["taken_at"], rows[name]["modified"], name)
            self.assertEqual(("47.5", "8.25", "Ada, Bo", "On the beach", "Summer 2011"), tuple(
                metadata[word] for word in ("latitude", "longitude", "people", "description", "album")))
        self.assertEqual({"album": "Summer 2011"}, rows["plain.txt"]["metadata"])

    def test_takeout_folder_and_zips(self):
        files = self.takeout_files()
        for name, content in files.items():
            self.file("unpacked/" + name, content)
        done = self.atoll("import", self.path("unpacked"), "photos", "--json").summary
        self.assertEqual(("takeout", 0, 4, 0), (done["format"], done["error_count"], done["sidecars"], done["sidecars_unused"]))
        self.check_takeout("photos")
        # What is said about a photo may stand in another part.
        os.makedirs(self.path("parts"))
        for part, wants_json in (("takeout-001.zip", False), ("takeout-002.zip", True)):
            with zipfile.ZipFile(self.path("parts", part), "w") as archive:
                for name, content in files.items():
                    if name.endswith(".json") == wants_json:
                        archive.writestr(name, content)
        done = self.atoll("import", self.path("parts"), "zipped", "--json").summary
        self.assertEqual(("takeout", 7, 0), (done["format"], done["objects_new"], done["error_count"]))
        self.check_takeout("zipped")

    def restic(self, *words):
        environment = dict(os.environ, RESTIC_PASSWORD="secret", RESTIC_REPOSITORY=self.path("repo"),
                           RESTIC_CACHE_DIR=self.path("cache"))
        subprocess.run(["restic", *words], env=environment, check=True, capture_output=True, cwd=self.path("source"))

    def test_restic_history_becomes_versions(self):
        self.file("source/keep.txt", b"kept")
        self.file("source/change.txt", b"first")
        self.file("source/gone.txt", b"gone soon")
        self.restic("init")
        self.restic("backup", self.path("source"), "--time", "2024-01-01 10:00:00", "--tag", "one")
        self.file("source/change.txt", b"second")
        os.unlink(self.path("source/gone.txt"))
        self.restic("backup", self.path("source"), "--time", "2024-02-01 10:00:00", "--tag", "two")
        self.env.update(RESTIC_PASSWORD="secret", RESTIC_CACHE_DIR=self.path("cache"))
        dry = self.atoll("import", self.path("repo"), "old", "-n", "--json").summary
        self.assertEqual(("restic", 2), (dry["format"], dry["snapshots"]))
        done = self.atoll("import", self.path("repo"), "old", "--json").summary
        self.assertEqual((2, 1, 0), (done["snapshots"], done["objects_removed"], done["error_count"]))
        base = "old" + self.path("source") + "/"
        self.assertEqual(b"second", self.atoll("cat", base + "change.txt").out)
        self.atoll("cat", base + "gone.txt", code=20)
        row = self.atoll("stat", base + "change.txt", "--json").json()[0]
        self.assertEqual("two", row["metadata"]["restic_tags"], row)
        kept = self.atoll("stat", base + "keep.txt", "--json").json()[0]
        self.assertEqual("one", kept["metadata"]["restic_tags"], kept)
        again = self.atoll("import", self.path("repo"), "old", "--json").summary
        self.assertEqual((0, 2, 0, 0), (again["snapshots"], again["snapshots_known"], again["objects_new"],
                                        again["objects_changed"]))
        self.env["RESTIC_PASSWORD"] = "wrong"
        self.atoll("import", self.path("repo"), "other", code=1)

    def test_interrupted_and_repeated(self):
        with tarfile.open(self.path("many.tar"), "w") as archive:
            for number in range(20_000):
                info = tarfile.TarInfo(f"folder-{number % 50}/file-{number}")
                info.size = 8
                archive.addfile(info, io.BytesIO(b"%08d" % number))
        child = self.start("import", self.path("many.tar"), "many")
        child.kill()
        child.communicate()
        done = self.atoll("import", self.path("many.tar"), "many", "--json").summary
        self.assertEqual((20_000, 20_000), (done["files"], done["objects_new"] + done["objects_unchanged"]))
        self.assertEqual(b"00012345", self.atoll("cat", "many/folder-45/file-12345").out)


if __name__ == "__main__":
    main()
