// What is being stored, kept in this browser (IndexedDB), so that it goes on after a reload: the name, where it goes, the
// upload's address on the server, and where the browser allows it a handle to the file itself.
export interface Kept {
  id: string;
  tab: string; // a tab that is still open goes on by itself
  bucket: string;
  key: string;
  size: number;
  modified: number; // ms
  type: string;
  url?: string;
  handle?: FileSystemFileHandle;
}

const kStore = "uploads";
let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((resolve, reject) => {
    const request = indexedDB.open("atoll", 1);
    request.onupgradeneeded = () => request.result.createObjectStore(kStore, { keyPath: "id" });
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  return opened;
}

// Private windows may refuse to keep anything: then storing works, only not across a reload.
async function change(run: (store: IDBObjectStore) => void): Promise<void> {
  try {
    const base = await open();
    await new Promise<void>((resolve, reject) => {
      const transaction = base.transaction(kStore, "readwrite");
      run(transaction.objectStore(kStore));
      transaction.oncomplete = () => resolve();
      transaction.onerror = () => reject(transaction.error);
    });
  } catch {
    // Nothing is lost by it but going on after a reload.
  }
}

export const keep = (some: Kept[]): Promise<void> => change((store) => some.forEach((one) => store.put(one)));
export const forget = (ids: string[]): Promise<void> => change((store) => ids.forEach((id) => store.delete(id)));

export async function kept(): Promise<Kept[]> {
  try {
    const base = await open();
    return await new Promise((resolve, reject) => {
      const request = base.transaction(kStore).objectStore(kStore).getAll();
      request.onsuccess = () => resolve(request.result as Kept[]);
      request.onerror = () => reject(request.error);
    });
  } catch {
    return [];
  }
}

export function newId(): string {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((one) => one.toString(16).padStart(2, "0")).join("");
}

export const thisTab = newId();
// Held as long as this tab lives; where there are no locks (plain http from elsewhere) no tab is known to live.
if ("locks" in navigator) void navigator.locks.request("atoll." + thisTab, () => new Promise<void>(() => {}));

export async function livingTabs(): Promise<Set<string>> {
  if (!("locks" in navigator)) return new Set();
  const state = await navigator.locks.query();
  return new Set((state.held ?? []).map((one) => (one.name ?? "").replace("atoll.", "")));
}
