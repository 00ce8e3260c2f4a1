// How quick the page is on one folder of a million objects: Debian's Chromium, steered by playwright-core, against the real
// server. Prints one line of JSON: how long the first rows took, how frames came while it was scrolled, how long a beginning
// of a name and a word took to their first result.
//
//     node bench/page.mjs build/release/bin/atoll [--objects 1000000] [--runs 5] [--pictures FOLDER]
//
// The objects are empty files named "line-0000000.txt" and so on, sent as tars; what is measured is the page and what it asks
// for, not the reading of contents. Frames are counted by requestAnimationFrame while a wheel turns 60 times a second; a
// frame is late that came more than 25 ms after the one before. build/npm-web holds playwright-core (`ctest -R e2e_page`
// fetches it).
import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { cpus, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Server } from "../tests/web/server.mjs";

const source = dirname(dirname(fileURLToPath(import.meta.url)));
const { chromium } = createRequire(join(source, "build/npm-web/package.json"))("playwright-core");
const [program, ...words] = process.argv.slice(2);
const option = (name, otherwise) => (words.includes("--" + name) ? words[words.indexOf("--" + name) + 1] : otherwise);
const kObjects = Number(option("objects", 1_000_000));
const kRuns = Number(option("runs", 5));
const kPerTar = 50_000;
const kWheels = 600; // ten seconds
const kLate_ms = 25;
const nameOf = (i) => `line-${String(i).padStart(7, "0")}.txt`;

const median = (list) => [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)];
const at = (list, share) => [...list].sort((a, b) => a - b)[Math.min(list.length - 1, Math.floor(list.length * share))];
const rounded = (value) => Math.round(value * 10) / 10;

// Headers of empty files (POSIX ustar).
function tar(from, to) {
  const out = Buffer.alloc((to - from) * 512 + 1024);
  for (let i = from; i < to; i++) {
    const head = out.subarray((i - from) * 512, (i - from + 1) * 512);
    head.write(nameOf(i), 0);
    head.write("0000644\0" + "0000000\0" + "0000000\0" + "00000000000\0" + "14000000000\0" + "        0", 100);
    head.write("ustar\0" + "00", 257);
    head.write(head.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, "0") + "\0 ", 148);
  }
  return out;
}

async function fill(server) {
  await server.api("PUT", "/buckets/lines");
  const begun = performance.now();
  for (let i = 0; i < kObjects; i += kPerTar) {
    const report = await server.api("POST", "/buckets/lines/archive?prefix=all/", tar(i, Math.min(kObjects, i + kPerTar)), { "Content-Type": "application/x-tar" });
    if (report.failures?.length > 0) throw new Error(JSON.stringify(report.failures[0]));
  }
  const seconds = (performance.now() - begun) / 1000;
  const { objects } = await server.api("GET", "/buckets/lines");
  if (objects !== kObjects) throw new Error(`${objects} objects are there, not ${kObjects}`);
  const wait = await server.api("POST", "/search", { query: nameOf(kObjects - 1), wait_ms: 10_000 });
  return { seconds: rounded(seconds), per_second: Math.round(kObjects / seconds), search_is_complete: wait.coverage?.is_complete };
}

async function signIn(page, server) {
  await server.choosePassword();
  await page.goto(server.url);
  await page.getByLabel("Name").fill("admin");
  await page.getByLabel("Password").fill(server.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("navigation", { name: "Pages" }).waitFor();
}

const folder = (server) => server.url + "/ui/files/lines?in=" + encodeURIComponent("all/");

// From the beginning of the load to the first row in the document.
async function open(page, server) {
  const begun = performance.now();
  await page.goto(folder(server), { waitUntil: "commit" });
  await page.locator(".rows-shown .row-name a").first().waitFor();
  return performance.now() - begun;
}

async function scroll(page) {
  const box = await page.locator(".rows-box").boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  await page.evaluate(() => {
    const frames = (globalThis.frames_ = { gaps: [], empty: 0, seen: 0, last: performance.now(), isOn: true });
    const note = (now) => {
      frames.gaps.push(now - frames.last);
      frames.last = now;
      const rows = document.querySelectorAll(".rows-shown .row").length;
      frames.seen += rows;
      frames.empty += rows - document.querySelectorAll(".rows-shown .row-name a").length;
      if (frames.isOn) requestAnimationFrame(note);
    };
    requestAnimationFrame(note);
  });
  for (let i = 0; i < kWheels; i++) {
    await page.mouse.wheel(0, 440); // ten rows
    await page.waitForTimeout(1000 / 60 - 4);
  }
  return page.evaluate(() => { globalThis.frames_.isOn = false; return { ...globalThis.frames_, row: document.querySelector(".rows-box").scrollTop / 44 }; });
}

async function narrow(page, digits) {
  const begun = performance.now();
  await page.getByPlaceholder("Names that begin with …").fill("line-" + digits);
  await page.locator(".rows-shown .row-name a", { hasText: "line-" + digits }).first().waitFor();
  return performance.now() - begun;
}

async function find(page, server, words_) {
  await page.goto(server.url + "/ui/find");
  await page.getByRole("searchbox").waitFor();
  const begun = performance.now();
  await page.getByRole("searchbox").fill(words_);
  await page.locator(".found", { hasText: words_ }).first().waitFor();
  return performance.now() - begun;
}

const home = mkdtempSync(join(tmpdir(), "atoll-bench-page-"));
const server = new Server(program, home);
await server.begin();
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--headless", "--no-sandbox", "--disable-gpu"] });
try {
  const filled = await fill(server);
  console.error(`filled: ${JSON.stringify(filled)}`);
  const page = await (await browser.newContext({ viewport: { width: 1280, height: 800 } })).newPage();
  await signIn(page, server);
  const opened = [], narrowed = [], found = [];
  for (let i = 0; i < kRuns; i++) {
    opened.push(await open(page, server));
    narrowed.push(await narrow(page, String(Math.floor((kObjects * (i + 1)) / (kRuns + 1))).padStart(7, "0").slice(0, 5)));
    found.push(await find(page, server, nameOf(Math.floor((kObjects * (i + 0.5)) / kRuns))));
  }
  await open(page, server);
  const frames = await scroll(page);
  if (option("pictures")) await page.screenshot({ path: join(option("pictures"), "million.png") });
  const gaps = frames.gaps.slice(1);
  console.log(JSON.stringify({
    objects: kObjects, processors: cpus().length, fill: filled, first_row_ms: { median: rounded(median(opened)), most: rounded(Math.max(...opened)) },
    beginning_of_name_ms: { median: rounded(median(narrowed)), most: rounded(Math.max(...narrowed)) }, find_name_ms: { median: rounded(median(found)), most: rounded(Math.max(...found)) },
    scroll: { frames_per_second: rounded(gaps.length / (gaps.reduce((sum, one) => sum + one, 0) / 1000)), median_ms: rounded(median(gaps)), p95_ms: rounded(at(gaps, 0.95)), worst_ms: rounded(Math.max(...gaps)),
      late_share: Math.round((gaps.filter((one) => one > kLate_ms).length / gaps.length) * 1000) / 1000, rows_passed: Math.round(frames.row), rows_without_name_share: Math.round((frames.empty / frames.seen) * 1000) / 1000 },
  }));
} finally {
  await browser.close();
  await server.stop();
  rmSync(home, { recursive: true, force: true });
}
