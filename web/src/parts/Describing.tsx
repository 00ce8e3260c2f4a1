// Tags and metadata of an object, to be read and changed. Metadata may be numbers with units, see units.ts.
import { useSignal } from "@preact/signals";
import { useId } from "preact/hooks";
import { ask } from "../api/client";
import { bucketPath, encodeKey } from "../api/names";
import type { Object as StoredObject } from "../api/types";
import { changed, tell } from "../state/notices";
import { mayMaybe } from "../state/session";
import { t } from "../text/text";
import { Icon } from "./Icon";
import { Failure } from "./States";
import { join, knownUnits, readValue, split, troubleOf, type Entry } from "./units";

type Texts = Record<string, string>;

const tagsOf = (map: Texts | undefined): Entry[] => Object.entries(map ?? {}).map(([name, value]) => ({ name, value, unit: "" }));
const entriesOf = (map: Texts | undefined): Entry[] => Object.entries(map ?? {}).map(([key, value]) => split(key, value));

// What has to be sent: new and changed values, null for names that are gone (RFC 7396).
function patchOf(before: Texts | undefined, rows: Entry[]): Record<string, string | null> {
  const out: Record<string, string | null> = {};
  const after = new Map(rows.filter((one) => one.name.trim() !== "").map(join));
  // As it would be written anew: what nobody changed is not sent.
  const kept = new Map(Object.entries(before ?? {}).map(([name, value]) => [name, join(split(name, value))[1]]));
  for (const [name, value] of after) if (before?.[name] !== value && kept.get(name) !== value) out[name] = value;
  for (const name of Object.keys(before ?? {})) if (!after.has(name)) out[name] = null;
  return out;
}

// Why the rows cannot be kept, in words; null: they can.
function troubleWith(rows: Entry[], index: number): string | null {
  const one = rows[index];
  if (!one || one.name.trim() === "") return null;
  switch (troubleOf(one)) {
    case "unknown_unit": return t.object.unitUnknown(one.unit);
    case "no_number": return t.object.unitNeedsNumber(one.unit);
    default: return rows.some((other, i) => i < index && join(other)[0] === join(one)[0]) ? t.object.twice(one.name) : null;
  }
}

function Table({ rows, title, add, hasUnits }: { rows: { value: Entry[] }; title: string; add: string; hasUnits?: boolean }) {
  const id = useId();
  const set = (index: number, change: Partial<Entry>): void => { rows.value = rows.value.map((one, i) => (i === index ? { ...one, ...change } : one)); };
  return (
    <fieldset class={hasUnits ? "describe has-units" : "describe"}>
      <legend>{title}</legend>
      {hasUnits && <datalist id={id}>{knownUnits.map((one) => <option key={one} value={one} />)}</datalist>}
      {rows.value.map((one, i) => {
        const trouble = hasUnits ? troubleWith(rows.value, i) : null;
        const told = trouble ? { "aria-invalid": true, "aria-describedby": `${id}t${i}` } : {};
        return (
          <div class="describe-row" key={i}>
            <input aria-label={`${title}: ${t.object.tagName}`} placeholder={t.object.tagName} value={one.name} onInput={(event) => set(i, { name: event.currentTarget.value })} />
            <input aria-label={`${title}: ${t.object.tagValue}`} placeholder={t.object.tagValue} value={one.value} {...told} onInput={(event) => set(i, { value: event.currentTarget.value })}
              onBlur={() => { const read = hasUnits && one.unit === "" ? readValue(one.value) : null; if (read) set(i, read); }} />
            {hasUnits && <input aria-label={`${title}: ${t.object.unit}`} placeholder={t.object.unit} list={id} value={one.unit} {...told} onInput={(event) => set(i, { unit: event.currentTarget.value })} />}
            <button type="button" class="button plain icon" aria-label={`${t.verbs.remove}: ${one.name}`} onClick={() => { rows.value = rows.value.filter((_, at) => at !== i); }}><Icon name="close" /></button>
            {trouble && <p class="describe-trouble small" id={`${id}t${i}`}>{trouble}</p>}
          </div>
        );
      })}
      <button type="button" class="button plain" onClick={() => { rows.value = [...rows.value, { name: "", value: "", unit: "" }]; }}><Icon name="plus" size={18} />{add}</button>
    </fieldset>
  );
}

export function Describing({ bucket, object, onSaved }: { bucket: string; object: StoredObject; onSaved: () => void }) {
  const tags = useSignal(tagsOf(object.tags));
  const metadata = useSignal(entriesOf(object.metadata));
  const error = useSignal<unknown>(null);
  const isRight = metadata.value.every((_, i) => troubleWith(metadata.value, i) === null);
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
      <Table rows={metadata} title={t.object.metadata} add={t.object.addEntry} hasUnits />
      <p class="soft small">{t.object.metadataHelp} <code>meta.length_mm&gt;=12</code></p>
      {mayMaybe("tag") && <div class="actions line"><button type="submit" class="button primary" disabled={!isRight}>{t.verbs.save}</button></div>}
    </form>
  );
}
