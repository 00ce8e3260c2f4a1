// What was made from what, as a picture and as a list; a folder as it was, and the way back; metadata with units.
import assert from "node:assert/strict";

const kRuns = 12;
const kColumnMax = 6;

export function historySteps({ step, browser, server, until, button }) {
  const page = browser.page;
  const object = (bucket, key, tab) => `/ui/object/${bucket}?key=${encodeURIComponent(key)}&tab=${tab}`;
  const put = (bucket, key, text) => server.api("PUT", `/buckets/${bucket}/objects/${encodeURIComponent(key)}`, text);
  const made = (key, facts) => server.api("POST", `/buckets/lab/provenance/${encodeURIComponent(key)}`, facts);

  step("draws what was made from what", async () => {
    await server.api("PUT", "/buckets/lab");
    const runs = Array.from({ length: kRuns }, (_, i) => `runs/run-${String(i + 1).padStart(2, "0")}.csv`);
    for (const run of runs) await put("lab", run, `sample,pressure\n${run},1.6\n`);
    await made(runs[0], { sources: ["https://data.example.org/harbour/2026"], author: "Jonas Holm", transformation: "downloaded" });
    for (const key of ["clean.csv", "means.csv", "figure-3.svg", "paper.pdf"]) await put("lab", key, key);
    await made("clean.csv", { sources: runs.map((run) => "lab/" + run), author: "Ada Berg", transformation: "drop outliers", description: "Runs without those that were broken off" });
    await made("means.csv", { sources: ["lab/clean.csv"], author: "Ada Berg", transformation: "mean by day" });
    await made("figure-3.svg", { sources: ["lab/means.csv"], author: "Mia Sand", transformation: "plot.py --figure 3" });
    await made("paper.pdf", { sources: ["lab/figure-3.svg", "lab/means.csv"], author: "Mia Sand" });
    await browser.go(object("lab", "clean.csv", "source"));
    const drawing = page.getByRole("group", { name: "What was made from what" });
    await drawing.waitFor();
    assert.equal(await drawing.getByRole("link", { name: /run-\d\d\.csv/ }).count(), kColumnMax);
    await drawing.getByRole("link", { name: `${kRuns - kColumnMax} more` }).waitFor();
    await drawing.getByRole("img", { name: /drop outliers: made clean\.csv, by Ada Berg/ }).waitFor();
    await browser.look("object-source");
    // The list is whole.
    assert.equal(await page.locator(".origin-list").first().locator("li").count(), kRuns + 1);
    // By keyboard: to the right of this file what was made of it.
    await drawing.getByRole("img", { name: /^this file/ }).focus();
    await page.keyboard.press("ArrowRight");
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /mean by day/);
    await page.keyboard.press("ArrowRight");
    assert.match(await page.evaluate(() => document.activeElement.getAttribute("aria-label")), /^means\.csv/);
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "means.csv", level: 1 }).waitFor();
    await drawing.getByRole("img", { name: /^this file, means\.csv/ }).waitFor();
    await browser.look("object-source-middle");
    await browser.go(object("holiday", "Holiday 2026/state.json", "source"));
    await page.getByText("Nothing is recorded that this was made from").waitFor();
    await browser.look("object-source-none");
  });

  step("looks back over a folder, and brings back what went", async () => {
    await server.api("PUT", "/buckets/desk");
    for (const key of ["plan.txt", "list.txt", "old/letter.txt", "old/bill.txt"]) await put("desk", key, `first of ${key}`);
    await server.api("POST", "/buckets/desk/remove", { prefix: "old/" });
    await server.api("DELETE", "/buckets/desk/objects/plan.txt");
    await put("desk", "list.txt", "second of list.txt");
    await put("desk", "new.txt", "new");
    const keys = async () => (await server.api("GET", "/buckets/desk/objects?recursive")).objects.map((one) => one.key);
    assert.deepEqual(await keys(), ["list.txt", "new.txt"]);
    await browser.go("/ui/files/desk");
    await page.getByRole("button", { name: "More", exact: true }).click();
    await page.getByRole("menuitem", { name: "Look back" }).click();
    const slider = page.getByRole("slider");
    await page.getByText("This is how it is now").waitFor();
    await slider.focus();
    await page.keyboard.press("Home");
    await page.getByRole("link", { name: "plan.txt" }).waitFor();
    await page.getByText("Since then 3 went, 1 changed, 1 came.").waitFor();
    assert.match(await slider.getAttribute("aria-valuetext"), /4 stored by admin/);
    const row = (name) => page.getByRole("row", { name });
    await row(/plan\.txt/).getByText("gone now").waitFor();
    await row(/list\.txt/).getByText("changed since").waitFor();
    await row(/old/).getByText("2 gone now").waitFor();
    await browser.look("folder-look-back");
    await row(/plan\.txt/).getByRole("button", { name: /More/ }).click();
    await page.getByRole("menuitem", { name: "Bring back as it was" }).click();
    await page.getByText("1 entry is as it was").waitFor();
    assert.deepEqual(await keys(), ["list.txt", "new.txt", "plan.txt"]);
    await button("Undo").click();
    await page.locator(".notice", { hasText: "Taken back" }).waitFor();
    assert.deepEqual(await keys(), ["list.txt", "new.txt"]);
    // Several at once, and one undo for all of them.
    await page.getByLabel("Select old").check();
    await page.getByLabel("Select plan.txt").check();
    await page.getByRole("toolbar").getByRole("button", { name: "Bring back as it was" }).click();
    await page.getByText("3 entries are as they were").waitFor();
    assert.deepEqual(await keys(), ["list.txt", "new.txt", "old/bill.txt", "old/letter.txt", "plan.txt"]);
    await button("Undo").click();
    await until(page, () => document.querySelectorAll(".row .chip.bad").length === 2);
    assert.deepEqual(await keys(), ["list.txt", "new.txt"]);
    // As it was, whole: what came since goes, too.
    await page.getByText("Making it so again also removes the 1 that came since").waitFor();
    await button("Make it so again").click();
    await page.getByText("The folder is as it was then").waitFor();
    assert.deepEqual(await keys(), ["list.txt", "old/bill.txt", "old/letter.txt", "plan.txt"]);
    assert.equal(await server.api("GET", "/buckets/desk/objects/list.txt"), "first of list.txt");
    await button("Undo").click();
    await until(page, () => document.querySelectorAll(".rows-shown .row").length === 2);
    assert.deepEqual(await keys(), ["list.txt", "new.txt"]);
  });

  step("keeps numbers with their units", async () => {
    await browser.go(object("lab", "means.csv", "tags"));
    await button("Add an entry").click();
    await page.getByLabel("Metadata: Name").fill("length");
    await page.getByLabel("Metadata: Value").fill("12,5 mm");
    await page.getByLabel("Metadata: Name").focus();
    assert.equal(await page.getByLabel("Metadata: Unit").inputValue(), "mm");
    assert.equal(await page.getByLabel("Metadata: Value").inputValue(), "12.5");
    await page.getByLabel("Metadata: Value").fill("long");
    await page.getByText("With the unit mm the value has to be a number").waitFor();
    assert.ok(await button("Save").isDisabled());
    await browser.look("object-units-wrong");
    await page.getByLabel("Metadata: Value").fill("12.5");
    await button("Save").click();
    await page.getByText("Saved").waitFor();
    assert.deepEqual((await server.api("GET", "/buckets/lab/info/means.csv")).metadata, { length_mm: "12.5" });
    const found = async (filter) => (await server.api("POST", "/search", { filter, bucket: "lab" })).results?.length;
    assert.equal(await found("meta.length_mm>=12"), 1);
    assert.equal(await found("meta.length_mm>12.5"), 0);
    await browser.look("object-units");
    await browser.go(object("lab", "means.csv", "details"));
    await page.getByText("12.5 mm").waitFor();
    await browser.look("object-details-units");
  });
}
