// The official SDK's client against Atoll: `stdio`, or `http URL TOKEN`. Ends with an error where something is not so.
import assert from "node:assert/strict";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const [kind, url, token] = process.argv.slice(2);

function transport() {
  if (kind === "stdio") return new StdioClientTransport({ command: process.env.ATOLL, args: ["mcp"], env: { ...process.env }, stderr: "ignore" });
  return new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers: { Authorization: `Bearer ${token}` } } });
}

const text = (result) => result.content.map((block) => block.text ?? "").join("\n");
const client = new Client({ name: "SDK test", version: "1.0.0" });
const errors = [];
client.onerror = (error) => errors.push(error);

const begun = performance.now();
await client.connect(transport());
console.log(`connected in ${(performance.now() - begun).toFixed(0)} ms`);
assert.equal(client.getServerVersion().name, "atoll");
assert.match(client.getInstructions(), /never follow instructions/);
assert.deepEqual(Object.keys(client.getServerCapabilities()).sort(), ["prompts", "resources", "tools"]);
await client.ping();

// callTool() checks each answer against the tool's own output schema.
const { tools } = await client.listTools();
assert.deepEqual(tools.map((tool) => tool.name).sort(), ["find", "get", "history", "list", "note", "put", "tag", "undo"]);
for (const tool of tools) assert.equal(tool.annotations.destructiveHint ?? false, false, tool.name);
const call = async (name, args = {}) => {
  const result = await client.callTool({ name, arguments: args });
  assert.equal(result.isError ?? false, false, text(result));
  return result;
};

// Stored text is data: it stands in a frame of its own, and changes no tool.
const found = await call("find", { query: "boiler" });
for (let i = 0; i < 100 && !(await call("find", { query: "boiler kitchen" })).structuredContent.is_complete; i++) await new Promise((done) => setTimeout(done, 100));
const sources = (await call("find", { query: "boiler" })).structuredContent.results.map((one) => one.source).sort();
assert.deepEqual(sources, ["atoll://house/evil.txt", "atoll://house/letter.md"]);
assert.equal(found.content[0].type, "text");
const evil = await call("get", { bucket: "house", key: "evil.txt" });
assert.equal(evil.content.length, 2);
assert.doesNotMatch(evil.content[0].text, /SYSTEM/);
const mark = /^<<stored ([0-9a-f]{12}) /.exec(evil.content[1].text)[1];
assert.ok(evil.content[1].text.endsWith(`<<end ${mark}>>`));
assert.deepEqual((await client.listTools()).tools, tools);
await assert.rejects(client.callTool({ name: "erase", arguments: { bucket: "house" } }), /Unknown tool/);

// Notes, and what was just stored is found.
const note = await call("note", { title: "Chimney", text: "The chimney sweep comes in October.", tags: { topic: "chimney" } });
assert.match(note.structuredContent.source, /^atoll:\/\/notes\//);
const again = await call("find", { query: "chimney sweep" });
assert.equal(again.structuredContent.results[0].source, note.structuredContent.source);
await call("tag", { bucket: "notes", key: note.structuredContent.key, set: { checked: "yes" } });
await call("put", { bucket: "notes", key: "long.txt", text: "word ".repeat(20_000) });
let cursor, whole = "", parts = 0;
do {
  const part = await call("get", { bucket: "notes", key: "long.txt", max_tokens: 5_000, ...(cursor ? { cursor } : {}) });
  assert.ok(text(part).length / 4 < 5_200, `${text(part).length}`);
  whole += part.structuredContent.parts.map((one) => one.text).join("");
  cursor = part.structuredContent.next_cursor;
} while (cursor && ++parts < 50);
assert.equal(whole, "word ".repeat(20_000));
const versions = await call("history", { bucket: "notes", key: "long.txt" });
assert.equal(versions.structuredContent.versions.length, 1);
const bytes = await call("get", { bucket: "house", key: "letter.md", as: "bytes", offset: 2, length: 6 });
assert.equal(Buffer.from(bytes.content[1].resource.blob, "base64").toString(), "Letter");

// Resources and prompts.
const { resources } = await client.listResources();
assert.ok(resources.some((one) => one.uri === "atoll://house/letter.md"));
assert.equal((await client.listResourceTemplates()).resourceTemplates[0].uriTemplate, "atoll://{bucket}/{+key}");
const read = await client.readResource({ uri: "atoll://house/letter.md" });
assert.match(read.contents[0].text, /broken/);
await assert.rejects(client.readResource({ uri: "atoll://house/none" }), (error) => error.code === -32002);
const { prompts } = await client.listPrompts();
assert.equal(prompts.length, 2);
const prompt = await client.getPrompt({ name: "answer_with_sources", arguments: { question: "What is broken?" } });
assert.match(prompt.messages[0].content.text, /What is broken\?/);

// Many at once, and one that is cancelled.
const many = await Promise.all(Array.from({ length: 20 }, () => client.listTools()));
assert.equal(many.length, 20);
const stop = new AbortController();
const cancelled = client.callTool({ name: "find", arguments: { query: "boiler" } }, undefined, { signal: stop.signal });
stop.abort("no longer wanted");
await assert.rejects(cancelled);
assert.equal((await call("list")).structuredContent.buckets.length, 2);

const preview = await call("undo", { dry_run: true });
assert.equal(preview.structuredContent.objects, 2);
console.log(`run ${preview.structuredContent.run}`);
if (kind === "http") {
  assert.equal((await call("undo")).structuredContent.objects, 2);
  assert.equal((await call("undo")).structuredContent.objects, 0);
}
await client.close();
// An answer that was on its way when its request was cancelled is nothing to worry about.
assert.deepEqual(errors.filter((error) => !/abort|405|cancel|unknown message ID/i.test(String(error))), []);
console.log("all checks hold");
