#!/usr/bin/env python3
"""S3 as its clients speak it: boto3, aws, rclone, restic, s3cmd against a server on a real disk. What they store comes
back byte for byte, odd names included, and deleting frees room."""
import base64
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

import s3_harness
from s3_harness import ACCESS, ATOLL, SECRET, run, start, stop

ODD_KEYS = ["plain", "ä b+c", "%20", "a//b", "trailing/", "x", "x/y", "q?a=b&c#d", "~!*'();:@&=+$,[]", "日本語/ファイル",
            "dots/../x", "é", "e\u0301", "k" * 500 + "ü" * 262]


def noise(size, seed):
    out = bytearray()
    counter = 0
    while len(out) < size:
        out += hashlib.sha512(f"{seed} {counter}".encode()).digest()
        counter += 1
    return bytes(out[:size])


def folder_used(path):
    return sum(f.stat().st_size for f in pathlib.Path(path).rglob("*") if f.is_file())


def with_boto3(url):
    import boto3
    from botocore.config import Config
    from botocore.exceptions import ClientError

    def client(**options):
        return boto3.client("s3", endpoint_url=url, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET,
                            region_name="us-east-1", config=Config(
                                retries={"max_attempts": 1}, signature_version="s3v4", **options))
    s3 = client()

    def refused(code, call, *args, **kwargs):
        try:
            call(*args, **kwargs)
        except ClientError as error:
            found = error.response["Error"]["Code"]
            assert found in (code, {"NoSuchKey": "404", "NotModified": "304", "PreconditionFailed": "412",
                                    "MethodNotAllowed": "405", "NoSuchBucket": "404"}.get(code)), (found, code)
            return error.response
        raise AssertionError(f"{code} was expected")

    s3.create_bucket(Bucket="boto")
    refused("BucketAlreadyOwnedByYou", s3.create_bucket, Bucket="boto")
    refused("NoSuchBucket", s3.head_bucket, Bucket="nothing-here")
    refused("InvalidBucketName", client(parameter_validation=False).create_bucket, Bucket="Bad_Name")
    assert [b["Name"] for b in s3.list_buckets()["Buckets"]] == ["boto"]

    for number, key in enumerate(ODD_KEYS):
        body = noise(100 + number, key)
        answer = s3.put_object(Bucket="boto", Key=key, Body=body, Metadata={"n": str(number)}, ContentType="text/x")
        assert answer["ETag"] == f'"{hashlib.md5(body).hexdigest()}"', key
        got = s3.get_object(Bucket="boto", Key=key)
        assert got["Body"].read() == body and got["Metadata"] == {"n": str(number)} and got["ContentType"] == "text/x"
    listed = [o["Key"] for o in s3.list_objects_v2(Bucket="boto")["Contents"]]
    assert listed == sorted(ODD_KEYS, key=lambda k: k.encode()), listed
    refused("KeyTooLongError", s3.put_object, Bucket="boto", Key="k" * 1025, Body=b"")
    for number, key in enumerate(ODD_KEYS):
        s3.copy_object(Bucket="boto", Key=f"copy of {number} " + key[:200], CopySource={"Bucket": "boto", "Key": key})
        assert s3.get_object(Bucket="boto", Key=f"copy of {number} " + key[:200])["Body"].read() == noise(100 + number, key)
    page = s3.list_objects_v2(Bucket="boto", Delimiter="/")
    assert {p["Prefix"] for p in page["CommonPrefixes"]} >= {"a/", "x/", "日本語/"}
    names = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="boto", PaginationConfig={"PageSize": 3}):
        names += [o["Key"] for o in page["Contents"]]
    assert names == sorted(names, key=lambda k: k.encode()) and len(names) == 2 * len(ODD_KEYS)
    names_v1 = []
    for page in s3.get_paginator("list_objects").paginate(Bucket="boto", PaginationConfig={"PageSize": 5}):
        names_v1 += [o["Key"] for o in page["Contents"]]
    assert names_v1 == names

    # Ranges and conditions.
    body = noise(1_000_000, "range")
    etag = s3.put_object(Bucket="boto", Key="range", Body=body)["ETag"]
    assert s3.get_object(Bucket="boto", Key="range", Range="bytes=10-19")["Body"].read() == body[10:20]
    assert s3.get_object(Bucket="boto", Key="range", Range="bytes=-5")["Body"].read() == body[-5:]
    assert s3.get_object(Bucket="boto", Key="range", Range="bytes=999990-2000000")["Body"].read() == body[999_990:]
    refused("InvalidRange", s3.get_object, Bucket="boto", Key="range", Range="bytes=1000000-")
    refused("PreconditionFailed", s3.get_object, Bucket="boto", Key="range", IfMatch='"x"')
    refused("NotModified", s3.get_object, Bucket="boto", Key="range", IfNoneMatch=etag)
    refused("NoSuchKey", s3.get_object, Bucket="boto", Key="nothing")
    refused("NoSuchKey", s3.head_object, Bucket="boto", Key="nothing")

    def conditional(name, value):
        def add(request, **_):
            request.headers[name] = value
        special = client()
        special.meta.events.register("before-sign.s3.PutObject", add)
        special.meta.events.register("before-sign.s3.DeleteObject", add)
        return special
    refused("PreconditionFailed", conditional("If-None-Match", "*").put_object, Bucket="boto", Key="range", Body=b"x")
    conditional("If-None-Match", "*").put_object(Bucket="boto", Key="fresh", Body=b"x")
    refused("PreconditionFailed", conditional("If-Match", '"y"').put_object, Bucket="boto", Key="fresh", Body=b"z")
    conditional("If-Match", f'"{hashlib.md5(b"x").hexdigest()}"').put_object(Bucket="boto", Key="fresh", Body=b"z")
    refused("PreconditionFailed", conditional("If-Match", '"y"').delete_object, Bucket="boto", Key="fresh")
    # Of many who want to be first, one is.
    won = []
    def race():
        try:
            conditional("If-None-Match", "*").put_object(Bucket="boto", Key="lock", Body=b"me")
            won.append(1)
        except ClientError as error:
            assert error.response["ResponseMetadata"]["HTTPStatusCode"] in (412, 409)
    threads = [threading.Thread(target=race) for _ in range(8)]
    [t.start() for t in threads]
    [t.join() for t in threads]
    assert len(won) == 1

    # Digests that do not match store nothing.
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    refused("BadDigest", s3.put_object, Bucket="boto", Key="bad", Body=b"data", ContentMD5=wrong)
    refused("BadDigest", s3.put_object, Bucket="boto", Key="bad", Body=b"data", ChecksumSHA256=base64.b64encode(
        hashlib.sha256(b"other").digest()).decode())
    refused("NoSuchKey", s3.head_object, Bucket="boto", Key="bad")
    for algorithm in ("CRC32", "SHA1", "SHA256"):
        answer = s3.put_object(Bucket="boto", Key="sum", Body=b"data", ChecksumAlgorithm=algorithm)
        got = s3.head_object(Bucket="boto", Key="sum", ChecksumMode="ENABLED")
        assert got["Checksum" + algorithm] == answer["Checksum" + algorithm]

    # Parts.
    big = noise(12 * 1024 * 1024 + 7, "big")
    upload = s3.create_multipart_upload(Bucket="boto", Key="big/ä", Metadata={"a": "b"})["UploadId"]
    parts = []
    for number, at in enumerate(range(0, len(big), 5 * 1024 * 1024), 1):
        etag = s3.upload_part(Bucket="boto", Key="big/ä", UploadId=upload, PartNumber=number,
                              Body=big[at:at + 5 * 1024 * 1024])["ETag"]
        parts.append({"PartNumber": number, "ETag": etag})
    assert len(s3.list_parts(Bucket="boto", Key="big/ä", UploadId=upload)["Parts"]) == 3
    assert [u["Key"] for u in s3.list_multipart_uploads(Bucket="boto")["Uploads"]] == ["big/ä"]
    refused("InvalidPart", s3.complete_multipart_upload, Bucket="boto", Key="big/ä", UploadId=upload,
            MultipartUpload={"Parts": [{"PartNumber": 9, "ETag": '"x"'}]})
    refused("InvalidPartOrder", s3.complete_multipart_upload, Bucket="boto", Key="big/ä", UploadId=upload,
            MultipartUpload={"Parts": parts[::-1]})
    done = s3.complete_multipart_upload(Bucket="boto", Key="big/ä", UploadId=upload, MultipartUpload={"Parts": parts})
    assert done["ETag"].endswith('-3"')
    got = s3.get_object(Bucket="boto", Key="big/ä")
    assert got["Body"].read() == big and got["Metadata"] == {"a": "b"}
    part = s3.get_object(Bucket="boto", Key="big/ä", PartNumber=2)
    assert part["PartsCount"] == 3 and part["Body"].read() == big[5 * 1024 * 1024:10 * 1024 * 1024]
    parts_shown = s3.get_object_attributes(Bucket="boto", Key="big/ä", ObjectAttributes=["ObjectParts"])["ObjectParts"]
    assert parts_shown["TotalPartsCount"] == 3 and sum(one["Size"] for one in parts_shown["Parts"]) == len(big)
    refused("NoSuchUpload", s3.list_parts, Bucket="boto", Key="big/ä", UploadId=upload)
    upload = s3.create_multipart_upload(Bucket="boto", Key="joined")["UploadId"]
    first = s3.upload_part_copy(Bucket="boto", Key="joined", UploadId=upload, PartNumber=1,
                                CopySource={"Bucket": "boto", "Key": "big/ä"})["CopyPartResult"]["ETag"]
    second = s3.upload_part_copy(Bucket="boto", Key="joined", UploadId=upload, PartNumber=2, CopySourceRange="bytes=5-99",
                                 CopySource={"Bucket": "boto", "Key": "big/ä"})["CopyPartResult"]["ETag"]
    s3.complete_multipart_upload(Bucket="boto", Key="joined", UploadId=upload, MultipartUpload={
        "Parts": [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second}]})
    assert s3.get_object(Bucket="boto", Key="joined")["Body"].read() == big + big[5:100]
    upload = s3.create_multipart_upload(Bucket="boto", Key="never")["UploadId"]
    s3.upload_part(Bucket="boto", Key="never", UploadId=upload, PartNumber=1, Body=b"x")
    s3.abort_multipart_upload(Bucket="boto", Key="never", UploadId=upload)
    assert "Uploads" not in s3.list_multipart_uploads(Bucket="boto")
    for algorithm in ("CRC32", "SHA256"):
        upload = s3.create_multipart_upload(Bucket="boto", Key="sums", ChecksumAlgorithm=algorithm)["UploadId"]
        parts = []
        for number in (1, 2):
            answer = s3.upload_part(Bucket="boto", Key="sums", UploadId=upload, PartNumber=number, ChecksumAlgorithm=algorithm,
                                    Body=big[:5 * 1024 * 1024])
            parts.append({"PartNumber": number, "ETag": answer["ETag"], "Checksum" + algorithm: answer["Checksum" + algorithm]})
        done = s3.complete_multipart_upload(Bucket="boto", Key="sums", UploadId=upload, MultipartUpload={"Parts": parts})
        assert done["Checksum" + algorithm].endswith("-2")

    # Links.
    link = s3.generate_presigned_url("get_object", Params={"Bucket": "boto", "Key": "ä b+c"}, ExpiresIn=60)
    assert urllib.request.urlopen(link).read() == noise(101, "ä b+c")
    link = s3.generate_presigned_url("put_object", Params={"Bucket": "boto", "Key": "by link"}, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(link, data=b"linked", method="PUT"))
    assert s3.get_object(Bucket="boto", Key="by link")["Body"].read() == b"linked"
    for changed in (link.replace("by%20link", "other"), link[:-1] + ("0" if link[-1] != "0" else "1")):
        try:
            urllib.request.urlopen(urllib.request.Request(changed, data=b"x", method="PUT"))
            raise AssertionError("a forged link was taken")
        except urllib.error.HTTPError as error:
            assert error.code == 403
    try:
        urllib.request.urlopen(url + "/boto/plain")
        raise AssertionError("read without a key")
    except urllib.error.HTTPError as error:
        assert error.code in (401, 403, 404)  # without a signature it is not even a request of S3's

    # Tags.
    s3.put_object_tagging(Bucket="boto", Key="plain", Tagging={"TagSet": [{"Key": "a", "Value": "ä b"}]})
    assert s3.get_object_tagging(Bucket="boto", Key="plain")["TagSet"] == [{"Key": "a", "Value": "ä b"}]
    assert s3.get_object(Bucket="boto", Key="plain")["TagCount"] == 1
    s3.delete_object_tagging(Bucket="boto", Key="plain")
    assert s3.get_object_tagging(Bucket="boto", Key="plain")["TagSet"] == []

    # Settings.
    refused("NoSuchCORSConfiguration", s3.get_bucket_cors, Bucket="boto")
    s3.put_bucket_cors(Bucket="boto", CORSConfiguration={"CORSRules": [
        {"AllowedOrigins": ["https://*.example.org"], "AllowedMethods": ["GET"], "AllowedHeaders": ["*"]}]})
    assert s3.get_bucket_cors(Bucket="boto")["CORSRules"][0]["AllowedMethods"] == ["GET"]
    ask = urllib.request.Request(url + "/boto/plain", method="OPTIONS", headers={
        "Origin": "https://a.example.org", "Access-Control-Request-Method": "GET"})
    assert urllib.request.urlopen(ask).headers["Access-Control-Allow-Origin"] == "https://a.example.org"
    s3.put_bucket_lifecycle_configuration(Bucket="boto", LifecycleConfiguration={"Rules": [
        {"ID": "r", "Status": "Enabled", "Filter": {"Prefix": "tmp/"}, "Expiration": {"Days": 3}}]})
    assert s3.get_bucket_lifecycle_configuration(Bucket="boto")["Rules"][0]["Expiration"] == {"Days": 3}
    assert s3.get_bucket_acl(Bucket="boto")["Grants"][0]["Permission"] == "FULL_CONTROL"
    refused("NotImplemented", s3.put_bucket_acl, Bucket="boto", ACL="public-read-write")

    # Who may read without an account: by the object's list, by the bucket's policy.
    def anonymous(path):
        try:
            return urllib.request.urlopen(url + path).read()
        except urllib.error.HTTPError as error:
            return error.code

    s3.put_object(Bucket="boto", Key="listed", Body=b"listed", ACL="bucket-owner-full-control")
    grants = s3.get_object_acl(Bucket="boto", Key="listed")
    assert grants["Owner"]["DisplayName"] and len(grants["Owner"]["ID"]) == 64, grants
    assert anonymous("/boto/listed") == 403
    s3.put_object_acl(Bucket="boto", Key="listed", ACL="public-read")
    assert anonymous("/boto/listed") == b"listed"
    assert {"Type": "Group", "URI": "http://acs.amazonaws.com/groups/global/AllUsers"} in [
        grant["Grantee"] for grant in s3.get_object_acl(Bucket="boto", Key="listed")["Grants"]]
    refused("NoSuchBucketPolicy", s3.get_bucket_policy, Bucket="boto")
    s3.put_object(Bucket="boto", Key="open/a", Body=b"open")
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*",
        "Action": ["s3:GetObject"], "Resource": ["arn:aws:s3:::boto/open/*"]}]})
    s3.put_bucket_policy(Bucket="boto", Policy=policy)
    assert json.loads(s3.get_bucket_policy(Bucket="boto")["Policy"]) == json.loads(policy)
    assert s3.get_bucket_policy_status(Bucket="boto")["PolicyStatus"]["IsPublic"] is True
    assert anonymous("/boto/open/a") == b"open"
    assert anonymous("/boto/plain") == 403 and anonymous("/boto?list-type=2") == 403
    refused("MalformedPolicy", s3.put_bucket_policy, Bucket="boto", Policy=policy.replace("GetObject", "PutObject"))
    s3.delete_bucket_policy(Bucket="boto")
    assert anonymous("/boto/open/a") == 403

    # Storage classes; parts by their numbers.
    s3.put_object(Bucket="boto", Key="cold", Body=noise(50_000, "cold"), StorageClass="GLACIER")
    assert s3.head_object(Bucket="boto", Key="cold")["StorageClass"] == "GLACIER"
    assert s3.get_object(Bucket="boto", Key="cold")["Body"].read() == noise(50_000, "cold")
    assert {one["Key"]: one["StorageClass"] for one in s3.list_objects_v2(Bucket="boto")["Contents"]}["cold"] == "GLACIER"
    refused("NotImplemented", s3.put_bucket_website, Bucket="boto", WebsiteConfiguration={
        "IndexDocument": {"Suffix": "index.html"}})

    # Versions.
    s3.create_bucket(Bucket="versions")
    s3.put_object(Bucket="versions", Key="v", Body=b"null")
    s3.put_bucket_versioning(Bucket="versions", VersioningConfiguration={"Status": "Enabled"})
    one = s3.put_object(Bucket="versions", Key="v", Body=b"one")["VersionId"]
    two = s3.put_object(Bucket="versions", Key="v", Body=b"two")["VersionId"]
    assert s3.get_object(Bucket="versions", Key="v", VersionId="null")["Body"].read() == b"null"
    assert s3.get_object(Bucket="versions", Key="v", VersionId=one)["Body"].read() == b"one"
    marker = s3.delete_object(Bucket="versions", Key="v")
    assert marker["DeleteMarker"]
    refused("NoSuchKey", s3.get_object, Bucket="versions", Key="v")
    refused("MethodNotAllowed", s3.get_object, Bucket="versions", Key="v", VersionId=marker["VersionId"])
    listed = s3.list_object_versions(Bucket="versions")
    assert [v["VersionId"] for v in listed["Versions"]] == [two, one, "null"]
    assert listed["DeleteMarkers"][0]["IsLatest"]
    s3.delete_object(Bucket="versions", Key="v", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket="versions", Key="v")["Body"].read() == b"two"
    s3.delete_object(Bucket="versions", Key="v", VersionId=two)
    assert s3.get_object(Bucket="versions", Key="v")["Body"].read() == b"one"
    collected = []
    for page in s3.get_paginator("list_object_versions").paginate(Bucket="versions", PaginationConfig={"PageSize": 1}):
        collected += [v["VersionId"] for v in page.get("Versions", [])]
    assert collected == [one, "null"]
    refused("BucketNotEmpty", s3.delete_bucket, Bucket="versions")
    for version in collected:
        s3.delete_object(Bucket="versions", Key="v", VersionId=version)
    s3.delete_bucket(Bucket="versions")

    # Locks.
    s3.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
    kept = s3.put_object(Bucket="locked", Key="k", Body=b"k", ObjectLockLegalHoldStatus="ON")["VersionId"]
    refused("AccessDenied", s3.delete_object, Bucket="locked", Key="k", VersionId=kept)
    s3.put_object_legal_hold(Bucket="locked", Key="k", LegalHold={"Status": "OFF"})
    s3.delete_object(Bucket="locked", Key="k", VersionId=kept)
    s3.delete_bucket(Bucket="locked")

    # Many at once, without Content-MD5 (which older clients send, newer ones do not).
    keys = [o["Key"] for o in s3.list_objects_v2(Bucket="boto")["Contents"]]
    answer = s3.delete_objects(Bucket="boto", Delete={"Objects": [{"Key": k} for k in keys] + [{"Key": "never there"}]})
    assert len(answer["Deleted"]) == len(keys) + 1 and "Errors" not in answer
    s3.delete_bucket(Bucket="boto")
    print("boto3: done")


