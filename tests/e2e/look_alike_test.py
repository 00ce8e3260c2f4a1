"""Pictures that look alike, with the real program: the same photo in other sizes, formats and qualities, cut a little, and others that
have nothing to do with it; without a server and through one."""
import json
import math
import os
import random
import unittest

import harness
from harness import AtollTest, wait_until
from preview_test import ffmpeg
from rest_test import RestTest

kWidth, kHeight = 96, 64


def scene(seed):
    """Light and shade as photos have them: waves of all lengths, the long ones the strongest (a spectrum of 1/f)."""
    chosen = random.Random(seed)
    waves = []
    for _ in range(60):
        across, down = chosen.uniform(-9, 9), chosen.uniform(-9, 9)
        waves.append((across, down, chosen.uniform(0, 2 * math.pi), 1 / max(0.7, math.hypot(across, down))))
    rows = [[sum(weight * math.cos(2 * math.pi * (across * x / kWidth + down * y / kHeight) + begin) for across, down, begin, weight in waves)
             for x in range(kWidth)] for y in range(kHeight)]
    low, high = min(map(min, rows)), max(map(max, rows))
    pixels = bytearray()
    for row in rows:
        for value in row:
            light = (value - low) / (high - low)
            pixels += bytes((int(250 * light), int(200 * light + 30), int(120 * (1 - light) + 90)))
    return b"P6 %d %d 255\n" % (kWidth, kHeight) + pixels


def photo(test, name, seed):
    raw = test.file(f"raw/{seed}.ppm", scene(seed))
    path = test.path("in/" + name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    ffmpeg("-i", raw, "-vf", "scale=1200:800:flags=bicubic", "-q:v", "3", path)
    return path


def folder_of_photos(test):
    """Returns the names of the one photo in all its forms."""
    original = photo(test, "harbour.jpg", 1)
    forms = {"small.jpg": ("-vf", "scale=300:200"), "poor.jpg": ("-q:v", "31"), "other.webp": ("-quality", "40", "-vf", "scale=500:-1"),
             "exact.png": ("-vf", "scale=640:-1"), "light.jpg": ("-vf", "eq=brightness=0.08:contrast=0.9"),
             "cut.jpg": ("-vf", "crop=iw*0.98:ih*0.98"), "grey.jpg": ("-vf", "hue=s=0")}
    os.makedirs(test.path("in/forms"))
    for name, how in forms.items():
        ffmpeg("-i", original, *how, test.path("in/forms/" + name))
    for seed in range(2, 12):
        photo(test, f"other/{seed}.jpg", seed)
    test.file("in/notes.txt", "harbour")
    return {"harbour.jpg"} | {"forms/" + name for name in forms}


class LookAlike(AtollTest):
    def groups(self, *arguments):
        answer = self.atoll("--json", "duplicates", "--like", "pictures", *arguments)
        return [{one["key"] for one in group["members"]} for group in answer.of_type("group")], answer.summary

    def test_the_same_photo_in_other_forms(self):
        forms = folder_of_photos(self)
        self.atoll("put", self.path("in"), "box")
        none, summary = self.groups("--no-wait")
        self.assertEqual(([], False), (none, summary["is_complete"]))
        groups, summary = self.groups()
        self.assertEqual([forms], groups)
        self.assertEqual((True, 0), (summary["is_complete"], summary["previews_waiting"]))
        # The one with the most bytes stays.
        first = self.atoll("duplicates", "--like", "pictures").text.splitlines()[0]
        self.assertIn("exact.png", first)
        found = self.atoll("--json", "find", "--like", "box/forms/small.jpg", "--explain").of_type("object")
        self.assertEqual(forms - {"forms/small.jpg"}, {one["key"] for one in found[:len(forms) - 1]})
        self.assertEqual("picture", found[0]["signals"][0]["name"])
        self.assertGreaterEqual(found[0]["signals"][0]["score"], 0.85)
        # What is turned or mirrored is another picture.
        ffmpeg("-i", self.path("in/harbour.jpg"), "-vf", "hflip", self.path("mirrored.jpg"))
        self.atoll("put", self.path("mirrored.jpg"), "box/mirrored.jpg")
        self.assertEqual([forms], self.groups()[0])

    def test_what_was_looked_at_before_is_looked_at_no_more(self):
        folder_of_photos(self)
        self.atoll("put", self.path("in"), "box")
        before = self.groups()
        self.assertEqual(before, self.groups())
        self.atoll("index", "--rebuild")
        self.assertEqual(before[0], self.groups()[0])


class LookAlikeThroughAServer(RestTest):
    def test_they_are_compared_once_they_were_looked_at(self):
        self.json("PUT", "/api/v1/buckets/box", status=201)
        path = photo(self, "a.jpg", 1)
        photo(self, "b.jpg", 2)
        ffmpeg("-i", path, "-vf", "scale=300:-1", self.path("in/small.webp"))
        for name in ("a.jpg", "b.jpg", "small.webp"):
            with open(self.path("in/" + name), "rb") as file:
                self.ask("PUT", "/api/v1/buckets/box/objects/" + name, body=file.read())
        listed = lambda: self.json("GET", "/api/v1/duplicates?like=pictures")
        self.assertTrue(wait_until(lambda: listed()["is_complete"], 60), listed())
        self.assertEqual([["a.jpg", "small.webp"]], [[one["key"] for one in group["members"]] for group in listed()["groups"]])
        found = self.json("POST", "/api/v1/search", body=json.dumps({"like": {"bucket": "box", "key": "small.webp"}}))
        self.assertEqual("a.jpg", found["results"][0]["key"])


if __name__ == "__main__":
    harness.main()
