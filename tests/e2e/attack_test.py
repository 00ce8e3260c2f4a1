"""A server that is lied to: requests with two meanings, forged signatures, paths that lead elsewhere, bombs, and clients that
are slow or go away. Each gets a definite answer; nothing is stored or shown by it; memory stays bounded; the server lives on.
"""
import concurrent.futures
import gzip
import json
import os
import re
import socket
import ssl
import time
import unittest

import s3_signing
from harness import wait_until
from rest_test import RestTest
from s3_signing import basic_time

RSS_MAX_BYTES = 300 << 20
JSON = {"Content-Type": "application/json"}


class AttackTest(RestTest):
    def setUp(self):
        super().setUp()
        with open(self.path("serve.log"), encoding="utf-8") as file:
            said = file.read()
        words = re.search(r"access key id +(\S+)\s+secret access key +(\S+)", said)
        self.key = s3_signing.Key(*words.groups())
        self.host = f"127.0.0.1:{self.port}"
        self.make_bucket()

    def tearDown(self):
        self.assertIsNone(self.server.poll(), "the server ended")
        self.assertEqual(200, self.ask("GET", "/livez", token=False).status)
        self.assertLess(self.resident_bytes(), RSS_MAX_BYTES)
        with open(self.path("serve.log"), encoding="utf-8", errors="replace") as file:
            log = file.read()
        failed = [line for line in log.splitlines() if '"level":"error"' in line]
        self.assertEqual([], failed[:5], "what a client does wrong is no error of the server")
        self.assertEqual(1, log.count(self.token), "shown at the first start, and never again")
        super().tearDown()

    def resident_bytes(self):
        with open(f"/proc/{self.server.pid}/status", encoding="ascii") as file:
            return int(re.search(r"VmRSS:\s+(\d+)", file.read()).group(1)) << 10

    def connect(self, timeout=20):
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=timeout)
        self.addCleanup(connection.close)
        return connection

    def raw(self, data, ends=True):
        """The statuses of all answers to these bytes. `ends`: the server has to close the connection by itself."""
        connection = self.connect()
        connection.sendall(data)
        if not ends:
            connection.shutdown(socket.SHUT_WR)
        answer = b""
        while True:
            try:
                piece = connection.recv(1 << 16)
            except ConnectionResetError:
                break  # it had more to say than was read there; what it answered came before
            if not piece:
                break
            answer += piece
        connection.close()
        return [int(status) for status in re.findall(rb"(?m)^HTTP/1\.[01] (\d{3}) ", answer)]

    def head(self, first_line, *fields, signed_in=True):
        lines = [first_line, f"Host: {self.host}", *fields]
        if signed_in:
            lines.append("Authorization: Bearer " + self.token)
        return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")

    def s3(self, method, target, body=b"", key=None, send=None, **signing):
        fields = (key or self.key).headers(method, target, self.host, body, **signing)
        fields.update(send or {})
        answer = self.ask(method, target, body, fields, token=False)
        code = re.search(rb"<Code>(\w+)</Code>", answer.data)
        return (answer.status, code.group(1).decode()) if code else answer.status

    def signed(self, method, target, fields, body=b""):
        answer = self.ask(method, target, body, fields, token=False)
        code = re.search(rb"<Code>(\w+)</Code>", answer.data)
        return (answer.status, code.group(1).decode()) if code else answer.status


