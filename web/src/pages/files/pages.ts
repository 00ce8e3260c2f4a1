// A folder's names, page by page as they are looked at: of a million names only some thousands are in memory. The server
// gives them in the order of their keys; how many there are is known when the end was seen.
import { signal } from "@preact/signals";
import { get } from "../../api/client";
import { bucketPath } from "../../api/names";
import type { ObjectList, Object as StoredObject, Prefix } from "../../api/types";

export type Entry = { kind: "folder"; prefix: Prefix } | { kind: "object"; object: StoredObject };

const kPage = 1000;
const kPagesKept = 40;

interface Page {
  cursor: string | undefined;
  start: number; // index of its first entry
  count: number;
  entries: Entry[] | null; // null: was dropped from memory
  used: number;
}

export class FolderPages {
  readonly version = signal(0); // counts up with every change of what is known
  readonly error = signal<unknown>(null);
  private pages: Page[] = [];
  private nextCursor: string | undefined;
  private isAtEnd = false;
  private isAsking = false;
  private clock = 0;
  private readonly stop = new AbortController();

  constructor(readonly bucket: string, readonly prefix: string, private readonly query: Record<string, string | boolean | undefined>) {
    void this.more();
  }

  end(): void { this.stop.abort(); }
  get known(): number { return this.pages.reduce((sum, one) => sum + one.count, 0); }
  get isComplete(): boolean { return this.isAtEnd; }
  get isFirstLoaded(): boolean { return this.pages.length > 0; }

  // null: not in memory; it is asked for.
  at(index: number): Entry | null {
    const page = this.pages.find((one) => index >= one.start && index < one.start + one.count);
    if (!page) return null;
    page.used = ++this.clock;
    if (!page.entries) { void this.fill(page); return null; }
    return page.entries[index - page.start] ?? null;
  }

  loaded(): Entry[] { return this.pages.flatMap((one) => one.entries ?? []); }

  // Called when the end of what is known comes near.
  async more(): Promise<void> {
    if (this.isAsking || this.isAtEnd) return;
    this.isAsking = true;
    try {
      const cursor = this.nextCursor;
      const [entries, next] = await this.ask(cursor);
      this.pages.push({ cursor, start: this.known, count: entries.length, entries, used: ++this.clock });
      this.nextCursor = next;
      this.isAtEnd = !next;
      this.error.value = null;
      this.drop();
    } catch (error) {
      if (!this.stop.signal.aborted) this.error.value = error;
    } finally {
      this.isAsking = false;
      this.version.value++;
    }
  }

  private async fill(page: Page): Promise<void> {
    if (this.isAsking) return;
    this.isAsking = true;
    try {
      const [entries] = await this.ask(page.cursor);
      // Something may have come or gone since; the rows keep their places until the folder is opened anew.
      page.entries = entries.slice(0, page.count);
      this.drop();
    } catch (error) {
      if (!this.stop.signal.aborted) this.error.value = error;
    } finally {
      this.isAsking = false;
      this.version.value++;
    }
  }

  private async ask(cursor: string | undefined): Promise<[Entry[], string | undefined]> {
    const list = await get<ObjectList>(bucketPath(this.bucket, "objects"), { ...this.query, prefix: this.prefix, limit: kPage, cursor }, this.stop.signal);
    const entries: Entry[] = [
      ...list.prefixes.map((prefix): Entry => ({ kind: "folder", prefix })),
      ...list.objects.filter((one) => one.key !== this.prefix && !one.key.endsWith("/")).map((object): Entry => ({ kind: "object", object })),
    ];
    return [entries, list.next_cursor];
  }

  private drop(): void {
    const full = this.pages.filter((one) => one.entries);
    if (full.length <= kPagesKept) return;
    full.sort((a, b) => a.used - b.used).slice(0, full.length - kPagesKept).forEach((one) => (one.entries = null));
  }
}

export const entryKey = (entry: Entry): string => (entry.kind === "folder" ? entry.prefix.prefix : entry.object.key);