def with_forms(url, place):
    """Forms with boto3's policies, posted by curl as a browser does."""
    import boto3
    from botocore.config import Config
    s3 = boto3.client("s3", endpoint_url=url, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET, region_name="us-east-1",
                      config=Config(signature_version="s3v4"))
    s3.create_bucket(Bucket="forms")
    small, large = place / "a b.txt", place / "large.bin"
    small.write_bytes(b"posted")
    large.write_bytes(noise(9_000_000, 77))

    def post(form, file, **more):
        fields = {**form["fields"], **more}
        words = [word for name, value in fields.items() for word in ("--form-string", f"{name}={value}")]
        answer = run("curl", "-sS", "-w", "\\n%{http_code} %{redirect_url}", *words, "-F", f"file=@{file}", form["url"])
        body, _, status = answer.decode().rpartition("\n")
        code, _, onward = status.partition(" ")
        return int(code), body, onward

    form = s3.generate_presigned_post("forms", "in/${filename}", Fields={"x-amz-meta-from": "a page"}, ExpiresIn=600, Conditions=[
        {"x-amz-meta-from": "a page"}, ["content-length-range", 1, 10_000_000], ["starts-with", "$Content-Type", ""]])
    assert post(form, small, **{"Content-Type": "text/plain"})[0] == 204
    there = s3.get_object(Bucket="forms", Key="in/a b.txt")
    assert (there["Body"].read(), there["ContentType"], there["Metadata"]) == (b"posted", "text/plain", {"from": "a page"})
    assert there["ETag"] == '"' + hashlib.md5(b"posted").hexdigest() + '"'
    assert post(form, large)[0] == 204
    assert s3.get_object(Bucket="forms", Key="in/large.bin")["Body"].read() == large.read_bytes()
    onward = s3.generate_presigned_post("forms", "k", Fields={"success_action_redirect": "http://page.example/done"},
                                        Conditions=[{"success_action_redirect": "http://page.example/done"}])
    code, _, location = post(onward, small)
    assert code == 303 and location.startswith("http://page.example/done?bucket=forms&key=k&etag=%22"), location
    shown = s3.generate_presigned_post("forms", "k", Fields={"success_action_status": "201"}, Conditions=[{"success_action_status": "201"}])
    assert post(shown, small)[0] == 201 and "<Key>k</Key>" in post(shown, small)[1]
    # What must not pass.
    tight = s3.generate_presigned_post("forms", "tight", Conditions=[["content-length-range", 1, 1000]])
    for wrong in (post(tight, large), post(tight, small, acl="private"), post(tight, small, key="other"),
                  post(tight, small, **{"x-amz-signature": "0" * 64}),
                  post(s3.generate_presigned_post("forms", "late", ExpiresIn=-5), small),
                  post({"url": url + "/forms", "fields": {"key": "nobody"}}, small)):
        assert wrong[0] in (400, 403) and "<Code>" in wrong[1], wrong
    assert sorted(one["Key"] for one in s3.list_objects_v2(Bucket="forms")["Contents"]) == ["in/a b.txt", "in/large.bin", "k"]
    print("forms: done")


