// Files and folders may be dropped anywhere on the page. Where it is not clear which bucket they are for, it asks.
import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { all, ask, ApiError } from "../api/client";
import type { BucketList } from "../api/types";
import { Dialog } from "../parts/Dialog";
import { Field } from "../parts/Field";
import { Icon } from "../parts/Icon";
import { complain } from "../state/notices";
import { changed } from "../state/notices";
import { go, href } from "../state/route";
import { t } from "../text/text";
import { store } from "./queue";
import { capture, folderName, type Source } from "./walk";
import "./drop.css";

// Where dropped files go: set by the page that is shown.
export const dropTarget = signal<{ bucket: string; prefix: string } | null>(null);
const asking = signal<Source[] | null>(null);

// As `atoll put` makes a bucket's name of a folder's: small letters, digits, hyphens.
export function bucketNameOf(folder: string): string {
  const name = folder.normalize("NFKD").toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-+|-+$/g, "").slice(0, 63);
  return name.length >= 3 ? name : "files";
}

export async function ensureBucket(name: string): Promise<void> {
  try {
    await ask("GET", `api/v1/buckets/${encodeURIComponent(name)}`);
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error;
    await ask("PUT", `api/v1/buckets/${encodeURIComponent(name)}`);
    changed.value++;
  }
}

// A bucket is asked for where the page names none.
export function storeOrAsk(sources: Source[]): void {
  const place = dropTarget.value;
  if (sources.length === 0) return;
  if (place) void ensureBucket(place.bucket).then(() => store(sources, place.bucket, place.prefix)).catch(complain);
  else asking.value = sources;
}

function AskBucket({ sources }: { sources: Source[] }) {
  const folder = folderName(sources);
  const name = useSignal(folder ? bucketNameOf(folder) : "files");
  const known = useSignal<string[]>([]);
  useEffect(() => {
    all<BucketList>("api/v1/buckets").then((pages) => (known.value = pages.flatMap((one) => one.buckets.map((bucket) => bucket.name))), complain);
  }, []);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    try {
      await ensureBucket(name.value);
      asking.value = null;
      go(href("files/" + name.value));
      await store(sources, name.value, "");
    } catch (error) {
      complain(error);
    }
  };
  return (
    <Dialog title={t.files.openInBucket} onClose={() => (asking.value = null)}>
      <form onSubmit={(event) => void submit(event)}>
        <Field label={t.files.chooseBucket} value={name} help={t.first.bucketHelp} isNeeded hasFocus />
        {known.value.length > 0 && (
          <div class="line">{known.value.slice(0, 12).map((one) => <button key={one} type="button" class="button" onClick={() => (name.value = one)}><Icon name="bucket" size={18} />{one}</button>)}</div>
        )}
        <div class="actions">
          <button type="button" class="button" onClick={() => (asking.value = null)}>{t.verbs.cancel}</button>
          <button type="submit" class="button primary">{t.files.upload}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function DropZone() {
  const depth = useSignal(0);
  useEffect(() => {
    const isFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes("Files") ?? false;
    const enter = (event: DragEvent): void => { if (isFiles(event)) { event.preventDefault(); depth.value++; } };
    const leave = (event: DragEvent): void => { if (isFiles(event)) depth.value = Math.max(0, depth.value - 1); };
    const over = (event: DragEvent): void => {
      if (!isFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = "copy";
    };
    const drop = (event: DragEvent): void => {
      if (!isFiles(event) || !event.dataTransfer) return;
      event.preventDefault();
      depth.value = 0;
      void capture(event.dataTransfer)().then(storeOrAsk, complain);
    };
    const pairs: Array<[string, (event: DragEvent) => void]> = [["dragenter", enter], ["dragleave", leave], ["dragover", over], ["drop", drop]];
    for (const [name, run] of pairs) window.addEventListener(name, run as EventListener);
    return () => { for (const [name, run] of pairs) window.removeEventListener(name, run as EventListener); };
  }, []);
  const place = dropTarget.value;
  return (
    <>
      {depth.value > 0 && (
        <div class="drop"><p><Icon name="upload" size={32} />{place ? t.files.dropHere(place.bucket + "/" + place.prefix) : t.files.dropNewBucket}</p></div>
      )}
      {asking.value && <AskBucket sources={asking.value} />}
    </>
  );
}
