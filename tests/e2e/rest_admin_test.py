"""Accounts and upkeep over REST against a real server: signing in, rights, secrets, links, jobs, and what the log does not
tell."""
import json
import re
import unittest

from rest_test import RestTest


class RestAdmin(RestTest):
    def as_user(self, token):
        first, self.token = self.token, token
        self.addCleanup(setattr, self, "token", first)

    def test_a_session_needs_its_mark_and_ends(self):
        self.json("POST", "/api/v1/users", {"name": "mia", "password": "a long password", "role": "editor"}, 201)
        answer = self.ask("POST", "/api/v1/session", {"name": "mia", "password": "a long password"}, token=False)
        self.assertEqual(201, answer.status, answer.data)
        set_cookie = answer.getheader("Set-Cookie")
        self.assertIn("HttpOnly", set_cookie)
        self.assertIn("SameSite=Strict", set_cookie)
        cookie = {"Cookie": set_cookie.split(";")[0]}
        mark = dict(cookie, **{"Atoll-Request-Mark": json.loads(answer.data)["request_mark"]})
        self.assertEqual("mia", self.json("GET", "/api/v1/session", headers=cookie, token=False)["name"])
        self.assertEqual(403, self.ask("PUT", "/api/v1/buckets/mine", headers=cookie, token=False).status)
        self.assertEqual(201, self.ask("PUT", "/api/v1/buckets/mine", headers=mark, token=False).status)
        self.assertEqual(204, self.ask("DELETE", "/api/v1/session", headers=mark, token=False).status)
        self.assertEqual(401, self.ask("GET", "/api/v1/session", headers=cookie, token=False).status)

    def test_what_is_made_survives_a_restart_and_cannot_grow(self):
        self.make_bucket()
        self.json("POST", "/api/v1/users", {"name": "mia", "role": "reader", "place": {"bucket": "photos"}}, 201)
        made = self.json("POST", "/api/v1/tokens", {"user": "mia"}, 201)
        self.stop()
        self.serve()
        self.as_user(made["token"])
        self.assertEqual(200, self.ask("GET", "/api/v1/buckets/photos/objects").status)
        self.assertEqual(403, self.ask("PUT", "/api/v1/buckets/photos/objects/x", b"x").status)
        self.assertEqual(403, self.ask("POST", "/api/v1/grants", {"subject": "mia", "role": "owner"}).status)

    def test_a_link_works_and_its_secret_is_not_in_the_log(self):
        self.make_bucket()
        self.put("open/a.txt", b"hello")
        self.put("b.txt", b"closed")
        made = self.json("POST", "/api/v1/shares", {"place": {"bucket": "photos", "prefix": "open/"}}, 201)
        link = "/api/v1/shared/" + made["secret"]
        self.assertEqual(b"hello", self.ask("GET", link + "/content?key=a.txt", token=False).data)
        self.assertEqual(404, self.ask("GET", link + "/content?key=b.txt", token=False).status)
        self.assertEqual(403, self.ask("PUT", link + "/files/c.txt", b"x", token=False).status)
        self.stop()
        with open(self.path("serve.log"), encoding="utf-8") as file:
            log = file.read()
        self.assertIn("/content", log)
        self.assertNotIn(made["secret"], log)

    def test_a_job_is_watched_to_its_end(self):
        self.make_bucket()
        self.put("a", b"a" * 100_000)
        started = self.ask("POST", "/api/v1/verify", {"reads_data": True})
        self.assertEqual(202, started.status, started.data)
        job = started.getheader("Location")
        events = self.ask("GET", job + "/events").data.decode()
        last = json.loads(re.findall(r"^data: (.*)$", events, re.M)[-1])
        self.assertEqual("done", last["state"], events)
        self.assertTrue(last["result"]["is_clean"])
        self.assertIn(last["id"], [one["id"] for one in self.json("GET", "/api/v1/jobs")["jobs"]])


if __name__ == "__main__":
    unittest.main()