class TwoMeanings(AttackTest):
    """What two programs in a row could read differently is read by none (RFC 9112 section 11.2)."""

    def test_of_what_has_two_meanings_nothing_is_done(self):
        put = "PUT /api/v1/buckets/photos/objects/smuggled HTTP/1.1"
        behind = self.head(put, "Content-Length: 1") + b"x"
        chunked = "Transfer-Encoding: chunked"
        first = "POST /livez HTTP/1.1"
        object_put = "PUT /api/v1/buckets/photos/objects/body HTTP/1.1"
        cases = {
            "a length and chunks": (self.head(first, "Content-Length: 4", chunked) + b"0\r\n\r\n", 400),
            "chunks and a length": (self.head(first, chunked, "Content-Length: 4") + b"0\r\n\r\n", 400),
            "two lengths": (self.head(first, "Content-Length: 1", "Content-Length: 2") + b"ab", 400),
            "a list of lengths": (self.head(first, "Content-Length: 1, 1") + b"a", 400),
            "a length below nothing": (self.head(first, "Content-Length: -1"), 400),
            "a length with a sign": (self.head(first, "Content-Length: +1") + b"a", 400),
            "a length in hexadecimal": (self.head(first, "Content-Length: 0x1") + b"a", 400),
            "a length of no number": (self.head(first, "Content-Length: " + "9" * 40), 400),
            "a folded line": (self.head(first, "X-Note: one\r\n two"), 400),
            "a line feed alone": (b"GET /livez HTTP/1.1\nHost: h\n\n", 400),
            "a line feed alone within": (self.head("GET /livez HTTP/1.1", "X-Note: one\nContent-Length: 3"), 400),
            "a carriage return alone": (self.head("GET /livez HTTP/1.1", "X-Note: one\rtwo"), 400),
            "a zero byte": (self.head("GET /livez HTTP/1.1", "X-Note: one\0two"), 400),
            "a blank before the colon": (self.head(first, "Content-Length : 1") + b"a", 400),
            "a field without a name": (self.head(first, ": 1"), 400),
            "another coding": (self.head(first, "Transfer-Encoding: xchunked") + b"0\r\n\r\n", 501),
            "a coding behind chunks": (self.head(first, "Transfer-Encoding: chunked, identity") + b"0\r\n\r\n", 501),
            "a coding before chunks": (self.head(first, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n", 501),
            "two codings": (self.head(first, chunked, chunked) + b"0\r\n\r\n", (400, 501)),
            "a coding behind a tab of its own": (self.head(first, "Transfer-Encoding: \x0bchunked") + b"0\r\n\r\n", 400),
            "chunks in HTTP/1.0": (self.head("POST /livez HTTP/1.0", chunked) + b"0\r\n\r\n", 400),
            "a chunk's size with 0x": (self.head(object_put, chunked) + b"0x4\r\nabcd\r\n0\r\n\r\n", 400),
            "a chunk's size with a sign": (self.head(object_put, chunked) + b"+4\r\nabcd\r\n0\r\n\r\n", 400),
            "a chunk's size too large": (self.head(object_put, chunked) + b"1" + b"0" * 16 + b"\r\nabcd\r\n0\r\n\r\n", 400),
            "a chunk's line with a line feed alone": (self.head(object_put, chunked) + b"4\nabcd\r\n0\r\n\r\n", 400),
            "a line break in a chunk's extension": (self.head(object_put, chunked) + b"4;a=\"\n\"\r\nabcd\r\n0\r\n\r\n", 400),
            "a chunk's extension without end": (self.head(object_put, chunked) + b"4;" + b"a" * 100_000, 400),
            "a chunk that is longer": (self.head(object_put, chunked) + b"4\r\nabcdX\r\n0\r\n\r\n", 400),
            "a length behind the chunks": (self.head(object_put, chunked) + b"0\r\nContent-Length: 5\r\n\r\n", 400),
            "no host": (b"GET /livez HTTP/1.1\r\n\r\n", 400),
            "two hosts": (self.head("GET /livez HTTP/1.1", "Host: other.example"), 400),
            "two who ask": (self.head("GET /api/v1/buckets HTTP/1.1", "Authorization: Bearer other"), 400),
            "two blanks": (self.head("GET  /livez HTTP/1.1"), 400),
            "a zero byte in the address": (self.head("GET /li\0vez HTTP/1.1"), 400),
            "a fragment": (self.head("GET /livez#x HTTP/1.1"), 400),
            "neither path nor address": (self.head("GET livez HTTP/1.1"), 400),
            "no path": (self.head("GET ?x HTTP/1.1"), 400),
            "a tunnel": (self.head("CONNECT other.example:443 HTTP/1.1"), 501),
            "HTTP/0.9": (b"GET /livez\r\n\r\n", 400),
            "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505),
            "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"a" * 600, 400),
            "an expectation of another kind": (self.head(first, "Expect: 200-maybe", "Content-Length: 1") + b"a", 417),
            "too many fields": (self.head("GET /livez HTTP/1.1", *(f"X-{i}: a" for i in range(300))), 431),
            "fields too long": (self.head("GET /livez HTTP/1.1", "X-Note: " + "a" * 200_000), 431),
            "a line too long": (self.head("GET /" + "a" * 200_000 + " HTTP/1.1"), 414),
        }
        for name, (data, status) in cases.items():
            with self.subTest(name):
                statuses = self.raw(data + behind)
                self.assertEqual(1, len(statuses), "what stands behind was read as a request")
                self.assertIn(statuses[0], status if isinstance(status, tuple) else (status,))
        self.assertEqual(404, self.ask("GET", "/api/v1/buckets/photos/objects/smuggled").status)
        self.assertEqual(404, self.ask("GET", "/api/v1/buckets/photos/objects/body").status)

    def test_what_is_unusual_but_clear_is_one_request(self):
        behind = self.head("GET /livez HTTP/1.1", "Connection: close", signed_in=False)
        put = "PUT /api/v1/buckets/photos/objects/clear HTTP/1.1"
        self.assertEqual([201, 200], self.raw(self.head(put, "Transfer-Encoding: Chunked") + b"4;note=x\r\nabcd\r\n00\r\n\r\n" + behind))
        self.assertEqual(b"abcd", self.ask("GET", "/api/v1/buckets/photos/objects/clear").data)
        self.assertEqual([200, 200], self.raw(self.head("GET http://other.example/livez HTTP/1.1") + behind))
        self.assertEqual([200, 200], self.raw(self.head("GET http://other.example HTTP/1.1") + behind))
        # h2c is not spoken, so the offer is passed over and the request answered.
        self.assertEqual([200, 200], self.raw(self.head("GET /livez HTTP/1.1", "Connection: Upgrade, HTTP2-Settings",
                                                        "Upgrade: h2c", "HTTP2-Settings: AAMAAABk") + behind))

    def test_a_body_that_breaks_off_stores_nothing(self):
        put = "PUT /api/v1/buckets/photos/objects/broken HTTP/1.1"
        for length, sent in ((100, 3), (1 << 20, 300_000)):
            self.assertEqual([], [s for s in self.raw(self.head(put, f"Content-Length: {length}") + b"a" * sent, ends=False) if s < 400])
        self.assertEqual([], [s for s in self.raw(self.head(put, "Transfer-Encoding: chunked") + b"5\r\nab", ends=False) if s < 400])
        self.assertEqual(404, self.ask("GET", "/api/v1/buckets/photos/objects/broken").status)


class Addresses(AttackTest):
    def test_no_address_leads_out_of_its_bucket(self):
        rest = "/api/v1/buckets/photos/objects/"
        self.make_inside = self.put("inside", b"inside")
        for target, status in {
                "/api/v1/buckets/%2e%2e/objects": 404, "/api/v1/../v1/buckets": 404, "/api/v1//buckets": 404,
                "/api/v1/buckets/photos%2fobjects": 404, rest + "../../../home.json": 404, rest + "%2e%2e/%2e%2e/home.json": 404,
                rest + "%c0%ae%c0%ae/home.json": 404, rest + "%": 400, rest + "%zz": 400, rest + "a%00b": 404,
                "/dav/../etc/passwd": 400, "/dav/%2e%2e/etc/passwd": 400, "/dav/photos/%2e%2e/inside": 400,
                "/dav/photos/..%2finside": 400, "/dav/photos/%00": 400, "/dav/photos/.": 400}.items():
            with self.subTest(target):
                self.assertEqual(status, self.ask("GET", target).status)
        for target in ("/..", "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "//etc/passwd", "/photos/../control/x"):
            with self.subTest(target):
                self.assertEqual(403, self.ask("GET", target, token=False).status)
        # In REST and S3 a key is bytes and means no place: dots are dots.
        for key in ("../x", "%2e%2e/x", "a/../../x"):
            with self.subTest(key):
                self.assertIn(self.ask("PUT", rest + key, b"dots").status, (200, 201))
                self.assertEqual(200, self.s3("PUT", "/photos/" + key, b"dots"))
        self.assertEqual(400, self.ask("PUT", rest + "a%00b", b"x").status)
        self.assertEqual((400, "InvalidArgument"), self.s3("PUT", "/photos/a%00b", b"x"))
        self.assertEqual((400, "InvalidArgument"), self.s3("PUT", "/photos/%c0%ae", b"x"))
        self.assertEqual((400, "KeyTooLongError"), self.s3("PUT", "/photos/" + "a" * 1025, b"x"))
        for target in ("/dav/photos/%2e%2e/y", "/dav/photos/../y", "/dav/photos/a%00b", "/dav/photos/."):
            with self.subTest(target):
                self.assertEqual(400, self.ask("PUT", target, b"x").status)
        self.assertEqual(b"inside", self.ask("GET", rest + "inside").data)
        # Restored, what is named with dots stays below its target.
        self.stop()
        target = self.path("restored")
        self.atoll("restore", "photos", "--target", target, code=(0, 1, 3))
        self.assertFalse(os.path.exists(self.path("x")))
        self.serve()

    def test_an_answer_about_an_odd_key_can_be_read(self):
        import xml.etree.ElementTree
        for key in ("a%00b", "%ef%bf%bf", "%c0%ae", "%3c%26%22"):
            for method, body in (("GET", b""), ("PUT", b"x")):
                with self.subTest(key + method):
                    answer = self.ask(method, "/photos/" + key, body, self.key.headers(method, "/photos/" + key, self.host, body), token=False)
                    if answer.data:
                        xml.etree.ElementTree.fromstring(answer.data)
        for key in ("a%00b", "a%01b", "%c0%ae", "%22"):
            json.loads(self.ask("GET", "/api/v1/buckets/photos/info/" + key).data)

    def test_destinations_and_headers_reach_nothing_else(self):
        self.put("a", b"a")
        for destination, status in {
                "http://evil.example/dav/photos/b": 502, f"http://{self.host}@evil.example/dav/photos/b": 502,
                f"http://{self.host}/dav/photos/../../b": 400, f"http://{self.host}/dav/photos/%2e%2e/b": 400,
                f"http://{self.host}/api/v1/buckets/b": 400, "/dav/photos/b%00": 400, "file:///tmp/b": (400, 502), "": 400}.items():
            for method in ("COPY", "MOVE"):
                with self.subTest(method + destination):
                    answer = self.ask(method, "/dav/photos/a", headers={"Destination": destination})
                    self.assertIn(answer.status, status if isinstance(status, tuple) else (status,))
        for field in ("(" * 5000, "(<a>", "(Not Not <a>)", "<x>", "(" + " <urn:x>" * 3000 + ")", "([" + '"a"])' * 3000):
            with self.subTest(field[:10]):
                self.assertEqual(400, self.ask("PUT", "/dav/photos/a", b"y", {"If": field}).status)
        for depth in ("2", "-1", "infinite", "0,1"):
            self.assertEqual(400, self.ask("PROPFIND", "/dav/photos/", headers={"Depth": depth}).status)
        self.assertEqual(403, self.ask("PROPFIND", "/dav/photos/", headers={"Depth": "infinity"}).status)
        # A name that the client chooses cannot end the field it stands in.
        answer = self.ask("GET", "/api/v1/buckets/photos/objects/a?download=%0d%0aX-Evil:%201")
        self.assertEqual(200, answer.status)
        self.assertIsNone(answer.getheader("X-Evil"))
        self.assertRegex(self.ask("GET", "/livez", headers={"X-Request-Id": "a<b>"}).getheader("X-Request-Id"), r"^[0-9a-f]{16}$")
        self.assertEqual(b"a", self.ask("GET", "/api/v1/buckets/photos/objects/a").data)
        # A page elsewhere is told nothing by which a browser would let it read.
        for target in ("/api/v1/buckets", "/dav/photos/", "/api/v1/session"):
            answer = self.ask("GET", target, headers={"Origin": "https://evil.example"})
            self.assertIsNone(answer.getheader("Access-Control-Allow-Origin"))
        self.assertNotEqual("https://evil.example",
                            self.ask("OPTIONS", "/api/v1/buckets", headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "PUT"},
                                     token=False).getheader("Access-Control-Allow-Origin"))


class Pages(AttackTest):
    """What somebody stored is shown by the host at which others are signed in: it must not act for them."""

    def test_a_stored_page_runs_nothing_whichever_door_shows_it(self):
        page = b"<script>fetch('/api/v1/session')</script>"
        self.put("page.html", page, **{"Content-Type": "text/html"})
        shown = [self.ask("GET", "/api/v1/buckets/photos/objects/page.html"),
                 self.ask("GET", "/dav/photos/page.html"),
                 self.ask("GET", "/photos/page.html", headers=self.key.headers("GET", "/photos/page.html", self.host), token=False),
                 self.ask("GET", self.key.link("GET", "/photos/page.html", self.host), token=False),
                 self.ask("GET", self.key.link("GET", "/photos/page.html?response-content-type=text%2Fhtml", self.host), token=False)]
        link = self.json("POST", "/api/v1/shares", {"place": {"bucket": "photos", "prefix": "page.html"}}, 201)
        shown.append(self.ask("GET", f"/api/v1/shared/{link['secret']}/content", token=False))
        for answer in shown:
            self.assertEqual((200, page), (answer.status, answer.data))
            self.assertIn("sandbox", answer.getheader("Content-Security-Policy"))
            self.assertEqual("nosniff", answer.getheader("X-Content-Type-Options"))

    def test_a_session_ends_where_the_next_begins_and_with_its_account(self):
        self.json("POST", "/api/v1/users", {"name": "mia", "password": "a long password", "password_holds": True, "role": "editor"}, 201)

        def sign_in(cookie=None):
            answer = self.ask("POST", "/api/v1/session", {"name": "mia", "password": "a long password"}, cookie, token=False)
            self.assertEqual(201, answer.status, answer.data)
            return {"Cookie": answer.getheader("Set-Cookie").split(";")[0], "Atoll-Request-Mark": json.loads(answer.data)["request_mark"]}

        def status(cookie):
            return self.ask("GET", "/api/v1/session", headers=cookie, token=False).status
        first = sign_in()
        second = sign_in(first)
        self.assertNotEqual(first["Cookie"], second["Cookie"])
        self.assertEqual((401, 200), (status(first), status(second)))
        out = self.ask("DELETE", "/api/v1/session", headers=second, token=False)
        self.assertEqual((204, '"cache", "storage"'), (out.status, out.getheader("Clear-Site-Data")))
        self.assertEqual(401, status(second))
        third = sign_in()
        self.json("PATCH", "/api/v1/users/mia", {"is_disabled": True})
        self.assertEqual(401, status(third))

    def test_what_a_page_elsewhere_can_send_changes_nothing(self):
        self.json("POST", "/api/v1/users", {"name": "mia", "password": "a long password", "password_holds": True, "role": "owner"}, 201)
        answer = self.ask("POST", "/api/v1/session", {"name": "mia", "password": "a long password"}, token=False)
        cookie = {"Cookie": answer.getheader("Set-Cookie").split(";")[0]}
        for kind in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"):
            fields = {**cookie, "Content-Type": kind, "Origin": "https://evil.example"}
            self.assertEqual(403, self.ask("POST", "/api/v1/groups", b'{"name":"evil"}', fields, token=False).status)
            self.assertEqual(415, self.ask("POST", "/api/v1/session", b'{"name":"mia","password":"a long password"}',
                                           {"Content-Type": kind}, token=False).status)
        for method, target in (("PUT", "/dav/photos/evil"), ("PUT", "/api/v1/buckets/photos/objects/evil"), ("DELETE", "/api/v1/buckets/photos")):
            self.assertEqual(403, self.ask(method, target, b"x", cookie, token=False).status)
        self.assertEqual([], self.json("GET", "/api/v1/groups")["groups"])


class Signatures(AttackTest):
    def setUp(self):
        super().setUp()
        self.assertEqual(200, self.s3("PUT", "/photos/k", b"data"))

    def test_what_was_signed_cannot_be_made_another_request(self):
        key, host = self.key, self.host
        fields = key.headers("PUT", "/photos/new", host, b"data", more={"x-amz-meta-note": "1"})
        self.assertEqual((400, "XAmzContentSHA256Mismatch"), self.signed("PUT", "/photos/new", fields, b"dat4"))
        mismatch = (403, "SignatureDoesNotMatch")
        self.assertEqual(mismatch, self.signed("PUT", "/photos/other", fields, b"data"))
        self.assertEqual(mismatch, self.signed("PUT", "/photos/new?tagging", fields, b"data"))
        self.assertEqual(mismatch, self.signed("DELETE", "/photos/new", fields))
        self.assertEqual(mismatch, self.signed("PUT", "/photos/new", {**fields, "x-amz-meta-note": "2"}, b"data"))
        self.assertEqual(mismatch, self.signed("PUT", "/photos/new", {**fields, "x-amz-content-sha256": s3_signing.UNSIGNED}, b"data"))
        self.assertEqual((403, "AccessDenied"), self.signed("PUT", "/photos/new", {**fields, "x-amz-acl": "private"}, b"data"))
        self.assertEqual((403, "AccessDenied"), self.signed("PUT", "/photos/new", {**fields, "x-amz-copy-source": "/photos/k"}, b"data"))
        self.assertEqual(mismatch, self.signed("GET", "/photos/k", key.headers("GET", "/photos/k", "other.example")))
        for wrong, answer in ((s3_signing.Key(key.access, "x" * 40), mismatch),
                              (s3_signing.Key("AKIANOBODY0000000000", key.secret), (403, "InvalidAccessKeyId")),
                              (s3_signing.Key(key.access, key.secret, service="iam"), (400, "AuthorizationHeaderMalformed"))):
            self.assertEqual(answer, self.s3("GET", "/photos/k", key=wrong))
        # A region that was signed over is part of the key: it cannot be changed afterwards.
        fields = key.headers("GET", "/photos/k", host)
        fields["Authorization"] = fields["Authorization"].replace("/us-east-1/", "/mars-east-1/")
        self.assertEqual(mismatch, self.signed("GET", "/photos/k", fields))
        for field in ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA256 ", "AWS4-HMAC-SHA256 Credential=/////", "AWS4-HMAC-SHA256 Signature=",
                      "AWS4-HMAC-SHA512 Credential=a", "AWS a:b", "AWS4-HMAC-SHA256 Credential=" + "a/" * 20_000):
            with self.subTest(field[:40]):
                status = self.signed("GET", "/photos/k", {"Authorization": field, "x-amz-date": basic_time(time.time())})
                self.assertEqual(400, status[0], status)
        self.assertEqual(404, self.s3("HEAD", "/photos/new"))

    def test_an_old_request_is_not_taken_again(self):
        for minutes in (-16, 16):
            at = basic_time(time.time() + minutes * 60)
            self.assertEqual((403, "RequestTimeTooSkewed"), self.s3("GET", "/photos/k", at=at))
        fields = self.key.headers("GET", "/photos/k", self.host, at=basic_time(time.time() - 16 * 60))
        fields["x-amz-date"] = basic_time(time.time())
        self.assertEqual(403, self.signed("GET", "/photos/k", fields)[0])

    def test_links_hold_for_what_they_name_and_for_their_time(self):
        link = self.key.link("GET", "/photos/k", self.host)
        self.assertEqual(b"data", self.ask("GET", link, token=False).data)
        now = time.time()
        for target, answer in {
                self.key.link("GET", "/photos/k", self.host, 5, basic_time(now - 10)): (403, "AccessDenied"),
                self.key.link("GET", "/photos/k", self.host, 60, basic_time(now + 3600)): (403, "AccessDenied"),
                link.replace("Expires=60", "Expires=6000"): (403, "SignatureDoesNotMatch"),
                link.replace("/photos/k?", "/photos/l?"): (403, "SignatureDoesNotMatch"),
                link + "&versionId=0": (403, "SignatureDoesNotMatch"),
                link + "&X-Amz-Expires=6000": (400, "AuthorizationQueryParametersError"),
                link[:-64] + "0" * 64: (403, "SignatureDoesNotMatch"),
                self.key.link("GET", "/photos/k", self.host, 604_801): (400, "AuthorizationQueryParametersError")}.items():
            with self.subTest(target):
                self.assertEqual(answer, self.signed("GET", target, {}))
        self.assertEqual((403, "SignatureDoesNotMatch"), self.signed("PUT", link, {}, b"x"))
        # Two ways to say who asks: neither is believed.
        self.assertEqual((400, "InvalidArgument"), self.signed("GET", link, {"Authorization": "Bearer " + self.token}))
        self.assertEqual((400, "InvalidArgument"), self.signed("GET", link, self.key.headers("GET", "/photos/k", self.host)))

    def test_each_chunk_of_a_signed_body_is_held_to_its_signature(self):
        at = basic_time(time.time())
        pieces = [b"a" * 65536, b"b" * 65536, b"c" * 100]

        def send(change, length=sum(map(len, pieces))):
            fields = self.key.headers("PUT", "/photos/chunks", self.host, payload="STREAMING-AWS4-HMAC-SHA256-PAYLOAD", at=at,
                                      more={"x-amz-decoded-content-length": str(length), "content-encoding": "aws-chunked"})
            return self.signed("PUT", "/photos/chunks", fields, change(self.key.chunks(pieces, fields["Authorization"][-64:], at)))
        forged = (403, "SignatureDoesNotMatch")
        self.assertEqual(forged, send(lambda body: body.replace(b"bbb", b"bbc", 1)))
        self.assertEqual(forged, send(lambda body: re.sub(rb"signature=[0-9a-f]", b"signature=g", body, count=1)))
        self.assertEqual(forged, send(lambda body: re.sub(rb"(a{65536})(.*?)(b{65536})", rb"\3\2\1", body, flags=re.S)))
        incomplete = (400, "IncompleteBody")
        self.assertEqual(incomplete, send(lambda body: body[:-40]))
        self.assertEqual(incomplete, send(lambda body: body[:body.rindex(b"\r\n0;") + 2]))
        self.assertEqual(incomplete, send(lambda body: body, length=10))
        self.assertEqual(404, self.s3("HEAD", "/photos/chunks"))
        self.assertEqual(200, send(lambda body: body))
        self.assertEqual(b"".join(pieces), self.ask("GET", "/api/v1/buckets/photos/objects/chunks").data)

    def test_who_asks_is_never_guessed(self):
        for fields in ({"Authorization": "Bearer"}, {"Authorization": "Bearer "}, {"Authorization": "Bearer " + "a" * 50_000},
                       {"Authorization": "Basic %%%"}, {"Authorization": "Basic YWRtaW46"}, {"Authorization": "Digest a"},
                       {"Authorization": ""}, {"Cookie": "atoll_session="}, {"Cookie": "atoll_session=" + "a" * 50_000},
                       {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-User": "admin", "X-Remote-User": "admin"}):
            with self.subTest(str(fields)[:60]):
                self.assertEqual(401, self.ask("GET", "/api/v1/buckets", headers=fields, token=False).status)
                self.assertEqual(401, self.ask("PROPFIND", "/dav/photos/", headers={"Depth": "1", **fields}, token=False).status)
        link = "/api/v1/shared/" + "a" * 300
        self.assertEqual(401, self.ask("GET", link, token=False).status)
        # A one-time code, an Idempotency-Key: taken once.
        self.assertEqual(201, self.ask("POST", "/api/v1/groups", {"name": "one"}, {"Idempotency-Key": "k"}).status)
        self.assertEqual(201, self.ask("POST", "/api/v1/groups", {"name": "one"}, {"Idempotency-Key": "k"}).status)
        self.assertIn(self.ask("POST", "/api/v1/groups", {"name": "two"}, {"Idempotency-Key": "k"}).status, (409, 422))
        self.assertEqual(["one"], [group["name"] for group in self.json("GET", "/api/v1/groups")["groups"]])


class Bombs(AttackTest):
    def test_documents_that_grow_or_reach_out_are_refused(self):
        grows = b"<!DOCTYPE l [<!ENTITY a0 'aaaaaaaa'>" + b"".join(
            b"<!ENTITY a%d '&a%d;&a%d;'>" % (i, i - 1, i - 1) for i in range(1, 25)) + b"]><l>&a24;</l>"
        reaches = b"<!DOCTYPE l [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><l>&a;</l>"
        parameter = b"<!DOCTYPE l [<!ENTITY % a SYSTEM 'http://127.0.0.1:1/'> %a;]><l/>"
        deep = b"<a>" * 20_000 + b"</a>" * 20_000
        wide = b"<a " + b" ".join(b'a%d="x"' % i for i in range(10_000)) + b"/>"
        long = b"<a>" + b"x" * (8 << 20) + b"</a>"
        for name, body in {"grows": grows, "reaches": reaches, "parameter": parameter, "deep": deep, "wide": wide, "long": long,
                           "cut": b"<Delete><Object>", "utf-16": "<Delete/>".encode("utf-16"), "bytes": bytes(range(256))}.items():
            for method, target in (("POST", "/photos?delete"), ("PUT", "/photos?lifecycle"), ("PUT", "/photos?cors"),
                                   ("PUT", "/photos?tagging"), ("PUT", "/photos?versioning"), ("PUT", "/photos?object-lock"),
                                   ("PUT", "/photos/k?tagging"), ("PUT", "/photos/k?retention"), ("POST", "/photos/k?uploadId=x")):
                with self.subTest(name + " " + target):
                    status = self.s3(method, target, body)
                    self.assertIn(status[0] if isinstance(status, tuple) else status, (400, 404), status)
            for method in ("PROPFIND", "PROPPATCH", "LOCK"):
                with self.subTest(name + " " + method):
                    status = self.ask(method, "/dav/photos/l", body, {"Depth": "0"}).status
                    self.assertIn(status, (400, 413, 404) if method == "PROPFIND" else (400, 413))
        self.assertEqual(404, self.ask("GET", "/dav/photos/l").status)

    def test_json_that_is_deep_long_or_no_json_is_refused(self):
        for name, (body, status) in {
                "deep lists": (b"[" * 100_000, 400), "deep objects": (b'{"a":' * 50_000 + b"1" + b"}" * 50_000, 400),
                "long": (b'{"name":"' + b"x" * (20 << 20) + b'"}', 413), "half a pair": (b'{"name":"\\ud800"}', 400),
                "no UTF-8": (b'{"name":"\xff"}', 400), "more behind": (b'{"name":"x"} x', 400), "nothing": (b"", 400),
                "no text": (b'{"name":1e999}', 400),
                "a zero byte": (b'{"name":"a\\u0000b"}', 400), "unknown": (b'{"name":"x","is_admin":true}', 400)}.items():
            with self.subTest(name):
                self.assertEqual(status, self.ask("POST", "/api/v1/groups", body, JSON).status)
        self.assertEqual(415, self.ask("POST", "/api/v1/groups", b'{"name":"x"}', {"Content-Type": "text/plain"}).status)
        # Nothing is decompressed, so nothing can grow.
        squeezed = gzip.compress(b'{"name":"' + b" " * (50 << 20) + b'"}')
        self.assertEqual(415, self.ask("POST", "/api/v1/groups", squeezed, {**JSON, "Content-Encoding": "gzip"}).status)
        self.assertEqual([], self.json("GET", "/api/v1/groups")["groups"])
        for text in ("(" * 20_000 + "size>1" + ")" * 20_000, "not " * 10_000 + "size>1", "name:" + "*a" * 20_000):
            with self.subTest(text[:10]):
                begun = time.monotonic()
                self.assertIn(self.ask("POST", "/api/v1/search", {"filter": {"must": [text]}}).status, (400, 413))
                self.assertLess(time.monotonic() - begun, 10)

    def test_many_ranges_are_no_more_work_than_one(self):
        content = os.urandom(1_000_000)
        self.put("r", content)
        many = "bytes=" + ",".join(f"{i}-{i + 5}" for i in range(5000))
        for ranges in (many, "bytes=" + ",".join(["0-"] * 5000), "bytes=0-0,-1"):
            for target, fields in (("/api/v1/buckets/photos/objects/r", {}), ("/dav/photos/r", {}),
                                   ("/photos/r", self.key.headers("GET", "/photos/r", self.host))):
                answer = self.ask("GET", target, headers={"Range": ranges, **fields}, token=not fields)
                self.assertEqual((200, len(content)), (answer.status, len(answer.data)), target)
        for ranges in ("bytes=999999999999999999999-", "bytes=-0", "bytes=1000000-"):
            self.assertEqual(416, self.ask("GET", "/api/v1/buckets/photos/objects/r", headers={"Range": ranges}).status)

    def test_numbers_beyond_all_bounds_are_refused(self):
        rest = "/api/v1/buckets/photos/objects"
        for query in ("limit=99999999999999999999", "limit=-1", "limit=0", "limit=1e3", "cursor=AAAA", "cursor=" + "A" * 5000,
                      "prefix=%zz", "as_of=9999999999999999999999", "prefix=a&prefix=b", "unknown=1"):
            with self.subTest(query[:30]):
                self.assertEqual(400, self.ask("GET", rest + "?" + query).status)
        for target in ("/photos?list-type=2&max-keys=-1", "/photos?list-type=2&max-keys=99999999999", "/photos?uploads&max-uploads=x",
                       "/photos?list-type=2&continuation-token=%00"):
            with self.subTest(target):
                self.assertEqual((400, "InvalidArgument"), self.s3("GET", target))
        self.assertEqual((400, "InvalidArgument"), self.s3("PUT", "/photos/m?partNumber=10001&uploadId=x", b"x"))
        self.assertEqual((404, "NoSuchUpload"), self.s3("PUT", "/photos/m?partNumber=1&uploadId=../../x", b"x"))
        self.assertEqual((400, "MalformedXML"),
                         self.s3("POST", "/photos?delete", b"<Delete>" + b"<Object><Key>a</Key></Object>" * 1001 + b"</Delete>"))
        tus = {"Tus-Resumable": "1.0.0"}
        for fields in ({"Upload-Length": "-1"}, {"Upload-Length": "9" * 30}, {"Upload-Length": str(1 << 63)}, {},
                       {"Upload-Length": "1", "Upload-Metadata": "key %%%"}, {"Upload-Concat": "final;/a /b"}):
            with self.subTest(str(fields)):
                self.assertEqual(400, self.ask("POST", "/api/v1/uploads?bucket=photos&key=t", headers={**tus, **fields}).status)
        for field in ({"Atoll-Tags": "a=" + "b" * 60_000}, {"Atoll-Meta-x": "y" * 60_000}):
            self.assertEqual(413, self.ask("PUT", rest + "/t", b"x", field).status)
        self.assertEqual(400, self.ask("PUT", rest + "/t", b"x", {"Atoll-Tags": "=,="}).status)
        self.assertEqual(404, self.ask("GET", rest + "/t").status)


class Tls(AttackTest):
    def test_old_versions_of_tls_are_refused(self):
        self.stop()
        server = self.start("serve", "--listen", f"0.0.0.0:{self.port}")
        self.addCleanup(server.communicate)
        self.addCleanup(server.terminate)

        def offer(version):
            """The first bytes of the answer to a greeting that knows nothing newer."""
            ciphers = bytes.fromhex("c013c014c009c00a002f0035c02fc02bc030c02c")
            extensions = bytes.fromhex("000a00080006001700180019" "000b00020100")
            hello = version + bytes(32) + b"\0" + len(ciphers).to_bytes(2, "big") + ciphers + b"\x01\0"
            hello += len(extensions).to_bytes(2, "big") + extensions
            hello = b"\x01" + len(hello).to_bytes(3, "big") + hello
            connection = self.connect()
            connection.sendall(b"\x16\x03\x01" + len(hello).to_bytes(2, "big") + hello)
            return connection.recv(100)

        def listens():
            try:
                self.connect().close()
                return True
            except OSError:
                self.assertIsNone(server.poll(), "the server ended")
                return False
        self.assertTrue(wait_until(listens, 30))
        for version in (b"\x03\x01", b"\x03\x02"):  # TLS 1.0, TLS 1.1
            answer = offer(version)
            self.assertEqual(b"\x15", answer[:1], answer)  # an alert
            self.assertEqual(b"\x02\x46", answer[5:7], answer)  # fatal, protocol_version
        self.assertEqual(b"\x15", offer(b"\x03\x00")[:1])  # SSL 3
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # its certificate is its own
            context.minimum_version = context.maximum_version = version
            with context.wrap_socket(self.connect()) as connection:
                self.assertIn(connection.version(), ("TLSv1.2", "TLSv1.3"))
        server.terminate()
        server.communicate()
        self.serve()


class Slow(AttackTest):
    def test_downloads_that_are_broken_off_end(self):
        content = os.urandom(256 << 10)
        for number in range(200):
            self.put(f"many/{number}", content[number:] + content[:number])
        for format in ("zip", "tar"):
            for _ in range(20):
                connection = self.connect()
                connection.sendall(self.head(f"GET /api/v1/buckets/photos/archive?format={format}&prefix=many/ HTTP/1.1"))
                self.assertTrue(connection.recv(1000).startswith(b"HTTP/1.1 200 "))
                connection.close()
        # The request that asks is one itself.
        def in_flight():
            return int(re.search(rb"(?m)^atoll_requests_in_flight (\d+)", self.ask("GET", "/metrics").data).group(1))
        self.assertTrue(wait_until(lambda: in_flight() <= 1, 30, 0.1), in_flight())
        self.assertLess(self.resident_bytes(), RSS_MAX_BYTES)

    def test_slow_and_silent_clients_keep_nobody_else_waiting(self):
        self.put("large", os.urandom(8 << 20))
        silent = [self.connect() for _ in range(200)]
        readers = [self.connect() for _ in range(60)]
        for connection in readers:  # ask for much and read none of it
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(self.head("GET /api/v1/buckets/photos/objects/large HTTP/1.1"))
        heads = [self.connect(60) for _ in range(60)]
        bodies = [self.connect(60) for _ in range(30)]
        small_bodies = [self.connect(60) for _ in range(30)]  # gathered before anybody works on them: they have two minutes
        for number, connection in enumerate(bodies + small_bodies):
            length = 1 << 20 if connection in bodies else 60_000
            connection.sendall(self.head(f"PUT /api/v1/buckets/photos/objects/slow-{number} HTTP/1.1", f"Content-Length: {length}"))
        answers, longest_s = {}, 0.0
        line = self.head("GET /livez HTTP/1.1", "X-Note: " + "a" * 200)
        begun = time.monotonic()
        tick = 0
        while len(answers) < len(heads) + len(bodies) and time.monotonic() - begun < 50:
            for connection in small_bodies:
                connection.sendall(b"z" * 20)
            for connection in heads + bodies:
                if connection in answers:
                    continue
                try:
                    connection.setblocking(False)
                    answers[connection] = connection.recv(1000)
                    continue
                except BlockingIOError:
                    connection.setblocking(True)
                except OSError:
                    answers[connection] = b""
                    continue
                try:
                    connection.sendall(line[tick:tick + 1] if connection in heads else b"z" * 20)
                except OSError:
                    pass  # what it said is read next time
            at = time.monotonic()
            if tick % 2:
                self.put(f"quick-{tick}", b"quick")
            else:
                self.assertEqual(206, self.ask("GET", "/api/v1/buckets/photos/objects/large", headers={"Range": "bytes=0-9"}).status)
            longest_s = max(longest_s, time.monotonic() - at)
            tick += 1
            time.sleep(0.4)
        seconds = time.monotonic() - begun
        print(f"{self.id()}: slow ones closed after {seconds:.0f} s, others waited {longest_s * 1000:.0f} ms at most, "
              f"{self.resident_bytes() >> 20} MiB", flush=True)
        self.assertEqual(len(heads) + len(bodies), len(answers), "slow clients are not closed")
        for connection, answer in answers.items():
            self.assertRegex(answer, rb"^(HTTP/1\.1 (408|503) |$)")
        self.assertGreater(sum(answer.startswith(b"HTTP/1.1 408 ") for answer in answers.values()), len(answers) // 2)
        self.assertLess(longest_s, 10, "others were kept waiting")
        self.assertLess(self.resident_bytes(), RSS_MAX_BYTES)
        for number in range(len(bodies + small_bodies)):
            self.assertEqual(404, self.ask("GET", f"/api/v1/buckets/photos/objects/slow-{number}").status)
        for connection in silent + readers + small_bodies:
            connection.close()

    def test_noise_is_answered_or_closed(self):
        generator = self.seed()

        def send(noise):
            connection = self.connect(30)
            try:
                connection.sendall(noise)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(1 << 16):
                    pass
            except OSError:
                pass
            connection.close()
        request = self.head("PUT /api/v1/buckets/photos/objects/noise HTTP/1.1", "Transfer-Encoding: chunked") + b"4\r\nabcd\r\n0\r\n\r\n"
        noises = []
        for _ in range(400):
            changed = bytearray(request)
            for _ in range(generator.randrange(1, 6)):
                at = generator.randrange(len(changed))
                changed[at:at + generator.randrange(3)] = generator.randbytes(generator.randrange(3))
            noises.append(bytes(changed))
        noises += [generator.randbytes(generator.randrange(2000)) for _ in range(200)]
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            list(pool.map(send, noises))


if __name__ == "__main__":
    import harness
    harness.main()
