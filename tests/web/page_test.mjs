// The page in a real browser against the real server, as a person uses it: set up, store a folder while the server dies, find,
// look, restore, undo, share, revoke; by keyboard, on a phone, in the dark. Every state is kept as a picture.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Browser } from "./browser.mjs";
import { careSteps } from "./care_steps.mjs";
import { findSteps } from "./find_steps.mjs";
import { historySteps } from "./history_steps.mjs";
import { lockedSteps } from "./locked_steps.mjs";
import { pdf, picture, ring, sound } from "./samples.mjs";
import { Server } from "./server.mjs";

const [program, pictures] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "atoll-page-"));
const kFiles = 1000;
const kLargeBytes = 40 * 1024 * 1024;

function makeFiles() {
  const top = join(folder, "Holiday 2026");
  mkdirSync(join(top, "logs"), { recursive: true });
  for (let i = 0; i < 8; i++) writeFileSync(join(top, `${["beach", "dunes", "harbour", "lighthouse", "garden", "boat", "evening", "storm"][i]}.png`), picture(i * 0.8));
  writeFileSync(join(top, "tone.wav"), sound());
  writeFileSync(join(top, "notes.md"), "# Amrum\n\nSand, sea and **sun**.\n\n- beach\n- harbour\n\n| day | place |\n|---|---|\n| 1 | dunes |\n\n<script>alert(1)</script>\n");
  writeFileSync(join(top, "measured.csv"), "sample,temperature\n" + Array.from({ length: 50 }, (_, i) => `A${i},${20 + i / 10}\n`).join(""));
  writeFileSync(join(top, "state.json"), '{"answer": 42, "list": [1, 2, 3]}');
  writeFileSync(join(top, "hostile.html"), '<h1>hostile</h1><script>top.document.title="owned";parent.alert(1)</script><img src=x onerror="parent.document.title=\'owned\'">');
  writeFileSync(join(top, "hostile.svg"), '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="120" onload="alert(1)"><rect width="200" height="120" fill="teal"/><script>top.document.title="owned"</script></svg>');
  const rest = kFiles - 14;
  for (let i = 0; i < rest; i++) writeFileSync(join(top, "logs", `line-${String(i).padStart(4, "0")}.txt`), `this is line ${i}\n`.repeat(50));
  const large = join(folder, "large.bin");
  writeFileSync(large, Buffer.alloc(kLargeBytes, 7));
  return { top, large };
}

const server = new Server(program, folder);
const files = makeFiles();
await server.begin();
const browser = new Browser(server.url, pictures);
await browser.begin();
const page = browser.page;
const button = (name, where = page) => where.getByRole("button", { name });
// The page's policy forbids what playwright's own waiting for a function does.
async function until(where, condition, milliseconds = 15_000) {
  for (const end = Date.now() + milliseconds; Date.now() < end; await where.waitForTimeout(50)) if (await where.evaluate(condition)) return;
  throw new Error(`it did not come to: ${condition}`);
}
const count = async () => (await server.api("GET", "/buckets/holiday")).objects;
const steps = [];
const step = (name, run) => steps.push([name, run]);

step("asks who somebody is, and says what was wrong", async () => {
  await browser.go("/ui/safety");
  await browser.look("sign-in");
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill("not this");
  await button("Sign in").click();
  await page.getByText("is wrong").waitFor();
  await browser.look("sign-in-wrong");
});

step("signs in by keyboard alone", async () => {
  await page.getByLabel("Name").focus();
  await page.keyboard.press("Control+A");
  await page.keyboard.type("admin");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Control+A");
  await page.keyboard.type(server.password);
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Choose a password" }).waitFor();
  await browser.look("choose-password");
  await page.getByLabel("New password").focus();
  await page.keyboard.type("password1");
  await page.keyboard.press("Enter");
  await page.getByText("among the first that anybody would try").waitFor();
  await page.reload(); // what was typed before is gone: it is asked for again
  await page.getByLabel("The password you were given").focus();
  await page.keyboard.type(server.password);
  await page.keyboard.press("Tab");
  await page.keyboard.type("a lantern in the harbour");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Safety", level: 1 }).waitFor();
  for (const key of ["g", "h"]) await page.keyboard.press(key);
  await page.getByRole("heading", { name: "Two things, and it is set up" }).waitFor();
  await browser.look("home-first-visit");
});

