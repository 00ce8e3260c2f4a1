// Debian's Chromium, steered by playwright-core: what every step needs to look at the page, and what it must never do.
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { chromium } from "playwright-core";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
               "--disable-component-update", "--disable-sync"];
// What a page cannot help: the browser says so of answers that are no 2xx, and of scripts that a closed frame did not run.
const expected = /Failed to load resource|net::ERR_|sandboxed|ERR_CONNECTION/;

export class Browser {
  constructor(url, pictures) {
    this.url = url;
    this.pictures = pictures;
    this.complaints = [];
    mkdirSync(pictures, { recursive: true });
  }

  async begin() {
    this.browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: flags });
    this.page = await this.open();
  }

  // A person of their own: nothing is shared with the others but the server.
  async open(options = {}, url = this.url) {
    const context = await this.browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-GB", timezoneId: "Europe/Berlin", acceptDownloads: true, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(15_000);
    page.on("console", (message) => { if (message.type() === "error" && !expected.test(message.text())) this.complaints.push(message.text()); });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("dialog", (dialog) => { if (dialog.type() !== "beforeunload") this.complaints.push(`a dialog: ${dialog.message()}`); void dialog.accept(); });
    // Nothing may come from elsewhere, but what the browser's own viewer of PDFs is made of.
    page.on("request", (request) => { if (!/^(blob:|data:|about:|chrome:|chrome-extension:)/.test(request.url()) && !request.url().startsWith(url)) this.complaints.push(`a request to ${request.url()}`); });
    return page;
  }

  // Looked at by axe-core, measured, and kept as a picture.
  async look(name, page = this.page) {
    await page.waitForTimeout(150);
    await page.screenshot({ path: join(this.pictures, name + ".png") });
    await page.evaluate(axe);
    const found = await page.evaluate(async () => (await globalThis.axe.run(document, { resultTypes: ["violations"], iframes: false })).violations
      .map((one) => `${one.id}: ${one.help}\n    ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 160) + " " + (node.any[0]?.message ?? "")).join("\n    ")}`));
    assert.deepEqual(found, [], `${name}: what a screen reader or a weak eye stumbles over`);
    const [inside, width] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(inside <= width, `${name}: ${inside} pixels wide on ${width}`);
  }

  async go(path, page = this.page) {
    await page.goto(this.url + path);
    await page.locator("#page :is(h1, h2)").first().waitFor({ state: "attached" });
    await page.locator(".waiting").waitFor({ state: "detached" });
  }

  // Files and folders of this machine, dropped where a hand would drop them.
  async drop(paths, page = this.page) {
    const session = await page.context().newCDPSession(page);
    const data = { items: [], files: paths, dragOperationsMask: 1 };
    for (const type of ["dragEnter", "dragOver", "drop"]) await session.send("Input.dispatchDragEvent", { type, x: 700, y: 400, data });
  }

  async end() {
    await this.browser?.close();
  }
}