def with_aws(url, place):
    env = dict(os.environ, AWS_ACCESS_KEY_ID=ACCESS, AWS_SECRET_ACCESS_KEY=SECRET, AWS_DEFAULT_REGION="us-east-1",
               AWS_EC2_METADATA_DISABLED="true")
    aws = ["aws", "--endpoint-url", url]
    source = place / "aws-source"
    (source / "sub/deep").mkdir(parents=True)
    (source / "a b+ä.txt").write_bytes(b"hello")
    (source / "sub/deep/big").write_bytes(noise(20 * 1024 * 1024, "aws"))
    (source / "empty").write_bytes(b"")
    run(*aws, "s3", "mb", "s3://aws-bucket", env=env)
    run(*aws, "s3", "sync", source, "s3://aws-bucket/x/", env=env)
    assert b"20971520" in run(*aws, "s3", "ls", "--recursive", "s3://aws-bucket", env=env)
    run(*aws, "s3", "sync", "s3://aws-bucket/x/", place / "aws-target", env=env)
    for name in ("a b+ä.txt", "sub/deep/big", "empty"):
        assert (place / "aws-target" / name).read_bytes() == (source / name).read_bytes()
    assert run(*aws, "s3", "sync", source, "s3://aws-bucket/x/", env=env).strip() == b""
    run(*aws, "s3", "mv", "s3://aws-bucket/x/a b+ä.txt", "s3://aws-bucket/y%20z", env=env)
    assert run(*aws, "s3", "cp", "s3://aws-bucket/y%20z", "-", env=env) == b"hello"
    run(*aws, "s3", "cp", "-", "s3://aws-bucket/piped", env=env, input=b"from a pipe")
    # What is not a signature of this key is refused.
    bad = dict(env, AWS_SECRET_ACCESS_KEY="wrong")
    assert run(*aws, "s3", "ls", "s3://aws-bucket", env=bad, expect=None) == b""
    for algorithm in ("CRC32", "CRC32C", "SHA256") if b"CRC32C" in run(*aws, "s3api", "put-object", "help", env=env,
                                                                      expect=None) else ("CRC32", "SHA256"):
        done = subprocess.run([*aws, "s3api", "put-object", "--bucket", "aws-bucket", "--key", "sum", "--body",
                               str(source / "a b+ä.txt"), "--checksum-algorithm", algorithm], env=env, capture_output=True)
        assert done.returncode == 0 or b"[crt]" in done.stderr, done.stderr  # an extra of botocore's
    policy = place / "policy.json"
    policy.write_text(json.dumps({"Version": "2012-10-17", "Statement": [
        {"Sid": "Pictures", "Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
         "Resource": "arn:aws:s3:::aws-bucket/x/*"}]}))
    run(*aws, "s3api", "put-bucket-policy", "--bucket", "aws-bucket", "--policy", f"file://{policy}", env=env)
    assert b"Pictures" in run(*aws, "s3api", "get-bucket-policy", "--bucket", "aws-bucket", env=env)
    assert urllib.request.urlopen(url + "/aws-bucket/x/sub/deep/big").read() == (source / "sub/deep/big").read_bytes()
    assert run(*aws, "--no-sign-request", "s3", "cp", "s3://aws-bucket/x/sub/deep/big", "-", env=env) == (
        source / "sub/deep/big").read_bytes()
    run(*aws, "--no-sign-request", "s3", "cp", "s3://aws-bucket/piped", "-", env=env, expect=1)
    run(*aws, "s3api", "delete-bucket-policy", "--bucket", "aws-bucket", env=env)
    run(*aws, "--no-sign-request", "s3", "cp", "s3://aws-bucket/x/sub/deep/big", "-", env=env, expect=1)
    # A cold class is fetched like any other: it is said to be restored already.
    run(*aws, "s3", "cp", "--storage-class", "GLACIER", source / "a b+ä.txt", "s3://aws-bucket/cold", env=env)
    assert run(*aws, "s3", "cp", "s3://aws-bucket/cold", "-", env=env) == b"hello"
    run(*aws, "s3", "rb", "--force", "s3://aws-bucket", env=env)
    print("aws: done")