step("saves the recovery kit, which counts once it is confirmed", async () => {
  const saved = [];
  page.on("download", (one) => saved.push(one.suggestedFilename()));
  await button("Make a kit and save it").click();
  await button("Yes, both are saved").waitFor();
  const before = await server.api("GET", "/vaults/main");
  assert.ok(before.findings.some((one) => one.id === "kit.never_saved"));
  await button("Yes, both are saved").click();
  await page.getByText("The recovery kit is saved.").waitFor();
  assert.deepEqual(saved.sort(), ["atoll-kit-main.kit", "atoll-kit-main.txt"]);
  const after = await server.api("GET", "/vaults/main");
  assert.ok(!after.findings.some((one) => one.id.startsWith("kit.")));
});

step("takes a dropped folder of 1,000 files, whatever happens to the server", async () => {
  await page.getByLabel("Bucket for these files").fill("holiday");
  await browser.drop([files.top]);
  await page.getByText("Storing files").waitFor();
  await until(page, () => /(\d+) of/.exec(document.querySelector(".uploads")?.textContent ?? "")?.[1] >= 100);
  await page.screenshot({ path: join(pictures, "storing.png") });
  await server.kill();
  await page.getByText("The server does not answer. What you see may be old").waitFor();
  await browser.look("server-gone");
  await server.start();
  await page.getByText("1,000 files stored").waitFor({ timeout: 60_000 });
  assert.equal(await count(), kFiles);
  await page.getByText("The server does not answer").waitFor({ state: "detached" });
  await button("Clear the list").click();
});

step("goes on with a large file after the page was closed", async () => {
  await browser.go("/ui/files/holiday");
  const session = await page.context().newCDPSession(page);
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 12 * 1024 * 1024 });
  const first = page.waitForResponse((answer) => answer.request().method() === "PATCH");
  await page.locator("input[type=file]:not([webkitdirectory])").first().setInputFiles(files.large);
  await first;
  await page.reload();
  await session.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: -1 });
  await page.getByText("1 file from before the page was closed").waitFor();
  await browser.look("storing-left-over");
  const offsets = [];
  page.on("request", (request) => { if (request.method() === "PATCH") offsets.push(Number(request.headers()["upload-offset"])); });
  const [chooser] = await Promise.all([page.waitForEvent("filechooser"), button("Choose them again").click()]);
  await chooser.setFiles(files.large);
  await page.getByText("1 file stored").waitFor({ timeout: 30_000 });
  assert.ok(offsets[0] >= 16 * 1024 * 1024, `it began at ${offsets[0]}: what was there was sent again`);
  assert.equal((await server.api("GET", "/buckets/holiday/info/large.bin")).size, kLargeBytes);
  await button("Clear the list").click();
});

step("finds by a word", async () => {
  await browser.go("/");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "home-search", "the cursor stands in the search box");
  await page.keyboard.type("lighthouse");
  await page.keyboard.press("Enter");
  await page.getByText("1 result").waitFor();
  await browser.look("find");
  await page.getByRole("link", { name: /lighthouse\.png/ }).click();
  await until(page, () => document.querySelector(".preview-image")?.naturalWidth === 300);
  await browser.look("object-picture");
  await browser.go("/ui/find?q=nothing-like-this");
  await page.getByText("Nothing was found").waitFor();
  await browser.look("find-nothing");
});

findSteps({ step, browser, server, folder, until, button });

const object = (name) => "/ui/object/holiday?key=" + encodeURIComponent("Holiday 2026/" + name);

step("shows what files are, and lets none of them run", async () => {
  await browser.go(object("notes.md"));
  await page.getByRole("heading", { name: "Amrum" }).waitFor();
  await page.getByText("<script>alert(1)</script>").waitFor();
  await browser.look("object-markdown");
  await browser.go(object("measured.csv"));
  assert.equal(await page.locator(".preview-table tbody tr").count(), 50);
  await browser.look("object-csv");
  await browser.go(object("state.json"));
  await page.getByText('"answer": 42').waitFor();
  await browser.go(object("tone.wav"));
  await until(page, () => document.querySelector("audio")?.duration > 9);
  await page.evaluate(() => { document.querySelector("audio").currentTime = 8; });
  await until(page, () => { const audio = document.querySelector("audio"); return !audio.seeking && audio.currentTime >= 8; });
  await browser.go(object("hostile.html"));
  await page.getByText("onerror").waitFor();
  await button("As a page").click();
  await page.frameLocator("iframe").getByRole("heading", { name: "hostile" }).waitFor();
  await page.waitForTimeout(300);
  assert.match(await page.title(), /hostile\.html/, "nothing in the frame reached the page");
  await browser.look("object-hostile");
  await browser.go(object("hostile.svg"));
  await until(page, () => document.querySelector(".preview-image")?.naturalWidth === 200);
  assert.match(await page.title(), /hostile\.svg/);
  const direct = await page.request.get(server.url + "/api/v1/buckets/holiday/objects/Holiday%202026%2Fhostile.html");
  assert.match(direct.headers()["content-security-policy"], /sandbox/);
  assert.equal(direct.headers()["x-content-type-options"], "nosniff");
});

