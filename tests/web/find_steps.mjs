// What the Find page does, on a small library of documents: ranked results as one types, narrowing and widening, why, what is
// not covered; and what the page of a file tells of its content.
import assert from "node:assert/strict";
import { join } from "node:path";
import { makeLibrary } from "./samples.mjs";

const kDocuments = "/ui/object/papers?key=";

export function findSteps({ step, browser, server, folder, until, button }) {
  const page = browser.page;
  const words = page.getByRole("searchbox");
  const results = page.locator(".found");
  const first = results.first();
  const marks = () => page.locator(".found-snippet mark").allTextContents();
  const query = () => new URL(page.url()).searchParams;

  step("stores papers, whose words are found soon", async () => {
    const papers = join(folder, "papers");
    makeLibrary(papers);
    server.run("put", papers, "papers");
    const key = encodeURIComponent("house/boiler/invoice-2019.pdf");
    await server.api("PATCH", `/buckets/papers/objects/${key}`, { tags: { house: "", paid: "yes" } });
    const ask = () => server.api("POST", "/search", { query: "boiler", bucket: "papers", wait_ms: 10_000 });
    let answer = await ask();
    for (const end = Date.now() + 60_000; !answer.coverage.is_complete && Date.now() < end;) answer = await ask();
    assert.ok(answer.coverage.is_complete, "everything is read in the end");
  });

  step("finds as one types, by what files say", async () => {
    await browser.go("/ui/find");
    await browser.look("find-start");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "find-words");
    await page.keyboard.type("boiler inv");
    await results.locator("mark", { hasText: "Invoice" }).first().waitFor(); // "inv" is its beginning
    await page.keyboard.type("oice");
    await first.getByText("Invoice for the boiler").waitFor();
    await first.getByText("page 3").waitFor();
    await page.getByText("9 results").waitFor();
    assert.equal(query().get("q"), "boiler invoice");
    const member = results.filter({ hasText: "boiler guarantee.txt" });
    await member.getByText("papers/old papers.zip").waitFor();
    await results.filter({ hasText: "costs.xlsx" }).getByText("sheet Quotes, line 4").waitFor();
    await results.filter({ hasText: "plan.pptx" }).getByText("slide 2").waitFor();
    await page.getByRole("complementary", { name: "Narrow down" }).getByRole("link", { name: /^PDF/ }).waitFor();
    await browser.look("find-words");
    await words.fill("größere mangel");
    await until(page, () => document.querySelectorAll(".found").length === 1);
    assert.deepEqual(await marks(), ["Größere", "Mängel"], "marks are bytes, and stand where the words stand");
  });

  step("passes over an answer that comes too late", async () => {
    await browser.go("/ui/find");
    await page.route("**/api/v1/search*", async (route) => {
      if (route.request().postDataJSON().query.includes("boiler")) await new Promise((resolve) => setTimeout(resolve, 1200));
      await route.continue().catch(() => {}); // ended by the page meanwhile
    });
    const asked = page.waitForRequest((request) => request.url().includes("/search"));
    await words.fill("boiler");
    await asked;
    await words.fill("roses");
    await first.getByText("diary 2022.txt").or(first.getByText("roses.png")).first().waitFor();
    await page.waitForTimeout(1500);
    assert.doesNotMatch((await results.allTextContents()).join(), /boiler/i);
    await page.unroute("**/api/v1/search*");
  });

  step("says why something was found", async () => {
    await browser.go("/ui/find?q=boiler+invoice");
    await button("Why this result: invoice-2019.pdf").click();
    const why = page.locator(".found-why");
    await why.getByText("Title", { exact: true }).waitFor();
    assert.deepEqual(await why.locator("dt").allTextContents(), ["In the text", "In the name", "In the folder", "Title", "Language", "Made of", "Score"]);
    await why.getByText("Invoice, boiler", { exact: true }).waitFor();
    await browser.look("find-why");
  });

  step("narrows by counts and years, and widens again", async () => {
    await browser.go("/ui/find?q=boiler&bucket=papers");
    const aside = page.getByRole("complementary", { name: "Narrow down" });
    await aside.getByRole("link", { name: "PDF 2" }).click();
    await page.getByText("2 results").waitFor();
    assert.equal(query().get("type"), "pdf");
    await page.reload();
    await page.getByText("2 results").waitFor();
    await page.getByRole("navigation", { name: "By year" }).getByRole("link", { name: "2019: 1 result" }).click();
    await page.getByText("1 result", { exact: true }).waitFor();
    await page.getByRole("navigation", { name: "By year" }).getByRole("link", { name: "2023: 1 result" }).waitFor();
    await aside.getByRole("link", { name: /^paid: yes/ }).waitFor({ state: "detached" }); // all that is left have it
    await browser.look("find-narrowed");
    await page.getByRole("link", { name: "Remove When: 2019" }).click();
    await page.getByText("2 results").waitFor();
    await aside.getByRole("link", { name: /^paid: yes/ }).click();
    await page.getByText("1 result", { exact: true }).waitFor();
    await page.getByRole("link", { name: "Remove all of these" }).click();
    await page.getByText("9 results").waitFor();
    await page.goBack();
    await page.getByText("1 result", { exact: true }).waitFor();
    assert.equal(query().get("tag"), "paid=yes");
  });

  step("sorts, takes conditions alone, and shows more", async () => {
    await browser.go("/ui/find?q=boiler&bucket=papers");
    await page.getByLabel("Order").selectOption("newest");
    await first.getByText(/2025/).waitFor();
    await browser.go("/ui/find?bucket=papers&q=" + encodeURIComponent("*.png size<1MB"));
    await page.getByText("3 results").waitFor();
    assert.equal(await page.getByLabel("Order").inputValue(), "name", "without words there is no best");
    await until(page, () => [...document.querySelectorAll(".found .thumbnail img")].filter((one) => one.naturalWidth === 256).length === 3);
    await browser.look("find-pictures");
    await browser.go("/ui/find?bucket=holiday&q=line");
    await page.getByText("986 results").waitFor();
    assert.equal(await results.count(), 20);
    await button("Show more").click();
    await until(page, () => document.querySelectorAll(".found").length === 40);
    const shown = await page.locator(".found-link").evaluateAll((links) => links.map((one) => one.href));
    assert.equal(new Set(shown).size, 40, "nothing twice");
  });

  step("helps with words that stand nowhere and lines that mean nothing", async () => {
    await browser.go("/ui/find?bucket=papers&q=boilr");
    await page.getByText("Nothing was found").waitFor();
    await browser.look("find-did-you-mean");
    await page.getByRole("button", { name: "boiler", exact: true }).click();
    await page.getByText("9 results").waitFor();
    assert.equal(query().get("q"), "boiler");
    await words.fill("titel:boiler");
    await page.getByText('There is no field "titel"').waitFor();
    assert.equal(await results.count(), 9, "what was there stays");
    await browser.look("find-bad-line");
    await words.fill("boiler size>much");
    await page.getByText('"much" is no size. Write a number and a unit').waitFor();
  });

  step("says what is not covered yet, until it is", async () => {
    let isReading = true;
    await page.route("**/api/v1/search*", async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      if (isReading) Object.assign(body.coverage, { contents_waiting: 3, is_complete: false });
      await route.fulfill({ response: answer, json: body });
    });
    await browser.go("/ui/find?q=boiler&bucket=papers");
    await page.getByText("3 files are still being read").waitFor();
    await browser.look("find-reading");
    isReading = false;
    await page.getByText("3 files are still being read").waitFor({ state: "detached" });
    await page.getByText(/^Searched: [\d,]+ entries/).waitFor();
    await page.unroute("**/api/v1/search*");
  });

  step("is used by keyboard", async () => {
    await browser.go("/ui/find?bucket=papers&q=kitchen");
    await first.waitFor();
    const focused = () => page.evaluate(() => [...document.querySelectorAll(".found-link")].indexOf(document.activeElement));
    await words.focus();
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), 0);
    await page.keyboard.press("ArrowDown");
    assert.equal(await focused(), 1);
    await page.keyboard.press("ArrowUp");
    await page.keyboard.press("ArrowUp");
    assert.equal(await page.evaluate(() => document.activeElement?.id), "find-words");
    await page.keyboard.press("ArrowDown");
    await page.keyboard.press("Enter");
    await page.getByRole("link", { name: "What it says" }).waitFor();
    assert.match(page.url(), /\/ui\/object\/papers/);
  });

  step("shows what files say about themselves", async () => {
    await browser.go(kDocuments + "house/boiler/invoice-2019.pdf&tab=says");
    await page.getByText("Ada Berg").first().waitFor();
    await page.getByText("14 Mar 2019").waitFor();
    assert.equal(await page.getByText("Pdf.Author").isVisible(), false, "the format's own words are folded away");
    await page.getByText("As the file writes it").click();
    await page.getByText("Pdf.Author").waitFor();
    await browser.look("object-says");
    await browser.go("/ui/find?bucket=papers&q=guarantee");
    await first.getByRole("link").first().click();
    await page.locator(".members .is-found", { hasText: "boiler guarantee.txt" }).waitFor();
    await browser.look("object-members");
    // What lies in the archive opens alone, in a window of its own.
    const [member] = await Promise.all([page.context().waitForEvent("page"), page.locator(".members .is-found a").click()]);
    await member.waitForLoadState();
    assert.match(decodeURIComponent(member.url()), /[?&]member=.*boiler.guarantee\.txt$/);
    assert.notEqual((await member.locator("body").innerText()).trim(), "");
    await member.close();
    await browser.go(kDocuments + "old papers.zip");
    await page.locator(".members li", { hasText: "letter.txt" }).waitFor(); // an archive opens with what is in it
    await browser.go(kDocuments + "house/kitchen/costs.xlsx");
    await page.getByRole("cell", { name: "plumber, boiler move" }).waitFor();
    await browser.look("object-sheet");
    await browser.go(kDocuments + encodeURIComponent("house/boiler/Wartung 2024.docx"));
    await page.getByText("Größere Mängel").waitFor();
    await browser.go(kDocuments + "notes/broken.pdf&tab=says");
    await page.getByText("could not be read to its end").waitFor();
    await browser.look("object-trouble");
  });

  step("asks by a file for others like it", async () => {
    await browser.go(kDocuments + encodeURIComponent("garden/diary 2022.txt"));
    await page.getByRole("link", { name: "More like this" }).click();
    await first.waitFor();
    await page.getByRole("link", { name: /^Like/ }).or(page.getByLabel(/Like/)).first().waitFor();
    assert.equal(await results.filter({ hasText: "diary 2022.txt" }).count(), 0, "the file itself is not among them");
    await browser.look("find-like");
  });

  step("clears duplicates away, and brings them back", async () => {
    server.run("put", join(folder, "papers", "garden/diary 2022.txt"), "papers/copies/diary.txt");
    await server.api("POST", "/search", { query: "diary", bucket: "papers", wait_ms: 10_000 });
    await browser.go("/ui/duplicates?bucket=papers");
    const copy = page.locator(".duplicate", { hasText: "copies/" });
    await copy.getByText("goes").waitFor();
    await browser.look("duplicates-found");
    await copy.getByRole("checkbox").check(); // both stay now
    await copy.getByText("stays").waitFor();
    await copy.getByRole("checkbox").uncheck();
    await page.getByRole("button", { name: "Remove 1 file" }).click();
    await page.getByText("frees no room").last().waitFor();
    await browser.look("duplicates-remove");
    await page.getByRole("dialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("No two files have the same content").waitFor();
    // What came back is not looked at yet when it is asked for: the page asks again by itself, until all was.
    let isReading = true;
    await page.route("**/api/v1/duplicates?*", async (route) => {
      const answer = await route.fetch();
      const body = await answer.json();
      if (isReading) Object.assign(body, { groups: [], is_complete: false, coverage: { ...body.coverage, contents_waiting: 1, is_complete: false } });
      await route.fulfill({ response: answer, json: body });
    });
    await button("Undo").first().click();
    await page.getByText("Not everything was looked at yet").waitFor();
    assert.equal(await copy.count(), 0);
    isReading = false;
    await copy.waitFor();
    await page.unroute("**/api/v1/duplicates?*");
  });

  step("finds in the dark and on a phone", async () => {
    const path = "/ui/find?q=boiler+invoice&language=en&size=&bucket=papers";
    await page.emulateMedia({ colorScheme: "dark" });
    await browser.go(path);
    await page.locator(".timeline a").first().waitFor();
    await browser.look("dark-find-words");
    await page.emulateMedia({ colorScheme: "light" });
    await page.setViewportSize({ width: 390, height: 844 });
    await browser.go(path);
    await page.locator(".timeline a").first().waitFor();
    await browser.look("phone-find-words");
    await button("Narrow down").click();
    await page.getByRole("link", { name: "PDF 2" }).waitFor();
    await browser.look("phone-find-narrow");
    await browser.go(kDocuments + "old papers.zip&tab=says");
    await browser.look("phone-object-says");
    await page.setViewportSize({ width: 1280, height: 800 });
  });
}
