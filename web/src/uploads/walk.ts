// What was dropped or chosen, as a flow of files with their paths. A dropped item can be looked at only while the drop
// event runs, so capture() takes hold of all of them at once and walks later.
export interface Found {
  path: string; // "2024/beach.jpg"
  file: File;
  handle?: FileSystemFileHandle; // where the browser can find the file again after a reload
}

type Source = { kind: "handle"; handle: FileSystemHandle } | { kind: "entry"; entry: FileSystemEntry } | { kind: "file"; path: string; file: File };

interface HandleItem extends DataTransferItem {
  getAsFileSystemHandle?: () => Promise<FileSystemHandle | null>;
}
interface IterableDirectory {
  values(): AsyncIterable<FileSystemHandle>;
}

export function capture(transfer: DataTransfer): () => Promise<Source[]> {
  const waiting: Array<Promise<Source | null>> = [];
  for (const item of transfer.items as unknown as Iterable<HandleItem>) {
    if (item.kind !== "file") continue;
    const entry = item.webkitGetAsEntry();
    const file = item.getAsFile();
    const plain: Source | null = entry ? { kind: "entry", entry } : file ? { kind: "file", path: file.name, file } : null;
    if (item.getAsFileSystemHandle) {
      waiting.push(item.getAsFileSystemHandle().then((handle) => (handle ? { kind: "handle", handle } : plain), () => plain));
    } else {
      waiting.push(Promise.resolve(plain));
    }
  }
  return async () => (await Promise.all(waiting)).filter((one): one is Source => one !== null);
}

export function chosen(list: FileList): Source[] {
  return [...list].map((file) => ({ kind: "file", path: file.webkitRelativePath || file.name, file }));
}

// The name of the folder where exactly one was given: it can name a bucket.
export function folderName(sources: Source[]): string | null {
  const only = sources[0];
  if (!only) return null;
  if (sources.length === 1 && only.kind === "handle") return only.handle.kind === "directory" ? only.handle.name : null;
  if (sources.length === 1 && only.kind === "entry") return only.entry.isDirectory ? only.entry.name : null;
  const tops = new Set(sources.map((one) => (one.kind === "file" ? one.path.split("/")[0] : "")));
  return only.kind === "file" && only.path.includes("/") && tops.size === 1 ? (only.path.split("/")[0] ?? null) : null;
}

export async function* walk(sources: Source[]): AsyncGenerator<Found> {
  for (const source of sources) {
    if (source.kind === "file") yield { path: source.path, file: source.file };
    else if (source.kind === "handle") yield* walkHandle(source.handle, "");
    else yield* walkEntry(source.entry, "");
  }
}

async function* walkHandle(handle: FileSystemHandle, above: string): AsyncGenerator<Found> {
  const path = above + handle.name;
  if (handle.kind === "file") {
    const file = handle as FileSystemFileHandle;
    yield { path, file: await file.getFile(), handle: file };
    return;
  }
  for await (const child of (handle as unknown as IterableDirectory).values()) yield* walkHandle(child, path + "/");
}

async function* walkEntry(entry: FileSystemEntry, above: string): AsyncGenerator<Found> {
  const path = above + entry.name;
  if (entry.isFile) {
    yield { path, file: await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject)) };
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
    if (some.length === 0) return;  // it gives at most a hundred at a time
    for (const child of some) yield* walkEntry(child, path + "/");
  }
}

export type { Source };