step("plays a film from where one wants it, and shows a PDF", async () => {
  const film = join(folder, "waves.webm");
  execFileSync("ffmpeg", ["-loglevel", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=10:duration=20", "-c:v", "libvpx", "-b:v", "300k", "-g", "10", film]);
  await server.api("PUT", "/buckets/holiday/objects/" + encodeURIComponent("Holiday 2026/waves.webm"), readFileSync(film));
  const ranges = [];
  const note = (request) => { const range = request.headers().range; if (request.url().includes("waves.webm") && range) ranges.push(range); };
  page.on("request", note);
  await browser.go(object("waves.webm"));
  await until(page, () => document.querySelector("video")?.duration > 19);
  await page.evaluate(() => { document.querySelector("video").currentTime = 15; });
  await until(page, () => { const video = document.querySelector("video"); return !video.seeking && video.currentTime >= 15 && video.videoWidth === 320; });
  await page.evaluate(() => { const video = document.querySelector("video"); video.muted = true; return video.play(); });
  await until(page, () => document.querySelector("video").currentTime > 15.3);
  await page.evaluate(() => document.querySelector("video").pause());
  assert.ok(ranges.length > 0, "it is asked for in ranges");
  page.off("request", note);
  await browser.look("object-video");
  await server.api("PUT", "/buckets/holiday/objects/" + encodeURIComponent("Holiday 2026/report.pdf"), Buffer.from(pdf("Report", "2024-05-01", ["First page", "Second page"])));
  await browser.go(object("report.pdf") + "&at=2");
  await page.locator("iframe").first().waitFor();
  assert.match(await page.locator("iframe").first().getAttribute("src"), /^blob:.*page=2/);
  await page.waitForTimeout(1000); // the browser's own viewer draws it
  await browser.look("object-pdf");
  for (const name of ["waves.webm", "report.pdf"]) await server.api("DELETE", "/buckets/holiday/objects/" + encodeURIComponent("Holiday 2026/" + name));
});

step("compares versions and restores yesterday's", async () => {
  const path = "/buckets/holiday/objects/" + encodeURIComponent("Holiday 2026/notes.md");
  const before = await server.api("GET", path);
  await server.api("PUT", path, before.replace("sun", "rain") + "one line more\n");
  await browser.go(object("notes.md") + "&tab=diff");
  await page.locator(".diff-text.come").first().waitFor();
  await browser.look("object-diff");
  // Of a table: rows and cells. A line that begins with dashes is a line like others.
  const table = "/buckets/holiday/objects/" + encodeURIComponent("Holiday 2026/measured.csv");
  await server.api("PUT", table, (await server.api("GET", table)).replace("A7,20.7", "A7,21.9").replace(/A49.*\n/, "") + "-- new,18\n");
  await browser.go(object("measured.csv") + "&tab=diff");
  await page.getByText("50 rows became 50: 1 added, 1 removed, 1 changed.").waitFor();
  assert.deepEqual(await page.locator(".diff tbody tr").first().locator("td").allTextContents(), ["sample A7", "temperature", "20.7", "21.9"]);
  await page.getByText("sample -- new").waitFor();
  await browser.look("object-diff-table");
  await browser.go(object("notes.md") + "&tab=diff");
  await page.getByRole("link", { name: /^Versions/ }).click();
  await button("Restore").click();
  await browser.look("object-restore");
  await page.getByRole("dialog").getByRole("button", { name: "Restore" }).click();
  await page.getByText("The earlier version is the newest again").waitFor();
  assert.equal(await server.api("GET", path), before);
  await browser.look("object-versions");
  await page.getByRole("link", { name: "Details" }).click();
  await browser.look("object-details");
  await page.getByRole("link", { name: "Who may" }).click();
  await browser.look("object-who");
});

step("tags", async () => {
  await browser.go(object("beach.png") + "&tab=tags");
  await button("Add a tag").click();
  await page.getByLabel("Tags: Name").fill("place");
  await page.getByLabel("Tags: Value").fill("Amrum");
  await browser.look("object-tags");
  await button("Save").click();
  await page.getByText("Saved").waitFor();
  assert.deepEqual((await server.api("GET", "/buckets/holiday/info/" + encodeURIComponent("Holiday 2026/beach.png"))).tags, { place: "Amrum" });
});

step("moves through a folder by keyboard, removes, and takes that back", async () => {
  await browser.go("/ui/files/holiday?in=" + encodeURIComponent("Holiday 2026/"));
  await page.getByRole("row", { name: /storm\.png/ }).waitFor();
  await browser.look("folder");
  await page.locator(".rows-box").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press(" ");
  await page.keyboard.press("Shift+ArrowDown");
  await page.getByText("2 selected").first().waitFor();
  await browser.look("folder-selection");
  const before = await count();
  await page.keyboard.press("Delete");
  await page.getByText("2 files,").waitFor();
  await browser.look("folder-remove");
  await page.keyboard.press("Enter");
  await page.getByText("2 entries were removed").waitFor();
  assert.equal(await count(), before - 2);
  await button("Undo").click();
  await page.locator(".notice", { hasText: "Taken back" }).waitFor();
  assert.equal(await count(), before);
  await page.locator(".rows-box").focus();
  await page.keyboard.press("End");
  await page.keyboard.press("F2");
  await page.getByLabel("New name").fill("tone-renamed.wav");
  await page.keyboard.press("Enter");
  await page.getByText("Renamed to tone-renamed.wav").waitFor();
  await page.getByRole("link", { name: "tone-renamed.wav" }).waitFor();
  await page.locator(".rows-box").focus();
  await page.keyboard.press("Backspace");
  await page.getByRole("heading", { name: "holiday", level: 1 }).waitFor();
  await page.getByRole("button", { name: "More", exact: true }).click();
  await browser.look("folder-menu");
  await page.keyboard.press("Escape");
  await browser.go("/ui/files/holiday?in=" + encodeURIComponent("Holiday 2026/"));
  await button("As pictures").click();
  await until(page, () => [...document.querySelectorAll(".thumbnail img")].filter((one) => one.naturalWidth === 256).length >= 8);
  await browser.look("folder-pictures");
  await button("As a list").click();
});

step("scrolls a long folder with few rows in the document", async () => {
  await browser.go("/ui/files/holiday?in=" + encodeURIComponent("Holiday 2026/logs/"));
  await page.getByRole("row", { name: /line-0000/ }).waitFor();
  await page.locator(".rows-box").evaluate((box) => box.scrollTo(0, box.scrollHeight));
  await page.getByRole("row", { name: /line-0985/ }).waitFor();
  assert.ok((await page.locator(".rows-shown .row").count()) < 60);
  await page.getByPlaceholder("Names that begin with …").fill("line-012");
  await page.getByText("10 entries").waitFor();
});

step("shares with a stranger, and ends it", async () => {
  await browser.go(object("harbour.png"));
  await button("Share").click();
  await browser.look("share");
  await button("Make the link").click();
  const link = await page.locator(".copy-text pre").textContent();
  await browser.look("share-made");
  const stranger = await browser.open();
  await stranger.goto(link);
  await until(stranger, () => document.querySelector(".preview-image")?.naturalWidth === 300);
  await browser.look("shared-file", stranger);
  const made = await server.api("POST", "/shares", { place: { bucket: "holiday", prefix: "Holiday 2026/" }, is_prefix: true, password: "sea and sand", expires: "1d" });
  await stranger.goto(made.link);
  await browser.look("shared-password", stranger);
  await stranger.getByLabel("Password").fill("sea and sand");
  await stranger.getByRole("button", { name: "Open" }).click();
  await stranger.getByText("beach.png").first().waitFor();
  await browser.look("shared-folder", stranger);
  await browser.go("/ui/settings/links");
  await browser.look("settings-links");
  await page.locator(".setting", { hasText: "harbour.png" }).getByRole("button").click();
  await page.getByText("The link does not work any more").waitFor();
  await stranger.goto(link);
  await stranger.getByText("This link does not work").waitFor();
  await browser.look("shared-gone", stranger);
  await stranger.context().close();
});

step("makes a token and ends it", async () => {
  await browser.go("/ui/settings/tokens");
  await button("New token").click();
  await page.getByLabel("What it is for").fill("laptop");
  await browser.look("settings-token-new");
  await button("Create").click();
  const token = await page.locator(".copy-text pre").textContent();
  const works = async () => (await fetch(server.url + "/api/v1/session", { headers: { Authorization: `Bearer ${token}` } })).status;
  assert.equal(await works(), 200);
  await button("Done").click();
  await page.getByRole("button", { name: "End it: laptop" }).click();
  await page.getByText("It does not work any more").waitFor();
  assert.equal(await works(), 401);
  await browser.go("/ui/settings/keys");
  await button("New S3 key").click();
  await page.getByLabel("What it is for").fill("restic");
  await button("Create").click();
  await page.getByText("aws --endpoint-url").waitFor();
  await browser.look("settings-key-made");
  await button("Done").click();
});

step("takes back from Activity, and checks everything from Safety", async () => {
  await server.api("POST", "/buckets/holiday/remove", { prefix: "Holiday 2026/logs/" });
  await browser.go("/");
  await page.getByText(/files were removed/).waitFor();
  await browser.look("home");
  await browser.go("/ui/activity");
  await browser.look("activity");
  const before = await count();
  await button("Take back").first().click();
  await page.getByText("brought back").waitFor();
  await browser.look("activity-undo");
  await page.getByRole("dialog").getByRole("button", { name: "Take back" }).click();
  await page.locator(".notice", { hasText: "Taken back" }).waitFor();
  assert.equal(await count(), before + kFiles - 14);
  await browser.go("/ui/safety");
  await browser.look("safety");
  await button("Check everything now").click();
  await page.getByText("The check has begun").waitFor();
  await browser.go("/ui/jobs");
  await page.getByText("done", { exact: true }).first().waitFor({ timeout: 30_000 });
  await browser.look("jobs");
  await browser.go("/");
  await page.getByText("every byte read and checked").waitFor();
});

step("an earlier moment of a folder", async () => {
  const before = new Date().toISOString();
  await server.api("DELETE", "/buckets/holiday/objects/large.bin");
  await browser.go("/ui/files/holiday?as_of=" + encodeURIComponent(before));
  await page.getByRole("link", { name: "large.bin" }).waitFor();
  await browser.look("folder-as-of");
  await button("Make it so again").click();
  await page.getByText("The folder is as it was then").waitFor();
  assert.equal((await server.api("GET", "/buckets/holiday/info/large.bin")).size, kLargeBytes);
});

historySteps({ step, browser, server, until, button });
careSteps({ step, browser, server, folder, program, until, button });

const everyPage = { files: "/ui/files", find: "/ui/find", duplicates: "/ui/duplicates", reads: "/ui/activity?tab=reads", monitor: "/ui/monitor", account: "/ui/settings", people: "/ui/settings/people", roles: "/ui/settings/roles",
                    keeping: "/ui/settings/keeping", limits: "/ui/settings/limits", meaning: "/ui/settings/meaning", questions: "/ui/settings/questions", server: "/ui/settings/server", "no-page": "/ui/nothing" };

step("every other page", async () => {
  for (const [name, path] of Object.entries(everyPage)) {
    await browser.go(path);
    await browser.look(name);
  }
  await page.keyboard.press("?");
  await page.getByRole("dialog").waitFor();
  await browser.look("keys");
  await page.keyboard.press("Escape");
});

const several = { home: "/", folder: "/ui/files/holiday?in=" + encodeURIComponent("Holiday 2026/"), object: object("beach.png"), find: "/ui/find?q=storm", activity: "/ui/activity", safety: "/ui/safety",
                  settings: "/ui/settings/people", jobs: "/ui/jobs", source: "/ui/object/lab?key=clean.csv&tab=source" };

step("in the dark", async () => {
  await page.emulateMedia({ colorScheme: "dark" });
  for (const [name, path] of Object.entries(several)) {
    await browser.go(path);
    await browser.look("dark-" + name);
  }
  await page.getByLabel("Appearance").selectOption("light");
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "light", "the person's own choice counts");
  await page.getByLabel("Appearance").selectOption("device");
  await page.emulateMedia({ colorScheme: "light" });
});

step("on a phone", async () => {
  await page.setViewportSize({ width: 390, height: 844 });
  for (const [name, path] of Object.entries({ ...several, ...everyPage })) {
    await browser.go(path);
    await browser.look("phone-" + name);
  }
  await button("Menu").click();
  await browser.look("phone-menu");
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Files" }).click();
  await page.getByRole("heading", { name: "Buckets" }).waitFor();
  await page.setViewportSize({ width: 1280, height: 800 });
});

step("shows somebody else no more than they may see", async () => {
  await server.api("POST", "/users", { name: "mia", password: "a long password", password_holds: true, role: "reader", place: { bucket: "holiday" } });
  const mia = await browser.open();
  await browser.go("/", mia);
  await mia.getByLabel("Name").fill("mia");
  await mia.getByLabel("Password").fill("a long password");
  await mia.getByRole("button", { name: "Sign in" }).click();
  await mia.getByText("1,001 files").waitFor();
  await browser.look("home-reader", mia);
  assert.equal(await mia.getByRole("link", { name: "Safety" }).count(), 0);
  await browser.go("/ui/files/holiday", mia);
  await mia.getByRole("link", { name: "large.bin" }).waitFor();
  assert.equal(await mia.getByRole("button", { name: "Store files" }).count(), 0);
  await browser.look("folder-reader", mia);
  await browser.go("/ui/find?q=boiler", mia);
  await mia.getByText("Nothing was found").waitFor(); // it stands in papers only, which are not hers
  await browser.go("/ui/find?q=lighthouse", mia);
  await mia.getByText("1 result", { exact: true }).waitFor();
  const refused = (await server.api("GET", "/audit?denied&limit=100")).records.filter((one) => one.actor === "mia");
  assert.deepEqual(refused.map((one) => one.action), [], "the page asks for nothing that it knows is refused");
  await mia.context().close();
});

step("shows what browsers cannot as the server draws it", async () => {
  await server.api("PUT", "/buckets/models");
  await server.api("PUT", "/buckets/models/objects/ring.obj", ring());
  await server.api("PUT", "/buckets/models/objects/report.pdf", pdf("Report", "2024-05-01", ["Report of the lighthouse"]));
  await server.api("PUT", "/buckets/models/objects/tone.wav", sound());
  await server.api("PUT", "/buckets/models/objects/notes.txt", "words");
  await browser.go("/ui/files/models");
  await button("As pictures").click();
  await until(page, () => [...document.querySelectorAll(".thumbnail img")].filter((one) => one.naturalWidth > 0).length === 3);
  assert.equal(await page.locator(".thumbnail svg").count(), 1, "of a text there is an icon");
  await browser.look("folder-drawn");
  await browser.go("/ui/object/models?key=ring.obj");
  await until(page, () => document.querySelector(".preview-image")?.naturalWidth === 1024);
  await browser.look("object-drawn");
  await browser.go("/");
  await until(page, () => document.querySelectorAll(".arrivals .thumbnail img").length >= 3);
  await browser.look("home-drawn");
});

lockedSteps({ step, browser, folder, program });

step("writes dates as the person's own locale does", async () => {
  const german = await browser.open({ locale: "de-DE", storageState: await page.context().storageState() });
  await browser.go("/ui/monitor", german);
  await german.locator(".u-over").first().hover();
  await until(german, () => /\d{1,2}\.\d{2}\.\d{4}, \d{2}:\d{2}/.test(document.querySelector(".u-legend")?.textContent ?? ""));
  await browser.look("monitor-german", german);
  await german.context().close();
});

step("signs out", async () => {
  await browser.go("/");
  await button("Account").click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
});

let failed = null;
const begun = performance.now();
for (const [name, run] of steps) {
  const from = performance.now();
  try {
    await run();
    assert.deepEqual(browser.complaints, [], "what the browser complained of");
    console.log(`ok   ${name} (${Math.round(performance.now() - from)} ms)`);
  } catch (error) {
    console.log(`FAIL ${name}\n${error.stack}`);
    await page.screenshot({ path: join(pictures, "failed.png") }).catch(() => {});
    console.log((await page.locator("body").innerText().catch(() => "")).slice(0, 1500));
    failed = error;
    break;
  }
}
console.log(`${Math.round((performance.now() - begun) / 1000)} s`);
await browser.end();
await server.stop();
if (failed) console.log(server.errors.split("\n").filter((line) => !line.includes('"http.response.status_code":2')).slice(-15).join("\n"));
rmSync(folder, { recursive: true, force: true });
process.exit(failed ? 1 : 0);