def with_rclone(url, place):
    config = place / "rclone.conf"
    config.write_text(f"[a]\ntype = s3\nprovider = Other\nendpoint = {url}\naccess_key_id = {ACCESS}\n"
                      f"secret_access_key = {SECRET}\nregion = us-east-1\n")
    rclone = ["rclone", "--config", str(config)]
    source = place / "rclone-source"
    (source / "a/b").mkdir(parents=True)
    for number, name in enumerate(["a/x", "a/b/ü +%", "big"]):
        (source / name).write_bytes(noise(3_000_000 if name == "big" else 50, name))
        os.utime(source / name, ns=(1_600_000_000_123_456_789 + number,) * 2)
    run(*rclone, "mkdir", "a:rclone")
    run(*rclone, "copy", source, "a:rclone/in")
    run(*rclone, "check", source, "a:rclone/in")
    run(*rclone, "check", "--download", source, "a:rclone/in")
    listed = json.loads(run(*rclone, "lsjson", "-R", "--files-only", "a:rclone/in"))
    times = {o["Path"]: o["ModTime"] for o in listed}
    assert times["a/x"].startswith("2020-09-13T12:26:40.123456789"), times
    done = subprocess.run([*rclone, "sync", "-v", "--stats=0", str(source), "a:rclone/in"], capture_output=True, text=True)
    assert done.returncode == 0 and "Copied" not in done.stderr, done.stderr
    (source / "a/x").unlink()
    run(*rclone, "sync", source, "a:rclone/in")
    run(*rclone, "check", source, "a:rclone/in")
    run(*rclone, "copy", "a:rclone/in", place / "rclone-target")
    assert (place / "rclone-target/a/b/ü +%").stat().st_mtime_ns == 1_600_000_000_123_456_790
    run(*rclone, "moveto", "a:rclone/in/big", "a:rclone/out/bigger")
    assert run(*rclone, "cat", "a:rclone/out/bigger") == noise(3_000_000, "big")
    run(*rclone, "rcat", "a:rclone/piped", input=b"abc" * 1000)
    assert run(*rclone, "cat", "a:rclone/piped") == b"abc" * 1000
    run(*rclone, "purge", "a:rclone")
    print("rclone: done")


