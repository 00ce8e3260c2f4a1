// A folder as pictures, by the month in which they were taken: as the picture itself says, else the time that the file
// carries. Pictures are loaded as they come into sight.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { lastPart } from "../../api/names";
import type { Object as StoredObject } from "../../api/types";
import { byName, monthOf } from "../../format/format";
import { Icon, iconOf } from "../../parts/Icon";
import { Thumbnail } from "../../parts/Thumbnail";
import { href } from "../../state/route";
import { t } from "../../text/text";
import { entryKey, type Entry } from "./pages";

const kStep = 200;

const taken = (object: StoredObject): string => object.date ?? object.modified;

export function Pictures({ bucket, asOf, entries, onNear, isComplete }: { bucket: string; asOf: string; entries: Entry[]; onNear: () => void; isComplete: boolean }) {
  const shown = useSignal(kStep);
  const end = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!end.current) return undefined;
    const seen = new IntersectionObserver((rows) => { if (rows.some((one) => one.isIntersecting)) { shown.value += kStep; onNear(); } });
    seen.observe(end.current);
    return () => seen.disconnect();
  }, [entries]);
  const folders = entries.filter((one) => one.kind === "folder");
  const files = entries.filter((one): one is Extract<Entry, { kind: "object" }> => one.kind === "object")
    .sort((a, b) => taken(b.object).localeCompare(taken(a.object)) || byName.compare(a.object.key, b.object.key));
  const months = new Map<string, typeof files>();
  for (const one of files.slice(0, shown.value)) {
    const name = monthOf(taken(one.object));
    months.set(name, [...(months.get(name) ?? []), one]);
  }
  return (
    <div class="stack wide">
      {folders.length > 0 && (
        <ul class="tiles small-tiles">
          {folders.map((one) => <li key={entryKey(one)}><a class="tile-folder card" href={href("files/" + bucket, { in: entryKey(one), as_of: asOf })}><Icon name="folder" /><span>{lastPart(entryKey(one))}</span></a></li>)}
        </ul>
      )}
      {[...months].map(([name, some]) => (
        <section key={name} class="stack tight">
          <h2>{name}</h2>
          <ul class="tiles">
            {some.map(({ object }) => (
              <li key={object.key}>
                <a class="tile" href={href("object/" + bucket, { key: object.key, key64: object.key_b64, as_of: asOf })}>
                  <Thumbnail object={object} icon={iconOf(object.key, object.type, object.content_type)} asOf={asOf} />
                  <span class="tile-name small">{lastPart(object.key)}</span>
                </a>
              </li>
            ))}
          </ul>
        </section>
      ))}
      <div ref={end}>{(shown.value < files.length || !isComplete) && <p class="soft">{t.states.loading}</p>}</div>
    </div>
  );
}
