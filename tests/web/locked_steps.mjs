// A server that starts locked, as after a power cut with nobody there to type the passphrase: what an open page and a new one
// say, and that both go on where one was.
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Server } from "./server.mjs";

const kPassphrase = "nine lives of a cat";
const kWhere = "/ui/files/papers?in=" + encodeURIComponent("2026/");

export function lockedSteps({ step, browser, folder, program }) {
  step("goes on where one was after the server started locked", async () => {
    const home = join(folder, "locked");
    mkdirSync(home);
    const secret = join(home, "passphrase");
    writeFileSync(secret, kPassphrase + "\n", { mode: 0o600 });
    const server = new Server(program, home, { init: ["--new-password-file", secret], serve: ["--password-file", secret] });
    await server.begin();
    await server.choosePassword();
    await server.api("PUT", "/buckets/papers");
    await server.api("PUT", "/buckets/papers/objects/" + encodeURIComponent("2026/letter.txt"), "Dear all");
    const page = await browser.open({}, server.url);
    try {
      await page.goto(server.url + kWhere);
      await page.getByLabel("Name").fill("admin");
      await page.getByLabel("Password").fill(server.password);
      await page.getByRole("button", { name: "Sign in" }).click();
      await page.getByRole("link", { name: "letter.txt" }).waitFor();
      await server.kill();
      server.more.serve = [];
      await server.start("locked");
      // The open page hears it with the next thing it asks.
      await page.getByPlaceholder("Names that begin with …").fill("let");
      await page.getByRole("heading", { name: "This home is locked" }).waitFor();
      await browser.look("locked-open-page", page);
      await page.getByLabel("Passphrase").fill("a dog's life");
      await page.getByRole("button", { name: "Unlock" }).click();
      await page.getByText("That passphrase opens nothing here.").waitFor();
      await page.getByLabel("Passphrase").fill(kPassphrase);
      await page.getByRole("button", { name: "Unlock" }).click();
      await page.getByRole("link", { name: "letter.txt" }).waitFor();
      assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, kWhere);
      // A page that is opened while it is locked: the server's own form, without a script.
      await server.kill();
      await server.start("locked");
      await page.goto(server.url + kWhere);
      await page.getByText("This home is locked.").waitFor();
      await browser.look("locked-new-page", page);
      await page.getByLabel("Passphrase").fill(kPassphrase);
      await page.getByRole("button", { name: "Unlock" }).click();
      await page.getByRole("link", { name: "letter.txt" }).waitFor();
      assert.equal(new URL(page.url()).pathname + new URL(page.url()).search, kWhere);
      assert.ok(!server.errors.includes(kPassphrase), "a passphrase is in no log");
    } finally {
      await page.context().close();
      await server.stop();
    }
  });
}