def with_mount(url, place):
    """A bucket as a folder of the machine, where its kernel lets programs do that."""
    if not os.access("/dev/fuse", os.R_OK | os.W_OK) or not (shutil.which("fusermount3") or shutil.which("fusermount")):
        print("rclone mount: NOT TESTED, this machine has no usable /dev/fuse or no fusermount3")
        return
    config = place / "mount.conf"
    config.write_text(f"[a]\ntype = s3\nprovider = Other\nendpoint = {url}\naccess_key_id = {ACCESS}\n"
                      f"secret_access_key = {SECRET}\nregion = us-east-1\n")
    rclone = ["rclone", "--config", str(config)]
    run(*rclone, "mkdir", "a:mounted")
    run(*rclone, "rcat", "a:mounted/there/before ä", input=b"before")
    folder = place / "mounted"
    folder.mkdir()
    log = open(place / "mount.log", "wb")
    mount = subprocess.Popen([*rclone, "mount", "--vfs-cache-mode", "writes", "--vfs-write-back", "100ms", "--cache-dir",
                              str(place / "mount-cache"), "a:mounted", str(folder)], stdout=log, stderr=log)
    try:
        for _ in range(100):
            if os.path.ismount(folder):
                break
            assert mount.poll() is None, (place / "mount.log").read_text()
            time.sleep(0.1)
        assert (folder / "there/before ä").read_bytes() == b"before"
        big = noise(9_000_000, "mount")
        (folder / "new").mkdir()
        (folder / "new/big").write_bytes(big)
        (folder / "new/small").write_bytes(b"small")
        (folder / "new/small").rename(folder / "renamed")
        (folder / "there/before ä").unlink()
        with open(folder / "new/big", "rb") as file:
            file.seek(5_000_000)
            assert file.read(1000) == big[5_000_000:5_001_000]
        assert sorted(os.listdir(folder)) == ["new", "renamed", "there"], os.listdir(folder)
        for _ in range(100):  # rclone stores a moment after a file was closed
            if sorted(run(*rclone, "lsf", "-R", "--files-only", "a:mounted").split()) == [b"new/big", b"renamed"]:
                break
            time.sleep(0.2)
    finally:
        mount.terminate()
        mount.wait(60)
    assert run(*rclone, "cat", "a:mounted/new/big") == big
    assert run(*rclone, "cat", "a:mounted/renamed") == b"small"
    assert sorted(run(*rclone, "lsf", "-R", "--files-only", "a:mounted").split()) == [b"new/big", b"renamed"]
    run(*rclone, "purge", "a:mounted")
    print("rclone mount: done")


