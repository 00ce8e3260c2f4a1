// S3's SDKs of today for JavaScript against a server: streams, parts, links, listings, conditions.
//   node s3_sdk.mjs URL ACCESS SECRET
import { strict as assert } from "node:assert";
import { createHash, randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import * as S3 from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import * as Minio from "minio";

const [url, access, secret] = process.argv.slice(2);
const s3 = new S3.S3Client({ endpoint: url, region: "us-east-1", forcePathStyle: true,
  credentials: { accessKeyId: access, secretAccessKey: secret } });
const send = (name, input) => s3.send(new S3[name + "Command"](input));
const bytesOf = async (answer) => Buffer.from(await answer.Body.transformToByteArray());

await send("CreateBucket", { Bucket: "sdk" });
for (const key of ["plain", "ä b+c", "%20", "a//b", "x/y", "x", "trailing/"]) {
  const body = randomBytes(1000);
  await send("PutObject", { Bucket: "sdk", Key: key, Body: body, Metadata: { a: "b" } });
  const got = await send("GetObject", { Bucket: "sdk", Key: key, ChecksumMode: "ENABLED" });
  assert.deepEqual(await bytesOf(got), body);
  assert.equal(got.Metadata.a, "b");
  await send("CopyObject", { Bucket: "sdk", Key: "copy/" + key, CopySource: "sdk/" + encodeURIComponent(key) });
  assert.deepEqual(await bytesOf(await send("GetObject", { Bucket: "sdk", Key: "copy/" + key })), body);
}
for (const algorithm of ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"]) {
  try {
    const body = randomBytes(300_000);
    // A stream: the checksum comes in a trailer.
    await send("PutObject", { Bucket: "sdk", Key: "stream", Body: Readable.from([body.subarray(0, 100_000), body.subarray(100_000)]),
      ContentLength: body.length, ChecksumAlgorithm: algorithm });
    const got = await send("GetObject", { Bucket: "sdk", Key: "stream", ChecksumMode: "ENABLED" });
    assert.ok(got["Checksum" + algorithm], algorithm);
    assert.deepEqual(await bytesOf(got), body);
  } catch (error) {
    if (!String(error.message).includes("crt")) throw error;  // needs a native package
    console.log(algorithm + ": " + error.message.slice(0, 60));
  }
}
const big = randomBytes(23_000_000);
const upload = new Upload({ client: s3, params: { Bucket: "sdk", Key: "big", Body: Readable.from([big]) }, partSize: 5 << 20 });
await upload.done();
assert.deepEqual(await bytesOf(await send("GetObject", { Bucket: "sdk", Key: "big" })), big);
await assert.rejects(send("PutObject", { Bucket: "sdk", Key: "plain", Body: "x", IfNoneMatch: "*" }), { name: "PreconditionFailed" });
const listed = await send("ListObjectsV2", { Bucket: "sdk", Delimiter: "/" });
assert.deepEqual(listed.CommonPrefixes.map((p) => p.Prefix), ["a/", "copy/", "trailing/", "x/"]);
const all = await send("ListObjectsV2", { Bucket: "sdk" });
await send("DeleteObjects", { Bucket: "sdk", Delete: { Objects: all.Contents.map((o) => ({ Key: o.Key })) } });
await send("DeleteBucket", { Bucket: "sdk" });
console.log("@aws-sdk/client-s3: done");

const where = new URL(url);
const minio = new Minio.Client({ endPoint: where.hostname, port: Number(where.port), useSSL: false, accessKey: access, secretKey: secret });
await minio.makeBucket("minio-js");
const body = randomBytes(12_000_000);
await minio.putObject("minio-js", "ä b+c", body);
await minio.putObject("minio-js", "small", Readable.from([Buffer.from("small")]));
const chunks = [];
for await (const piece of await minio.getObject("minio-js", "ä b+c")) chunks.push(piece);
assert.deepEqual(Buffer.concat(chunks), body);
assert.equal((await minio.statObject("minio-js", "ä b+c")).size, body.length);
const link = await minio.presignedGetObject("minio-js", "small", 60);
assert.equal(await (await fetch(link)).text(), "small");
await minio.copyObject("minio-js", "copy", "/minio-js/small");
const names = [];
for await (const one of minio.listObjectsV2("minio-js", "", true)) names.push(one.name);
assert.deepEqual(names, ["copy", "small", "ä b+c"]);
await minio.removeObjects("minio-js", names);
await minio.removeBucket("minio-js");
console.log("minio: done");
