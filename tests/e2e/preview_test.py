"""Previews over the program and its server: pictures, film, sound, pages and models as WebP, what has none and why, rights,
conditions, many at once; and text in a scan that is found by its words."""
import concurrent.futures
import os
import shutil
import struct
import subprocess
import unittest

from harness import AtollTest, wait_until
from rest_test import RestTest

kFfmpeg = shutil.which("ffmpeg")


def ffmpeg(*words):
    done = subprocess.run([kFfmpeg, "-hide_banner", "-loglevel", "error", "-y", *words], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr


def size_of(webp):
    """Width and height of a WebP file (RFC 9649)."""
    assert webp[:4] == b"RIFF" and webp[8:12] == b"WEBP", webp[:64]
    kind = webp[12:16]
    if kind == b"VP8X":
        return (int.from_bytes(webp[24:27], "little") + 1, int.from_bytes(webp[27:30], "little") + 1)
    if kind == b"VP8L":
        bits = int.from_bytes(webp[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    at = webp.index(b"\x9d\x01\x2a") + 3
    width, height = struct.unpack("<HH", webp[at:at + 4])
    return width & 0x3FFF, height & 0x3FFF


def turned(jpeg):
    """The same JPEG, said to lie on its side (EXIF orientation 6)."""
    block = b"Exif\0\0II*\0" + struct.pack("<IHHHIII", 8, 1, 274, 3, 1, 6, 0)
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(block) + 2) + block + jpeg[2:]


def pdf_of(words):
    text = f"BT /F 24 Tf 72 700 Td ({words}) Tj ET"
    objects = ["<</Type/Catalog/Pages 2 0 R>>", "<</Type/Pages/Kids[3 0 R]/Count 1>>",
               "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F<</Type/Font/Subtype/Type1"
               "/BaseFont/Helvetica>>>>>>>>", f"<</Length {len(text)}>>stream\n{text}\nendstream"]
    return "%PDF-1.4\n" + "".join(f"{i + 1} 0 obj{one} endobj\n" for i, one in enumerate(objects)) + "trailer<</Root 1 0 R/Size 5>>"


def swapped_profile():
    """A colour profile of a screen whose red is green and whose green is red (ICC.1:2010, a matrix and a curve)."""
    def xyz(*values):
        return b"XYZ \0\0\0\0" + b"".join(struct.pack(">i", round(value * 65536)) for value in values)
    parts = {b"rXYZ": xyz(0.3851, 0.7169, 0.0971), b"gXYZ": xyz(0.4361, 0.2225, 0.0139), b"bXYZ": xyz(0.1431, 0.0606, 0.7141),
             b"wtpt": xyz(0.9642, 1, 0.8249)}
    parts.update({name: b"curv\0\0\0\0" + struct.pack(">IH", 1, 0x0233) + b"\0\0" for name in (b"rTRC", b"gTRC", b"bTRC")})
    table = struct.pack(">I", len(parts))
    data = b""
    for name, part in parts.items():
        table += name + struct.pack(">II", 132 + 12 * len(parts) + len(data), len(part))
        data += part
    head = struct.pack(">I4sI4s4s4s12x4s", 132 + 12 * len(parts) + len(data), b"none", 0x02400000, b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head += b"\0" * 28 + struct.pack(">III", 0xF6D6, 0x10000, 0xD32D)
    return head.ljust(128, b"\0") + table + data


def raw_picture(side, bright):
    """A digital negative: what the camera says about itself, and the values of its sensor, in squares of red, green, green, blue.
    Bright is red (0) or blue (2)."""
    pixels = b"".join(struct.pack(f"<{side}H", *(60_000 if x % 2 == y % 2 == bright // 2 else 3000 for x in range(side))) for y in range(side))

    def shorts(tag, *values):
        return tag, 3, len(values), struct.pack(f"<{len(values)}H", *values)

    def longs(tag, *values):
        return tag, 4, len(values), struct.pack(f"<{len(values)}I", *values)

    def words(tag, value):
        return tag, 2, len(value) + 1, value.encode() + b"\0"

    def ratios(tag, kind, *values):
        return tag, kind, len(values), b"".join(struct.pack("<ii", round(value * 10000), 10000) for value in values)

    def directory(pixels_at):
        rows = [longs(254, 0), longs(256, side), longs(257, side), shorts(258, 16), shorts(259, 1), shorts(262, 32803), words(271, "Quokka"),
                words(272, "Quokka One"), longs(273, pixels_at), shorts(274, 1), shorts(277, 1), longs(278, side), longs(279, len(pixels)),
                shorts(284, 1), words(306, "2024:03:09 14:30:00"), shorts(33421, 2, 2), (33422, 1, 4, b"\0\1\1\2"),
                (50706, 1, 4, b"\1\4\0\0"), (50707, 1, 4, b"\1\1\0\0"), words(50708, "Quokka One"), longs(50717, 65535),
                ratios(50721, 10, 1, 0, 0, 0, 1, 0, 0, 0, 1), ratios(50728, 5, 0.5, 1, 0.7), shorts(50778, 21)]
        entries, values = b"", b""
        for tag, kind, count, value in rows:
            if len(value) > 4:
                entries += struct.pack("<HHII", tag, kind, count, 8 + 2 + 12 * len(rows) + 4 + len(values))
                values += value + b"\0" * (len(value) % 2)
            else:
                entries += struct.pack("<HHI", tag, kind, count) + value.ljust(4, b"\0")
        return struct.pack("<H", len(rows)) + entries + bytes(4) + values

    return b"II*\0" + struct.pack("<I", 8) + directory(8 + len(directory(0))) + pixels


class Previews(AtollTest):
    """Without a server: made when they are asked for."""

    def folder_of_everything(self):
        os.makedirs(self.path("in"))
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=1600x800:rate=1", "-frames:v", "1", self.path("in/photo.jpg"))
        with open(self.path("in/photo.jpg"), "rb") as file:
            jpeg = file.read()
        self.file("in/turned.jpg", turned(jpeg))
        for ending in ("png", "gif", "tiff", "webp", "jp2", "bmp"):
            ffmpeg("-i", self.path("in/photo.jpg"), "-vf", "scale=320:160", self.path("in/picture." + ending))
        for ending in ("mp4", "mkv", "avi"):
            ffmpeg("-f", "lavfi", "-i", "testsrc2=size=320x160:rate=10", "-t", "1", self.path("in/film." + ending))
        for ending in ("wav", "mp3", "flac"):
            ffmpeg("-f", "lavfi", "-i", "sine=440", "-t", "2", self.path("in/sound." + ending))
        self.file("in/page.pdf", pdf_of("Atoll"))
        self.file("in/drawing.svg", '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 10"><rect width="9" height="9"/></svg>')
        self.file("in/model.obj", "v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nf 1 2 3\nf 1 2 4\nf 2 3 4\n")
        self.file("in/note.txt", "words")
        self.file("in/unknown.bin", bytes(range(256)) * 9)
        self.file("in/broken.jpg", jpeg[:300])
        return self.path("in")

    def test_each_kind_has_a_picture_or_a_reason(self):
        folder = self.folder_of_everything()
        self.atoll("put", folder, "box")
        expected = {"note.txt": (181, 256), "photo.jpg": (256, 128), "turned.jpg": (128, 256), "page.pdf": (181, 256), "model.obj": (256, 256), "drawing.svg": (256, 128)}
        for name in sorted(os.listdir(folder)):
            if name in ("unknown.bin", "broken.jpg"):
                refused = self.atoll("preview", "box/" + name, code=20)
                self.assertRegex(refused.errors, "There is no preview: (of its format there are none|it is damaged)", name)
                continue
            with self.subTest(name):
                width, height = size_of(self.atoll("preview", "box/" + name).out)
                self.assertLessEqual(max(width, height), 256)
                if name in expected:
                    self.assertEqual(expected[name], (width, height))
        self.assertEqual((1024, 512), size_of(self.atoll("preview", "--large", "box/photo.jpg").out))
        self.assertEqual((320, 160), size_of(self.atoll("preview", "--large", "box/picture.png").out))

    def test_what_a_camera_s_sensor_saw_is_developed(self):
        self.file("in/red.dng", raw_picture(256, 0))
        self.file("in/blue.dng", raw_picture(256, 2))
        self.file("in/cut.dng", raw_picture(256, 0)[:100_000])
        found = {os.path.basename(one["path"]): one for one in self.atoll("--json", "inspect", *(self.path(f"in/{name}.dng") for name in ("red", "blue", "cut")), code=3).of_type("inspection")}
        for name, trouble in (("red.dng", ""), ("blue.dng", ""), ("cut.dng", "It is cut off: not all of its pixels are there.")):
            fields = {field["name"]: field["value"] for field in found[name]["fields"]}
            self.assertEqual(("dng", trouble), (found[name]["format"], found[name]["trouble"]))
            self.assertEqual(("256", "256", "Quokka One", "2024-03-09T14:30:00"), tuple(fields[one] for one in ("width", "height", "device", "created")))
        self.atoll("put", self.path("in"), "box")
        for name, bright in (("red", 0), ("blue", 2)):
            webp = self.file("shown.webp", self.atoll("preview", f"box/{name}.dng").out)
            with open(webp, "rb") as file:
                self.assertEqual((128, 128), size_of(file.read()))
            ffmpeg("-i", webp, "-f", "rawvideo", "-pix_fmt", "rgb24", self.path("pixels"))
            with open(self.path("pixels"), "rb") as file:
                pixels = file.read()
            middle = 3 * (64 * 128 + 64)
            self.assertGreater(pixels[middle + bright], pixels[middle + 2 - bright] + 60, (name, tuple(pixels[middle:middle + 3])))

    def test_colours_are_what_the_profile_of_a_picture_says(self):
        ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64:d=1", "-frames:v", "1", self.path("red.jpg"))
        with open(self.path("red.jpg"), "rb") as file:
            jpeg = file.read()
        profile = b"ICC_PROFILE\0\x01\x01" + swapped_profile()
        self.file("in/red.jpg", jpeg)
        self.file("in/green.jpg", jpeg[:2] + b"\xff\xe2" + struct.pack(">H", len(profile) + 2) + profile + jpeg[2:])
        self.file("in/broken.jpg", jpeg[:2] + b"\xff\xe2" + struct.pack(">H", 120) + profile[:118] + jpeg[2:])
        self.atoll("put", self.path("in"), "box")
        for name, shown in (("red.jpg", 0), ("green.jpg", 1), ("broken.jpg", 0)):
            webp = self.file("shown.webp", self.atoll("preview", "box/" + name).out)
            ffmpeg("-i", webp, "-f", "rawvideo", "-pix_fmt", "rgb24", self.path("pixels"))
            with open(self.path("pixels"), "rb") as file:
                pixel = file.read(3)
            self.assertGreater(pixel[shown], 200, (name, tuple(pixel)))
            self.assertLess(pixel[1 - shown], 90, (name, tuple(pixel)))

    def test_a_scan_is_found_by_its_words_once_it_was_looked_into(self):
        pdf = self.file("scan.pdf", pdf_of("Invoice for the boiler"))
        # What is drawn of it, as the picture that a scanner makes of a page: its preview, large enough to be read.
        self.atoll("put", pdf, "box/page.pdf")
        webp = self.file("page.webp", self.atoll("preview", "--large", "box/page.pdf").out)
        ffmpeg("-i", webp, "-vf", "scale=iw*2:ih*2:flags=lanczos", self.path("scan.png"))
        self.atoll("put", self.path("scan.png"), "box/scan.png")
        found = self.atoll("--json", "find", "boiler").of_type("object")
        self.assertEqual(["page.pdf"], [one["key"] for one in found])
        self.atoll("--ocr", "off", "index")
        self.assertEqual(1, len(self.atoll("--json", "find", "boiler").of_type("object")))
        self.atoll("index")
        found = self.atoll("--json", "find", "boiler").of_type("object")
        self.assertEqual({"page.pdf", "scan.png"}, {one["key"] for one in found})
        shown = self.atoll("inspect", "--text", self.path("scan.png"))
        self.assertIn("ocr_languages: eng", shown.text)
        self.assertIn("boiler", shown.text)


class ServedPreviews(RestTest):
    """With a server: made in the background, shown to those who may read."""

    def preview(self, key, query="", **options):
        return self.ask("GET", "/api/v1/buckets/box/preview/" + key + query, **options)

    def test_they_are_made_when_stored_and_told_by_etag(self):
        self.json("PUT", "/api/v1/buckets/box", status=201)
        ffmpeg("-f", "lavfi", "-i", "testsrc2=size=640x320:rate=1", "-frames:v", "1", self.path("a.png"))
        with open(self.path("a.png"), "rb") as file:
            content = file.read()
        for i in range(40):
            self.ask("PUT", f"/api/v1/buckets/box/objects/{i}.png", body=content + b"\0" * i)
        # Many at once: each is answered, none with an error.
        with concurrent.futures.ThreadPoolExecutor(20) as threads:
            answers = list(threads.map(lambda i: self.preview(f"{i}.png"), range(40)))
        self.assertEqual({200}, {one.status for one in answers})
        first = answers[0]
        self.assertEqual((256, 128), size_of(first.data))
        self.assertEqual(("image/webp", "640", "320"), (first.getheader("Content-Type"), first.getheader("Atoll-Width"), first.getheader("Atoll-Height")))
        self.assertIn("private", first.getheader("Cache-Control"))
        self.assertEqual(304, self.preview("0.png", headers={"If-None-Match": first.getheader("ETag")}).status)
        self.assertEqual(200, self.preview("0.png", "?size=large", headers={"If-None-Match": first.getheader("ETag")}).status)
        self.assertEqual(401, self.preview("0.png", token=False).status)
        self.ask("PUT", "/api/v1/buckets/box/objects/note.txt", body="words")
        self.assertEqual((181, 256), size_of(self.preview("note.txt").data))
        self.ask("PUT", "/api/v1/buckets/box/objects/empty.txt", body=" ")
        problem = self.json("GET", "/api/v1/buckets/box/preview/empty.txt", status=404)
        self.assertEqual("preview.none", problem["id"])
        covered = lambda: self.json("GET", "/api/v1/search/coverage")
        self.assertTrue(wait_until(lambda: covered()["previews_waiting"] == 0 and covered()["is_complete"], 60), covered())

    def test_lists_tell_when_a_picture_was_taken(self):
        self.json("PUT", "/api/v1/buckets/box", status=201)
        self.ask("PUT", "/api/v1/buckets/box/objects/mail.eml", body="From: a@example.org\r\nDate: Fri, 01 Mar 2019 10:00:00 +0000\r\nSubject: x\r\n\r\nx\r\n")
        listed = lambda: self.json("GET", "/api/v1/buckets/box/objects?dates")["objects"][0]
        self.assertTrue(wait_until(lambda: "date" in listed(), 30))
        self.assertTrue(listed()["date"].startswith("2019-03-01T10:00:00"), listed())
        self.assertNotIn("date", self.json("GET", "/api/v1/buckets/box/objects")["objects"][0])


if __name__ == "__main__":
    unittest.main()