def with_restic(url, place, packs):
    env = dict(os.environ, AWS_ACCESS_KEY_ID=ACCESS, AWS_SECRET_ACCESS_KEY=SECRET, RESTIC_PASSWORD="p",
               RESTIC_REPOSITORY=f"s3:{url}/restic-bucket", RESTIC_CACHE_DIR=str(place / "restic-cache"))
    source = place / "restic-source"
    source.mkdir()
    (source / "keep").write_bytes(noise(2_000_000, "keep"))
    (source / "drop").write_bytes(noise(30_000_000, "drop"))
    run("restic", "init", env=env)
    run("restic", "backup", source, env=env)
    (source / "drop").unlink()
    run("restic", "backup", source, env=env)
    run("restic", "check", "--read-data", env=env)
    before = folder_used(packs)
    run("restic", "forget", "--keep-last", "1", "--prune", env=env)
    run("restic", "check", env=env)
    run("restic", "restore", "latest", "--target", place / "restic-target", env=env)
    restored = list((place / "restic-target").rglob("keep"))
    assert restored and restored[0].read_bytes() == noise(2_000_000, "keep")
    print("restic: done")
    return before


def with_s3cmd(url, place):
    host = url.removeprefix("http://")
    s3cmd = ["s3cmd", "--no-ssl", f"--host={host}", f"--host-bucket={host}", f"--access_key={ACCESS}", "--config=/dev/null",
             f"--secret_key={SECRET}", "--region=us-east-1"]
    source = place / "s3cmd ä"
    source.write_bytes(noise(17_000_000, "s3cmd"))
    run(*s3cmd, "mb", "s3://s3cmd-bucket")
    run(*s3cmd, "put", source, "s3://s3cmd-bucket/big ä")
    run(*s3cmd, "get", "s3://s3cmd-bucket/big ä", place / "s3cmd-got")
    assert (place / "s3cmd-got").read_bytes() == source.read_bytes()
    assert b"17000000" in run(*s3cmd, "ls", "s3://s3cmd-bucket")
    run(*s3cmd, "info", "s3://s3cmd-bucket/big ä")
    run(*s3cmd, "cp", "s3://s3cmd-bucket/big ä", "s3://s3cmd-bucket/again")
    run(*s3cmd, "setacl", "--acl-public", "s3://s3cmd-bucket/again")
    assert b"ACL:       *anon*: READ" in run(*s3cmd, "info", "s3://s3cmd-bucket/again")
    assert b"s3cmd-bucket   read   by lists of single objects (1 object)" in run(*ATOLL, "public")
    assert len(urllib.request.urlopen(url + "/s3cmd-bucket/again").read()) == 17_000_000
    run(*s3cmd, "setacl", "--acl-private", "s3://s3cmd-bucket/again")
    try:
        urllib.request.urlopen(url + "/s3cmd-bucket/again")
        assert False, "it is private again"
    except urllib.error.HTTPError as error:
        assert error.code == 403
    run(*s3cmd, "put", "--acl-public", source, "s3://s3cmd-bucket/open")
    assert len(urllib.request.urlopen(url + "/s3cmd-bucket/open").read()) == 17_000_000
    run(*s3cmd, "rb", "--force", "--recursive", "s3://s3cmd-bucket")
    print("s3cmd: done")


