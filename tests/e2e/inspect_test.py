"""What is understood of files, over the program: the table of formats is docs/formats.md, and files that Python's own
libraries and common tools make are understood: archives of each kind, sound and film where ffmpeg is there."""
import gzip
import io
import os
import shutil
import sqlite3
import struct
import subprocess
import tarfile
import unittest
import zipfile

from harness import SOURCE, AtollTest


def exif_of(big):
    """The TIFF structure of a camera's picture: maker, model, time with its zone, and where it was taken."""
    order = ">" if big else "<"

    def directory(entries, base, following=b"\0\0\0\0"):
        # Values longer than four bytes lie behind the directory.
        values_at = base + 2 + 12 * len(entries) + 4
        rows, values = b"", b""
        for tag, kind, count, value in entries:
            if len(value) > 4:
                rows += struct.pack(order + "HHII", tag, kind, count, values_at + len(values))
                values += value
            else:
                rows += struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")
        return struct.pack(order + "H", len(entries)) + rows + following + values

    def text(tag, words):
        return tag, 2, len(words) + 1, words.encode() + b"\0"

    def pointer(tag, where):
        return tag, 4, 1, struct.pack(order + "I", where)

    def degrees(tag, *parts):
        return tag, 5, 3, b"".join(struct.pack(order + "II", part, 1) for part in parts)

    photo = [text(0x9003, "2024:03:09 14:30:00"), text(0x9011, "+01:00")]
    place = [text(1, "S"), degrees(2, 33, 30, 0), text(3, "E"), degrees(4, 151, 15, 0)]
    first = [text(0x010F, "Canon"), text(0x0110, "Canon EOS 80D"), pointer(0x8769, 0), pointer(0x8825, 0)]
    photo_at = 8 + len(directory(first, 8))
    place_at = photo_at + len(directory(photo, photo_at))
    first[2:] = [pointer(0x8769, photo_at), pointer(0x8825, place_at)]
    head = (b"MM\0*" if big else b"II*\0") + struct.pack(order + "I", 8)
    return head + directory(first, 8) + directory(photo, photo_at) + directory(place, place_at)


