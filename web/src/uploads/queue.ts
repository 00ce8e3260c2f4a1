// The files that are being stored from this tab, one queue for all pages.
// Always true: a file counts as stored when the server said so and not before; a server that does not answer is waited for;
// what the browser still has to send stands in IndexedDB until it is done.
import { signal } from "@preact/signals";
import { ApiError } from "../api/client";
import { changed } from "../state/notices";
import { wordsOf } from "../text/text";
import { send } from "./send";
import { forget, keep, kept, livingTabs, newId, thisTab, type Kept } from "./store";
import { walk, type Source } from "./walk";

export interface Item extends Kept {
  state: "waiting" | "sending" | "done" | "failed";
  sent: number;
  file?: File;
  error?: string;
}

export interface Summary {
  total: number;
  done: number;
  failed: number;
  bytes: number;
  bytesSent: number;
  active: Item[]; // sending now
  failures: Item[]; // the first few
  secondsLeft: number | null;
  isReading: boolean;
}

const kAtOnce = 4; // a browser keeps six connections to a server; the page itself needs some
const kShownFailures = 20;
const kBatch = 100; // files that are written to IndexedDB at once
const kRetryMsMax = 10_000;

export const summary = signal<Summary | null>(null);
export const isPaused = signal(false);
export const isWaiting = signal(false); // for the server
export const target = signal("");
// Left over from a page that was closed.
export const left = signal<Kept[]>([]);

let items: Item[] = [];
let next = 0; // everything before it is not waiting
let reading = 0;
let running = 0;
let stop = new AbortController();
let finished: string[] = [];
let isDrawn = false;
let begunMs = 0;
let begunBytes = 0;

function draw(): void {
  if (isDrawn) return;
  isDrawn = true;
  window.setTimeout(() => {
    isDrawn = false;
    if (finished.length > 0) {
      void forget(finished);
      finished = [];
    }
    if (items.length === 0 && reading === 0) {
      summary.value = null;
      return;
    }
    const now: Summary = { total: items.length, done: 0, failed: 0, bytes: 0, bytesSent: 0, active: [], failures: [], secondsLeft: null, isReading: reading > 0 };
    for (const one of items) {
      now.bytes += one.size;
      if (one.state === "done") { now.done++; now.bytesSent += one.size; }
      else if (one.state === "failed") { now.failed++; if (now.failures.length < kShownFailures) now.failures.push({ ...one }); }
      else if (one.state === "sending") { now.active.push({ ...one }); now.bytesSent += one.sent; }
    }
    const seconds = (performance.now() - begunMs) / 1000;
    const speed = (now.bytesSent - begunBytes) / seconds;
    if (seconds > 2 && speed > 0) now.secondsLeft = (now.bytes - now.bytesSent) / speed;
    summary.value = now;
  }, 200);
}

const isOver = (): boolean => running === 0 && reading === 0 && !items.some((one) => one.state === "waiting");

function beginMeasuring(): void {
  begunMs = performance.now();
  begunBytes = items.reduce((sum, one) => sum + (one.state === "done" ? one.size : one.sent), 0);
}

function rowOf({ id, tab, bucket, key, size, modified, type, url, handle }: Item): Kept {
  return { id, tab, bucket, key, size, modified, type, ...(url ? { url } : {}), ...(handle ? { handle } : {}) };
}

async function fileOf(item: Item): Promise<File> {
  if (item.file) return item.file;
  if (item.handle) return (item.file = await item.handle.getFile());
  throw new Error("the browser does not have this file any more");
}

async function run(item: Item): Promise<void> {
  item.state = "sending";
  let wait = 500;
  for (;;) {
    try {
      const file = await fileOf(item);
      await send({
        bucket: item.bucket, key: item.key, file, modified: item.modified, signal: stop.signal, ...(item.url ? { url: item.url } : {}),
        onUrl: (url) => { item.url = url; void keep([rowOf(item)]); },
        onSent: (bytes) => { item.sent = bytes; draw(); },
      });
      item.state = "done";
      delete item.file;
      finished.push(item.id);
      isWaiting.value = false;
      return;
    } catch (error) {
      item.sent = 0;
      if (stop.signal.aborted) { item.state = "waiting"; return; }
      const isPassing = error instanceof ApiError && (error.isPassing || error.status === 409 || error.status === 401);
      if (!isPassing) {
        item.state = "failed";
        item.error = wordsOf(error);
        return;
      }
      isWaiting.value = true;
      await new Promise((resolve) => window.setTimeout(resolve, wait));
      if (stop.signal.aborted) { item.state = "waiting"; return; }
      wait = Math.min(wait * 2, kRetryMsMax);
    }
  }
}