def one_time_of_a_file(home, place):
    """What `atoll put` stored is in sync for rclone; what rclone stored gets its times back from `atoll restore`."""
    source = place / "put-source"
    (source / "2024").mkdir(parents=True)
    for number, name in enumerate(["a", "2024/b ü"]):
        (source / name).write_bytes(noise(20_000_000 if name == "a" else 10, name))
        os.utime(source / name, ns=(1_500_000_000_987_654_321 + number,) * 2)
    run(*ATOLL, "put", source, "put-bucket")
    url = start(home)
    config = place / "rclone.conf"
    config.write_text(f"[a]\ntype = s3\nprovider = Other\nendpoint = {url}\naccess_key_id = {ACCESS}\n"
                      f"secret_access_key = {SECRET}\nregion = us-east-1\n")
    rclone = ["rclone", "--config", str(config)]
    done = subprocess.run([*rclone, "sync", "-v", "--stats=0", str(source), "a:put-bucket"], capture_output=True, text=True)
    assert done.returncode == 0 and "Copied" not in done.stderr and "Updated" not in done.stderr, done.stderr
    run(*rclone, "check", source, "a:put-bucket")
    run(*rclone, "mkdir", "a:by-rclone")
    run(*rclone, "copy", source, "a:by-rclone")
    stop()
    run(*ATOLL, "restore", "by-rclone", "--target", place / "restored")
    for name in ("a", "2024/b ü"):
        there = place / "restored" / name
        assert there.read_bytes() == (source / name).read_bytes()
        assert there.stat().st_mtime_ns == (source / name).stat().st_mtime_ns
    print("one time of a file: done")


