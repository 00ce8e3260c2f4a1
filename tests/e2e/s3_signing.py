"""AWS Signature Version 4 in a few lines, for tests that have to sign wrongly on purpose, or faster than an SDK does.

Source: "Signature Calculations for the Authorization Header" and "… Multiple Chunks", Amazon S3 API Reference.
"""
import hashlib
import hmac
import time
import urllib.parse

ALGORITHM = "AWS4-HMAC-SHA256"
EMPTY = hashlib.sha256(b"").hexdigest()
UNSIGNED = "UNSIGNED-PAYLOAD"


def mac(key, text):
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def basic_time(unix_s):
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(unix_s))


class Key:
    def __init__(self, access, secret, region="us-east-1", service="s3"):
        self.access, self.secret, self.region, self.service = access, secret, region, service

    def scope(self, at):
        return f"{at[:8]}/{self.region}/{self.service}/aws4_request"

    def signing_key(self, at):
        key = mac(b"AWS4" + self.secret.encode(), at[:8])
        for part in (self.region, self.service, "aws4_request"):
            key = mac(key, part)
        return key

    def _signature(self, method, target, fields, payload, at):
        path, _, query = target.partition("?")
        pairs = []
        for part in filter(None, query.split("&")):
            name, _, value = part.partition("=")
            pairs.append("=".join(urllib.parse.quote(urllib.parse.unquote(one), safe="-_.~") for one in (name, value)))
        names = sorted(fields)
        request = "\n".join([method, path, "&".join(sorted(pairs)), *(f"{name}:{fields[name].strip()}" for name in names), "",
                             ";".join(names), payload])
        text = "\n".join([ALGORITHM, at, self.scope(at), hashlib.sha256(request.encode()).hexdigest()])
        return mac(self.signing_key(at), text).hex()

    def headers(self, method, target, host, body=b"", payload=None, at=None, more=None):
        """`payload`: what x-amz-content-sha256 says in place of the body's digest."""
        at = at or basic_time(time.time())
        payload = payload or hashlib.sha256(body).hexdigest()
        fields = {"host": host, "x-amz-date": at, "x-amz-content-sha256": payload}
        fields.update({name.lower(): value for name, value in (more or {}).items()})
        signature = self._signature(method, target, fields, payload, at)
        out = {name: value for name, value in fields.items() if name != "host"}
        out["Authorization"] = (f"{ALGORITHM} Credential={self.access}/{self.scope(at)}, "
                                f"SignedHeaders={';'.join(sorted(fields))}, Signature={signature}")
        return out

    def link(self, method, target, host, expires_s=60, at=None):
        at = at or basic_time(time.time())
        credential = urllib.parse.quote(f"{self.access}/{self.scope(at)}", safe="")
        target += ("&" if "?" in target else "?") + (f"X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}&X-Amz-Date={at}"
                                                    f"&X-Amz-Expires={expires_s}&X-Amz-SignedHeaders=host")
        return target + "&X-Amz-Signature=" + self._signature(method, target, {"host": host}, UNSIGNED, at)

    def chunks(self, pieces, seed, at):
        """A body of signed chunks; `seed` is the signature of the request's header."""
        out = b""
        for piece in [*pieces, b""]:
            text = "\n".join([ALGORITHM + "-PAYLOAD", at, self.scope(at), seed, EMPTY, hashlib.sha256(piece).hexdigest()])
            seed = mac(self.signing_key(at), text).hex()
            out += f"{len(piece):x};chunk-signature={seed}\r\n".encode() + piece + b"\r\n"
        return out