function pump(): void {
  while (!isPaused.value && running < kAtOnce) {
    while (next < items.length && items[next]?.state !== "waiting") next++;
    const item = items[next];
    if (!item) break;
    next++;
    running++;
    void run(item).then(() => {
      running--;
      draw();
      pump();
      if (isOver()) changed.value++;
    });
  }
  draw();
}

export async function store(sources: Source[], bucket: string, prefix: string): Promise<void> {
  if (isOver()) { items = items.filter((one) => one.state === "failed"); next = 0; beginMeasuring(); }
  target.value = bucket + "/" + prefix;
  reading++;
  draw();
  let fresh: Item[] = [];
  // Kept before it can be sent, and so before it can be forgotten: what is done must not come back after a reload.
  const begin = (): void => {
    void keep(fresh.map(rowOf));
    items.push(...fresh);
    fresh = [];
    pump();
  };
  try {
    for await (const found of walk(sources)) {
      fresh.push({ id: newId(), tab: thisTab, bucket, key: prefix + found.path, size: found.file.size, modified: found.file.lastModified, type: found.file.type,
                   ...(found.handle ? { handle: found.handle } : {}), file: found.file, state: "waiting", sent: 0 });
      if (fresh.length >= Math.min(kBatch, items.length + 1)) begin();
    }
  } finally {
    reading--;
    begin();
  }
}

export function pause(): void {
  isPaused.value = true;
  stop.abort();
  draw();
}

export function resume(): void {
  isPaused.value = false;
  stop = new AbortController();
  next = 0;
  beginMeasuring();
  pump();
}

export function end(): void {
  stop.abort();
  stop = new AbortController();
  finished.push(...items.filter((one) => one.state !== "done").map((one) => one.id));
  items = [];
  next = 0;
  isPaused.value = false;
  isWaiting.value = false;
  draw();
  changed.value++;
}

export function clear(): void {
  if (!isOver()) return;
  finished.push(...items.map((one) => one.id));
  items = [];
  next = 0;
  draw();
}

export function retry(): void {
  for (const one of items) if (one.state === "failed") { one.state = "waiting"; delete one.error; }
  next = 0;
  pump();
}

export async function findLeft(): Promise<void> {
  const tabs = await livingTabs();
  left.value = (await kept()).filter((one) => one.tab !== thisTab && !tabs.has(one.tab));
}

interface AskableHandle extends FileSystemFileHandle {
  requestPermission?: (wanted: { mode: "read" }) => Promise<PermissionState>;
}

function take(rows: Kept[], files: Map<string, File>): void {
  if (isOver()) { items = items.filter((one) => one.state === "failed"); next = 0; beginMeasuring(); }
  const taken = new Set(rows.map((one) => one.id));
  for (const row of rows) {
    const mine = { ...row, tab: thisTab };
    void keep([mine]);
    const file = files.get(row.id);
    items.push({ ...mine, state: "waiting", sent: 0, ...(file ? { file } : {}) });
  }
  left.value = left.value.filter((one) => !taken.has(one.id));
  pump();
}

// With handles the browser only asks whether it may read them again; this has to be called by a click.
export async function goOnWithHandles(): Promise<void> {
  const able: Kept[] = [];
  for (const one of left.value) {
    const handle = one.handle as AskableHandle | undefined;
    if (handle && (!handle.requestPermission || (await handle.requestPermission({ mode: "read" })) === "granted")) able.push(one);
  }
  take(able, new Map());
}

// Without: the person chooses the same files again. The same name, size and time of change mean the same file.
export async function goOnWith(sources: Source[]): Promise<void> {
  const files = new Map<string, File>();
  for await (const found of walk(sources)) {
    const row = left.value.find((one) => one.size === found.file.size && one.modified === found.file.lastModified &&
                                         (one.key === found.path || one.key.endsWith("/" + found.path)));
    if (row) files.set(row.id, found.file);
  }
  take(left.value.filter((one) => files.has(one.id)), files);
}

export function forgetLeft(): void {
  void forget(left.value.map((one) => one.id));
  left.value = [];
}

window.addEventListener("beforeunload", (event) => {
  if (!isOver() && items.length > 0) event.preventDefault();
});