class Inspect(AtollTest):
    makes_home = False

    def inspect(self, *names, code=0):
        answer = self.atoll("inspect", "--json", *(self.path(name) for name in names), code=code)
        found = answer.of_type("inspection")
        self.assertEqual(len(names), len(found))
        return found[0] if len(names) == 1 else found

    @staticmethod
    def values(found, name):
        return [field["value"] for field in found["fields"] if field["name"] == name]

    def text(self, found):
        words = "\n".join(piece["text"] for piece in found["pieces"])
        return words + "".join(self.text(member["understood"]) for member in found["members"] if "understood" in member)

    def test_the_table_of_formats_is_the_document(self):
        with open(os.path.join(SOURCE, "docs/formats.md")) as file:
            rows = [line.rstrip("\n") for line in file if line.startswith("| ")]
        self.assertEqual(self.atoll("formats").lines, rows, "run: atoll formats, and put it into docs/formats.md")
        self.assertIn("told by universal-ctags", self.atoll("formats").errors)
        as_json = self.atoll("formats", "--json").of_type("format")
        self.assertEqual(len(rows) - 2, len(as_json))
        self.assertEqual(len({one["id"] for one in as_json}), len(as_json))
        endings = [ending for one in as_json for ending in one["extensions"]]
        self.assertEqual(sorted(set(endings)), sorted(endings), "an ending that two formats claim")
        asked = ("jpg gif heic png bmp tiff raw webp svg heif ico psd mp4 mov avi wmv flv mkv webm mts mpg 3gp mp3 wav aac flac "
                 "ogg m4a wma pdf doc docx ppt pptx txt rtf odt json html xml csv toml md yaml stl obj fbx 3ds dae ply gltf glb "
                 "step iges dxf gcode sql db mdb accdb dbf zip rar tar gz 7z log epub mobi xls xlsx ods odp eml msg ics vcf htm "
                 "py js php java c cpp h sh exe bin app dll dwg").split()
        self.assertEqual([], [ending for ending in asked if ending not in endings])

    def test_archives_and_what_is_in_them(self):
        inner = io.BytesIO()
        with zipfile.ZipFile(inner, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("deep/x.txt", "innermost quokka")
        with zipfile.ZipFile(self.path("a.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner.zip", inner.getvalue())
            archive.writestr("../../evil.txt", "e")
        with tarfile.open(self.path("a.tar.gz"), "w:gz") as archive:
            entry = tarfile.TarInfo("x/a.txt")
            entry.size = 6
            archive.addfile(entry, io.BytesIO(b"quokka"))
        with gzip.open(self.path("a.txt.gz"), "wb") as file:
            file.write(b"quokka")
        found = self.inspect("a.zip", "a.tar.gz", "a.txt.gz")
        for one in found:
            self.assertIn("quokka", self.text(one), one["path"])
            self.assertEqual("", one["trouble"])
        self.assertEqual({"inner.zip", "inner.zip!/deep/x.txt", "evil.txt"}, {member["path"] for member in found[0]["members"]})

    def test_a_bomb_is_not_unfolded(self):
        with zipfile.ZipFile(self.path("bomb.zip"), "w", zipfile.ZIP_DEFLATED) as archive:
            for i in range(3):
                archive.writestr(f"zeros{i}", bytes(60_000_000))
        found = self.inspect("bomb.zip", code=3)
        self.assertTrue(found["is_truncated"])
        self.assertIn("unfolds", found["trouble"])

    def test_a_database_of_sqlite(self):
        database = sqlite3.connect(self.path("s.db"))
        database.execute('create table users(id integer primary key, "full name" text, share numeric(3,2))')
        for i in range(200):  # more than one page of a schema
            database.execute(f"create table table_{i}(a text, a_column_with_a_name_{i} text)")
        database.commit()
        database.close()
        found = self.inspect("s.db")
        self.assertEqual(["SQLite"], self.values(found, "engine"))
        self.assertIn("users.full name", self.values(found, "column"))
        self.assertEqual(201, len(self.values(found, "table")))

    def test_unknown_bytes_have_no_trouble(self):
        self.file("x.xyz", bytes(range(256)) * 10)
        found = self.inspect("x.xyz")
        self.assertEqual(("unknown", "", []), (found["format"], found["trouble"], found["pieces"]))

    def test_sound_film_and_pictures(self):
        ffmpeg = shutil.which("ffmpeg")
        self.assertIsNotNone(ffmpeg, "ffmpeg is missing: apt-get install ffmpeg")
        picture = ["-f", "lavfi", "-i", "testsrc=size=352x288:rate=25:duration=2"]
        sound = ["-f", "lavfi", "-i", "sine=duration=2"]
        films = {"mp4": "mp4", "mov": "mov", "avi": "avi", "wmv": "wmv", "mkv": "mkv", "mpg": "mpeg", "m2ts": "mpegts", "flv": "flv"}
        sounds = {"mp3": "mp3", "aac": "aac", "flac": "flac", "ogg": "ogg", "m4a": "m4a", "wma": "wma", "wav": "wav"}
        pictures = {"jpg": "jpeg", "tiff": "tiff", "webp": "webp", "png": "png"}
        for ending in films:
            rate = ["-ar", "44100"] if ending == "flv" else []
            self.run_tool(ffmpeg, *picture, *sound, *rate, "-metadata", "title=Film", self.path(f"v.{ending}"))
        for ending in sounds:
            self.run_tool(ffmpeg, *sound, "-metadata", "title=Song", "-metadata", "artist=Ann", self.path(f"a.{ending}"))
        for ending in pictures:
            self.run_tool(ffmpeg, *picture, "-frames:v", "1", self.path(f"i.{ending}"))
        for ending, kind in films.items():
            found = self.inspect(f"v.{ending}")
            self.assertEqual((kind, ""), (found["format"], found["trouble"]))
            self.assertEqual((["352"], ["288"]), (self.values(found, "width"), self.values(found, "height")), ending)
            self.assertTrue(1800 < int(self.values(found, "duration_ms")[0]) < 2200, ending)
        for ending, kind in sounds.items():
            found = self.inspect(f"a.{ending}")
            self.assertEqual((kind, ""), (found["format"], found["trouble"]))
            self.assertTrue(1800 < int(self.values(found, "duration_ms")[0]) < 2200, ending)
            if ending not in ("aac", "wav"):
                self.assertEqual((["Song"], ["Ann"]), (self.values(found, "title"), self.values(found, "artist")), ending)
        for ending, kind in pictures.items():
            found = self.inspect(f"i.{ending}")
            self.assertEqual((kind, ["352"], ["288"]), (found["format"], self.values(found, "width"), self.values(found, "height")))

    def run_tool(self, program, *words):
        subprocess.run([program, "-v", "error", "-y", *words], check=True, stdin=subprocess.DEVNULL, timeout=60)

    def test_cameras_times_and_places(self):
        for big in (False, True):
            segment = b"Exif\0\0" + exif_of(big)
            frame = struct.pack(">BBHBHHB", 0xFF, 0xC0, 11, 8, 80, 120, 1) + b"\1\x11\0"
            self.file("photo.jpg", b"\xFF\xD8\xFF\xE1" + struct.pack(">H", len(segment) + 2) + segment + frame + b"\xFF\xD9")
            self.file("photo.nef", exif_of(big))
            for name, kind in (("photo.jpg", "jpeg"), ("photo.nef", "nef")):
                found = self.inspect(name)
                self.assertEqual((kind, ""), (found["format"], found["trouble"]))
                self.assertEqual(["Canon EOS 80D"], self.values(found, "device"))
                self.assertEqual(["2024-03-09T14:30:00+01:00"], self.values(found, "created"))
                self.assertEqual((["-33.5"], ["151.25"]), (self.values(found, "latitude"), self.values(found, "longitude")))
            self.assertEqual(["120"], self.values(self.inspect("photo.jpg"), "width"))

    def test_an_event_with_an_alarm_keeps_its_words(self):
        self.file("dentist.ics", b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nSUMMARY:Dentist\r\nBEGIN:VALARM\r\nDESCRIPTION:Ring\r\n"
                                 b"END:VALARM\r\nLOCATION:Harbour street\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
        found = self.inspect("dentist.ics")
        self.assertEqual(["Harbour street"], self.values(found, "place"))
        self.assertEqual([], self.values(found, "description"), "the alarm's words are not the event's")
        said = self.atoll("inspect", "--text", self.path("dentist.ics")).text
        self.assertIn("Harbour street\n", said.split("entity_count")[1])

    def test_people_see_fields_and_text(self):
        self.file("a.py", "class Quokka:\n    pass\n")
        lines = self.atoll("inspect", "--text", self.path("a.py")).lines
        self.assertIn("  symbol: Quokka", lines)
        self.assertIn("class Quokka:", lines)
        self.assertEqual("", self.atoll("inspect", self.path("missing"), code=20).text)


if __name__ == "__main__":
    unittest.main()
