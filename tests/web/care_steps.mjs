// What an owner sets up: copies in a folder and in an S3 server, what runs by the clock, limits, who finds by meaning, what is
// noted of questions.
import assert from "node:assert/strict";
import { existsSync, mkdirSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { Server } from "./server.mjs";

const kAccess = "PAGETESTKEY000000000";
const kSecret = "a-secret/with+signs=for-the-page-0123456789";

export function careSteps({ step, browser, server, folder, program, until, button }) {
  const page = browser.page;
  const dialog = page.getByRole("dialog");
  const copy = async (name) => (await server.api("GET", "/copies")).copies.find((one) => one.name === name);
  const menu = async (label, verb) => {
    await page.getByRole("button", { name: `More: ${label}`, exact: true }).click();
    await page.getByRole("menuitem", { name: verb }).click();
  };
  async function when(condition, words) {
    for (const end = Date.now() + 60_000; Date.now() < end; await page.waitForTimeout(200)) if (await condition()) return;
    throw new Error(`it did not come to: ${words}`);
  }

  step("makes a copy in a folder, checks it and lets it go", async () => {
    const place = join(folder, "second-disk", "atoll");
    mkdirSync(join(folder, "second-disk"));
    await browser.go("/ui/safety");
    await button("Add a copy").last().click();
    await dialog.getByLabel("Folder").fill(join(folder, "nowhere", "at", "all"));
    await browser.look("safety-copy-new");
    await dialog.getByLabel("Folder").fill(join(folder, "home", "copy"));
    await dialog.getByRole("button", { name: "See what it takes" }).click();
    await dialog.getByText("is lost with it").waitFor();
    await dialog.getByLabel("Folder").fill(place);
    await dialog.getByLabel("Name", { exact: true }).fill("disk");
    await dialog.getByRole("button", { name: "See what it takes" }).click();
    await dialog.getByText(/will go over to the new copy disk/).waitFor();
    assert.ok(!existsSync(place), "nothing is made before it was said what it takes");
    await browser.look("safety-copy-plan");
    await dialog.getByRole("button", { name: "Make the copy" }).click();
    await page.getByText("The copy disk is being filled").waitFor();
    await when(async () => (await copy("disk"))?.changes_behind === 0, "the copy has everything");
    await menu("disk", "Check every byte");
    await page.getByText("The check has begun").waitFor();
    await when(async () => (await copy("disk")).data_verified !== undefined, "the copy is checked");
  });

  step("makes a copy in an S3 server", async () => {
    const store = new Server(program, join(folder, "store"));
    store.env.AWS_ACCESS_KEY_ID = kAccess;
    store.env.AWS_SECRET_ACCESS_KEY = kSecret;
    mkdirSync(join(folder, "store"));
    await store.begin();
    try {
      await store.api("PUT", "/buckets/safe");
      await browser.go("/ui/safety");
      await button("Add a copy").last().click();
      await dialog.getByLabel("Where").selectOption("s3");
      await dialog.getByLabel("Bucket").fill("safe");
      await dialog.getByLabel("Folder in it").fill("homes/mine");
      await dialog.getByLabel("Server").fill(store.url);
      await dialog.getByLabel("Access key id").fill(kAccess);
      await dialog.getByLabel("Secret access key").fill("not-this-one");
      await dialog.getByText("Class and price").click();
      await dialog.getByLabel("Price of a GiB a month").fill("0.023");
      await dialog.getByLabel("Name", { exact: true }).fill("cloud");
      await browser.look("safety-copy-s3");
      await dialog.getByRole("button", { name: "See what it takes" }).click();
      await dialog.getByText("That costs about 0.00 a month").waitFor();
      await dialog.getByRole("button", { name: "Make the copy" }).click();
      await dialog.getByRole("alert").waitFor(); // the key is wrong: nothing is made
      assert.equal(await copy("cloud"), undefined);
      await dialog.getByRole("button", { name: "Back" }).click();
      await dialog.getByLabel("Secret access key").fill(kSecret);
      await dialog.getByRole("button", { name: "See what it takes" }).click();
      await dialog.getByRole("button", { name: "Make the copy" }).click();
      await page.getByText("The copy cloud is being filled").waitFor();
      await when(async () => (await copy("cloud"))?.changes_behind === 0, "the copy in S3 has everything");
      await page.reload();
      await page.getByText("s3://safe/homes/mine").waitFor();
      await browser.look("safety-copies");
      await menu("cloud", "Another key");
      await dialog.getByLabel("Access key id").fill(kAccess);
      await dialog.getByLabel("Secret access key").fill(kSecret);
      await browser.look("safety-copy-key");
      await dialog.getByRole("button", { name: "Save" }).click();
      await page.getByText("The key works and is kept").waitFor();
      assert.ok(!server.errors.includes(kSecret) && !store.errors.includes(kSecret), "a secret is in no log");
      await menu("cloud", "Remove");
      await dialog.getByLabel(/Delete its files/).check();
      await browser.look("safety-copy-remove");
      await dialog.getByRole("button", { name: "Remove" }).click();
      await page.getByText("The copy cloud is kept no longer").waitFor();
      assert.deepEqual((await store.api("GET", "/buckets/safe/objects?recursive")).objects, []);
    } finally {
      await store.stop();
    }
  });

  step("has something run by the clock, and ends it", async () => {
    const names = async () => (await server.api("GET", "/schedules")).schedules.map((one) => one.command);
    await browser.go("/ui/safety");
    await button("Run something by the clock").click();
    await dialog.getByLabel("What").selectOption("verify --data");
    await browser.look("safety-schedule-new");
    await dialog.getByRole("button", { name: "Add" }).click();
    await page.getByText("runs by the clock now").waitFor();
    assert.deepEqual(await names(), ["verify --data"]);
    await button("Run something by the clock").click();
    await dialog.getByLabel("What").selectOption("other");
    await dialog.getByLabel("Command").fill("put /etc/passwd photos");
    await dialog.getByRole("button", { name: "Add" }).click();
    await dialog.getByText("is not scheduled from another machine").waitFor();
    await page.keyboard.press("Escape");
    await browser.look("safety-schedules");
    await page.locator(".safety-item", { hasText: "verify --data" }).getByRole("button").click();
    await page.getByRole("menuitem", { name: "End it" }).click();
    await page.getByText("does not run by the clock any more").waitFor();
    assert.deepEqual(await names(), []);
    await button("Undo").click();
    await when(async () => (await names()).length === 1, "the schedule is back");
  });

  step("tries to restore, and shows what was proven", async () => {
    await browser.go("/ui/safety");
    await button("Try to restore").click();
    await page.getByRole("menuitem", { name: "From this vault" }).click();
    await page.getByText("A hundred files are being restored and compared").waitFor();
    await when(async () => (await server.api("GET", "/checks")).checks[0].kind === "drill", "it was remembered");
    const [drill] = (await server.api("GET", "/checks")).checks;
    assert.ok(drill.is_ok && drill.bytes > 0);
    await browser.go("/ui/safety");
    await page.locator("#checks").getByText("Files were restored and compared").waitFor();
    await browser.look("safety-proven");
  });

  step("says where warnings are sent, tries it, and takes it back", async () => {
    const told = async () => (await server.api("GET", "/settings")).alarm_tell;
    const heard = [];
    const chat = createServer((request, response) => {
      let text = "";
      request.on("data", (part) => (text += part));
      request.on("end", () => { heard.push(JSON.parse(text)); response.end(); });
    });
    await new Promise((resolve) => chat.listen(0, "127.0.0.1", resolve));
    const url = `http://127.0.0.1:${chat.address().port}/hook`;
    try {
      await browser.go("/ui/safety");
      await page.getByText("Nobody: warnings are seen on this page only.").waitFor();
      await button("Tell somebody").click();
      await dialog.getByLabel("E-mail address or web address").fill("no address");
      await dialog.getByRole("button", { name: "Add" }).click();
      await dialog.getByRole("alert").waitFor();
      await dialog.getByLabel("E-mail address or web address").fill(url);
      await browser.look("safety-tell-new");
      await dialog.getByRole("button", { name: "Add" }).click();
      await page.locator("#told").getByText(url).waitFor();
      assert.deepEqual(await told(), ["webhook:" + url]);
      await button("Send a test").click();
      await page.locator("#told").getByText("taken").waitFor();
      assert.equal(heard.filter((one) => one.event === "alarm.test").length, 1);
      await browser.look("safety-told");
    } finally {
      chat.closeAllConnections();
      await new Promise((resolve) => chat.close(resolve));
    }
    await button("Send a test").click();
    await page.locator("#told .chip.bad").waitFor();
    await button(`Do not tell ${url} any more`).click();
    await page.getByText("is not told any more").waitFor();
    assert.deepEqual(await told(), []);
    await button("Undo").click();
    await when(async () => (await told()).length === 1, "it is told again");
    await server.api("PUT", "/settings/alarms", { tell: [] });
  });

  step("sets a limit, and takes it away", async () => {
    await browser.go("/ui/settings/limits");
    await page.getByText("No limits").waitFor();
    await browser.look("settings-limits-none");
    await button("Set a limit").click();
    await dialog.getByLabel("Bucket").fill("holiday");
    await dialog.getByLabel("Most bytes").fill("a lot");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("is no size").waitFor();
    await dialog.getByLabel("Most bytes").fill("1 GB");
    await browser.look("settings-limit-new");
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByText("The limit holds").waitFor();
    const { quotas } = await server.api("GET", "/quotas");
    assert.equal(quotas[0].bytes_max, 1e9);
    assert.ok(quotas[0].bytes_used > 40e6);
    await page.getByRole("meter").first().waitFor();
    await browser.look("settings-limits");
    await menu("holiday/", "Remove");
    await page.getByText("The limit is gone").waitFor();
    assert.deepEqual((await server.api("GET", "/quotas")).quotas, []);
  });

  step("says who finds by meaning, and what another choice takes", async () => {
    await browser.go("/ui/settings/meaning");
    await page.getByText("built-in, learned from your own texts").first().waitFor();
    await browser.look("settings-meaning");
    await button("Choose who does it").click();
    await dialog.getByLabel("Model").selectOption("");
    await dialog.getByLabel("Address").fill("http://127.0.0.1:9/api/embed?model=nothing");
    await dialog.getByRole("button", { name: "See what it takes" }).click();
    await dialog.getByRole("alert").waitFor(); // nobody answers there
    await browser.look("settings-meaning-nobody");
    await dialog.getByLabel("Model").selectOption("built-in");
    await dialog.getByRole("button", { name: "See what it takes" }).click();
    await dialog.getByText(/have to be turned into vectors/).waitFor();
    await browser.look("settings-meaning-cost");
    await dialog.getByRole("button", { name: "Use it" }).click();
    await page.getByText("It is chosen").waitFor();
  });

  step("shows what was asked, and notes nothing where the owner says so", async () => {
    await browser.go("/ui/settings/questions");
    await page.getByText("Asked most").waitFor();
    await page.getByRole("link", { name: "nothing-like-this" }).first().waitFor();
    await browser.look("settings-questions");
    await button("Forget all of it").first().click();
    await dialog.getByRole("button", { name: "Forget all of it" }).click();
    await page.getByText("It is forgotten").waitFor();
    await until(page, () => document.body.innerText.includes("Nothing was asked."));
    await button("Note nothing").click();
    await browser.look("settings-questions-off");
    await dialog.getByRole("button", { name: "Note nothing" }).click();
    await page.locator(".notice", { hasText: "Questions are not noted" }).waitFor();
    assert.equal((await server.api("GET", "/search/questions")).is_on, false);
    await button("Note what is asked").click();
    await page.locator(".notice", { hasText: "Questions are noted" }).waitFor();
  });
}
