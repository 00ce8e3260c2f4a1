// Tags and metadata of an object, to be read and changed. Metadata may carry a unit: "4.2 K" is the value and its unit.
import { useSignal } from "@preact/signals";
import { ask } from "../api/client";
import { bucketPath, encodeKey } from "../api/names";
import type { Object as StoredObject } from "../api/types";
import { changed, tell } from "../state/notices";
import { mayMaybe } from "../state/session";
import { t } from "../text/text";
import { Icon } from "./Icon";
import { Failure } from "./States";

interface Row { name: string; value: string }

const rowsOf = (map: Record<string, string> | undefined): Row[] => Object.entries(map ?? {}).map(([name, value]) => ({ name, value }));

// What has to be sent: new and changed values, null for names that are gone (RFC 7396).
function patchOf(before: Record<string, string> | undefined, rows: Row[]): Record<string, string | null> {
  const out: Record<string, string | null> = {};
  const after = new Map(rows.filter((one) => one.name.trim() !== "").map((one) => [one.name.trim(), one.value]));
  for (const [name, value] of after) if (before?.[name] !== value) out[name] = value;
  for (const name of Object.keys(before ?? {})) if (!after.has(name)) out[name] = null;
  return out;
}

function Table({ rows, title, add, isMetadata }: { rows: { value: Row[] }; title: string; add: string; isMetadata?: boolean }) {
  const set = (index: number, change: Partial<Row>): void => { rows.value = rows.value.map((one, i) => (i === index ? { ...one, ...change } : one)); };
  return (
    <fieldset class="describe">
      <legend>{title}</legend>
      {rows.value.map((one, i) => (
        <div class="describe-row" key={i}>
          <input aria-label={`${title}: ${t.object.tagName}`} placeholder={t.object.tagName} value={one.name} onInput={(event) => set(i, { name: event.currentTarget.value })} />
          <input aria-label={`${title}: ${t.object.tagValue}`} placeholder={t.object.tagValue + (isMetadata ? ` (${t.object.unit})` : "")} value={one.value} onInput={(event) => set(i, { value: event.currentTarget.value })} />
          <button type="button" class="button plain icon" aria-label={`${t.verbs.remove}: ${one.name}`} onClick={() => { rows.value = rows.value.filter((_, at) => at !== i); }}><Icon name="close" /></button>
        </div>
      ))}
      <button type="button" class="button plain" onClick={() => { rows.value = [...rows.value, { name: "", value: "" }]; }}><Icon name="plus" size={18} />{add}</button>
    </fieldset>
  );
}

export function Describing({ bucket, object, onSaved }: { bucket: string; object: StoredObject; onSaved: () => void }) {
  const tags = useSignal(rowsOf(object.tags));
  const metadata = useSignal(rowsOf(object.metadata));
  const error = useSignal<unknown>(null);
  const submit = async (event: SubmitEvent): Promise<void> => {
    event.preventDefault();
    const tagPatch = patchOf(object.tags, tags.value);
    const metadataPatch = patchOf(object.metadata, metadata.value);
    try {
      await ask("PATCH", bucketPath(bucket, "objects/" + encodeKey(object)), { body: {
        ...(Object.keys(tagPatch).length > 0 ? { tags: tagPatch } : {}), ...(Object.keys(metadataPatch).length > 0 ? { metadata: metadataPatch } : {}) } });
      tell(t.object.savedTags);
      changed.value++;
      onSaved();
    } catch (problem) {
      error.value = problem;
    }
  };
  return (
    <form class="stack" onSubmit={(event) => void submit(event)}>
      {error.value !== null && <Failure error={error.value} />}
      <Table rows={tags} title={t.object.tags} add={t.object.addTag} />
      <Table rows={metadata} title={t.object.metadata} add={t.object.addEntry} isMetadata />
      <p class="soft small">{t.object.metadataHelp}</p>
      {mayMaybe("tag") && <div class="actions line"><button type="submit" class="button primary">{t.verbs.save}</button></div>}
    </form>
  );
}