def main():
    missing = [name for name in ("aws", "rclone", "restic", "s3cmd") if not shutil.which(name)]
    assert not missing, f"missing: {missing}"
    with tempfile.TemporaryDirectory(prefix="atoll-s3-") as name:
        place = pathlib.Path(name)
        home = s3_harness.make_home(place)
        wanted = sys.argv[1:] or ["boto3", "forms", "aws", "rclone", "mount", "s3cmd", "restic", "times"]
        url = start(home)
        try:
            if "boto3" in wanted:
                with_boto3(url)
            if "forms" in wanted:
                with_forms(url, place)
            if "aws" in wanted:
                with_aws(url, place)
            if "rclone" in wanted:
                with_rclone(url, place)
            if "mount" in wanted:
                with_mount(url, place)
            if "s3cmd" in wanted:
                with_s3cmd(url, place)
            if "restic" in wanted:
                used = with_restic(url, place, home)
            stop()
            if "restic" in wanted:
                run(*ATOLL, "gc", "--yes")
                assert folder_used(home) < used - 25_000_000, (used, folder_used(home))
                run(*ATOLL, "verify", "--data")
            if "times" in wanted:
                one_time_of_a_file(home, place)
        except BaseException:
            s3_harness.fail_with_log(place)
            raise


main()
