// The windows of a folder: rename, move, remove, tags and metadata, a new folder.
import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { ApiError, ask, post } from "../../api/client";
import { bucketPath, encodeKey, folderOf, lastPart } from "../../api/names";
import type { Count, Object as StoredObject, RemoveCount } from "../../api/types";
import { Describing } from "../../parts/Describing";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { MainButton } from "../../parts/MainButton";
import { Failure, Waiting } from "../../parts/States";
import { complain, tellUndoable } from "../../state/notices";
import { go, href } from "../../state/route";
import { t } from "../../text/text";
import { entryKey, type Entry } from "./pages";

interface Common {
  bucket: string;
  onClose: (isDone: boolean) => void;
}

const source = (bucket: string, entry: Entry) =>
  entry.kind === "folder" ? { bucket, prefix: entry.prefix.prefix } : { bucket, key: entry.object.key, ...(entry.object.key_b64 ? { key: undefined, key_b64: entry.object.key_b64 } : {}) };

async function move(bucket: string, entry: Entry, toBucket: string, toKey: string): Promise<void> {
  await post<Count>("api/v1/move", { from: source(bucket, entry), to: { bucket: toBucket, key: toKey } });
}

const wordsOfTaken = (error: unknown): unknown => (error instanceof ApiError && error.status === 412 ? new Error(t.files.nameTaken) : error);

export function Rename({ bucket, entry, onClose }: Common & { entry: Entry }) {
  const before = lastPart(entryKey(entry));
  const name = useSignal(before);
  const error = useSignal<unknown>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const target = folderOf(entryKey(entry)) + name.value + (entry.kind === "folder" ? "/" : "");
    if (name.value === before) { onClose(false); return; }
    try {
      await move(bucket, entry, bucket, target);
      onClose(true);
      tellUndoable(t.files.renamed(name.value));
    } catch (problem) {
      error.value = wordsOfTaken(problem);
    }
  };
  return (
    <Dialog title={t.files.renameTitle(before)} onClose={() => onClose(false)}>
      <form onSubmit={(event) => void submit(event)}>
        {error.value !== null && <Failure error={error.value} />}
        <Field label={t.files.newName} value={name} isNeeded hasFocus />
        <div class="actions">
          <button type="button" class="button" onClick={() => onClose(false)}>{t.verbs.cancel}</button>
          <button type="submit" class="button primary">{t.verbs.rename}</button>
        </div>
      </form>
    </Dialog>
  );
}

export function MoveTo({ bucket, prefix, entries, onClose }: Common & { prefix: string; entries: Entry[] }) {
  const target = useSignal(bucket + "/" + prefix);
  const error = useSignal<unknown>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const [toBucket = "", ...folders] = target.value.replace(/^\/+/, "").split("/");
    const folder = folders.filter((part) => part !== "").join("/");
    const to = folder === "" ? "" : folder + "/";
    try {
      for (const one of entries) await move(bucket, one, toBucket, to + lastPart(entryKey(one)) + (one.kind === "folder" ? "/" : ""));
      onClose(true);
      tellUndoable(t.files.moved(entries.length));
    } catch (problem) {
      error.value = wordsOfTaken(problem);
    }
  };
  return (
    <Dialog title={t.files.moveTitle(entries.length)} onClose={() => onClose(false)}>
      <form onSubmit={(event) => void submit(event)}>
        {error.value !== null && <Failure error={error.value} />}
        <Field label={t.files.moveTo} value={target} help={t.files.moveHelp} isNeeded hasFocus />
        <div class="actions">
          <button type="button" class="button" onClick={() => onClose(false)}>{t.verbs.cancel}</button>
          <button type="submit" class="button primary">{t.verbs.move}</button>
        </div>
      </form>
    </Dialog>
  );
}

async function remove(bucket: string, entries: Entry[], isPlan: boolean): Promise<Count> {
  const keys = entries.flatMap((one) => (one.kind === "object" && !one.object.key_b64 ? [one.object.key] : []));
  const keysB64 = entries.flatMap((one) => (one.kind === "object" && one.object.key_b64 ? [one.object.key_b64] : []));
  const total: Count = { objects: 0, bytes: 0, dry_run: isPlan };
  const orders: object[] = entries.flatMap((one) => (one.kind === "folder" ? [{ prefix: one.prefix.prefix }] : []));
  for (let i = 0; i < keys.length; i += 1000) orders.push({ keys: keys.slice(i, i + 1000) });
  for (let i = 0; i < keysB64.length; i += 1000) orders.push({ keys_b64: keysB64.slice(i, i + 1000) });
  for (const order of orders) {
    const done = await post<RemoveCount>(bucketPath(bucket, "remove"), { ...order, dry_run: isPlan });
    total.objects += done.objects;
    total.bytes += done.bytes;
    if (done.failed[0]) throw new Error(`${done.failed[0].key}: ${done.failed[0].detail}`);
  }
  return total;
}

// What it would remove is counted first: a folder may hold more than one thinks.
export function Remove({ bucket, entries, onClose }: Common & { entries: Entry[] }) {
  const plan = useSignal<Count | null>(null);
  const error = useSignal<unknown>(null);
  const isBusy = useSignal(false);
  useEffect(() => { remove(bucket, entries, true).then((found) => (plan.value = found), (problem: unknown) => (error.value = problem)); }, []);
  const run = async (): Promise<void> => {
    isBusy.value = true;
    try {
      const done = await remove(bucket, entries, false);
      onClose(true);
      tellUndoable(t.files.removed(done.objects));
    } catch (problem) {
      error.value = problem;
      isBusy.value = false;
    }
  };
  return (
    <Dialog title={t.files.removeTitle} onClose={() => onClose(false)}>
      {error.value !== null && <Failure error={error.value} />}
      {plan.value ? <p>{t.files.removeFiles(entries.length)} {t.files.removeCounted(plan.value.objects, plan.value.bytes)}</p> : error.value === null && <Waiting />}
      <div class="actions">
        <button type="button" class="button" onClick={() => onClose(false)}>{t.verbs.cancel}</button>
        <MainButton words={t.verbs.remove} isReady={plan.value !== null && !isBusy.value} isBad onPress={() => void run()} />
      </div>
    </Dialog>
  );
}

export function Describe({ bucket, object, onClose }: Common & { object: StoredObject }) {
  return (
    <Dialog title={lastPart(object.key)} onClose={() => onClose(false)} isWide>
      <Describing bucket={bucket} object={object} onSaved={() => {}} />
    </Dialog>
  );
}

export function NewFolder({ bucket, prefix, onClose }: { bucket: string; prefix: string; onClose: () => void }) {
  const name = useSignal("");
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const key = prefix + name.value.replace(/^\/+|\/+$/g, "") + "/";
    try {
      // As S3 clients make folders: an empty object whose key ends with a slash.
      await ask("PUT", bucketPath(bucket, "objects/" + encodeKey({ key })), { content: "" });
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 400) { complain(error); return; }
    }
    onClose();
    go(href("files/" + bucket, { in: key }));
  };
  return (
    <Dialog title={t.files.newFolder} onClose={onClose}>
      <form onSubmit={(event) => void submit(event)}>
        <Field label={t.files.folderName} value={name} help={t.files.folderHelp} isNeeded hasFocus />
        <div class="actions">
          <button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button>
          <button type="submit" class="button primary">{t.verbs.create}</button>
        </div>
      </form>
    </Dialog>
  );
}
