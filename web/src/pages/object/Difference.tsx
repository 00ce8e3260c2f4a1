// What differs between two versions: columns, rows and cells of tables, lines of text side by side, made from the server's
// unified diff; sizes of anything else.
import { useSignal } from "@preact/signals";
import { get } from "../../api/client";
import { bucketPath, encodeKey, type Key } from "../../api/names";
import type { ObjectDifference, TableDifference, VersionList } from "../../api/types";
import { dateTime, size } from "../../format/format";
import { Field } from "../../parts/Field";
import { Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { t } from "../../text/text";

interface Side { number: number; text: string; isChanged: boolean }
type Pair = { kind: "gap" } | { kind: "line"; before: Side | null; after: Side | null };

// Removed lines stand beside the added ones that follow them.
export function pairsOf(unified: string): Pair[] {
  const out: Pair[] = [];
  let before = 0;
  let after = 0;
  let gone: Side[] = [];
  let come: Side[] = [];
  const flush = (): void => {
    for (let i = 0; i < Math.max(gone.length, come.length); i++) out.push({ kind: "line", before: gone[i] ?? null, after: come[i] ?? null });
    gone = [];
    come = [];
  };
  for (const line of unified.split("\n")) {
    const head = /^@@ -(\d+)(?:,\d+)? \+(\d+)/.exec(line);
    if (head) {
      flush();
      before = Number(head[1]);
      after = Number(head[2]);
      if (out.length > 0) out.push({ kind: "gap" });
    } else if (line.startsWith("\\")) continue;
    else if (line.startsWith("-")) gone.push({ number: before++, text: line.slice(1), isChanged: true });
    else if (line.startsWith("+")) come.push({ number: after++, text: line.slice(1), isChanged: true });
    else if (line.startsWith(" ")) {
      flush();
      const text = line.slice(1);
      out.push({ kind: "line", before: { number: before++, text, isChanged: false }, after: { number: after++, text, isChanged: false } });
    }
  }
  flush();
  return out;
}

function Cell({ side, mark }: { side: Side | null; mark: string }) {
  const isMarked = side?.isChanged ?? false;
  return (
    <>
      <td class="diff-number">{side?.number ?? ""}</td>
      <td class={isMarked ? `diff-text ${mark}` : "diff-text"}>{isMarked && <span class="hidden-words">{mark === "gone" ? "−" : "+"}</span>}{side?.text ?? ""}</td>
    </>
  );
}

function Names({ label, names }: { label: string; names: string[] }) {
  return names.length === 0 ? null : <p>{label}: {names.map((one, i) => <span key={one}>{i > 0 && ", "}<b>{one}</b></span>)}</p>;
}

const rowsShown = 200;

function TableChanges({ table }: { table: TableDifference }) {
  const words = t.object.tableDiff;
  const label = (row: string): string => table.row_column === undefined ? words.row(row) : `${table.row_column} ${row}`;
  const all = table.rows_added + table.rows_removed + table.rows_changed;
  return (
    <div class="stack">
      <p>{words.rows(table.rows_before, table.rows_after, table.rows_added, table.rows_removed, table.rows_changed)}</p>
      <Names label={words.columnsAdded} names={table.columns_added} />
      <Names label={words.columnsRemoved} names={table.columns_removed} />
      <Names label={words.typesChanged} names={table.types_changed} />
      {table.rows.length > 0 && (
        <div class="diff card" tabIndex={0} role="region" aria-label={words.title}>
          <table><thead><tr><th scope="col">{words.rowHead}</th><th scope="col">{words.column}</th><th scope="col">{t.object.before}</th><th scope="col">{t.object.after}</th></tr></thead>
            <tbody>{table.rows.slice(0, rowsShown).flatMap((row) => row.kind === "changed"
              ? row.cells.map((cell, i) => <tr key={`${row.row} ${cell.column}`}><td>{i === 0 ? label(row.row) : ""}</td><td>{cell.column}</td><td class="diff-text gone">{cell.before}</td><td class="diff-text come">{cell.after}</td></tr>)
              : [<tr key={`${row.kind} ${row.row}`}><td>{label(row.row)}</td><td colSpan={3} class={row.kind === "added" ? "diff-text come" : "diff-text gone"}>{words[row.kind]}</td></tr>])}</tbody></table>
        </div>
      )}
      {all > Math.min(rowsShown, table.rows.length) && <p class="soft">{words.more(all - Math.min(rowsShown, table.rows.length))}</p>}
    </div>
  );
}

export function Difference({ bucket, name, list, from, to }: { bucket: string; name: Key; list: VersionList; from: string | null; to: string | null }) {
  const versions = list.versions;
  const before = useSignal(from ?? versions[1]?.version ?? "");
  const after = useSignal(to ?? versions[0]?.version ?? "");
  const { state, again } = useLoad(
    () => (before.value ? get<ObjectDifference>(bucketPath(bucket, "diff/" + encodeKey(name)), { from: before.value, to: after.value }) : Promise.resolve(null)),
    [bucket, name.key, before.value, after.value]);
  if (versions.length < 2) return <p class="soft">{t.object.oneVersion}</p>;
  const choices = versions.map((one): [string, string] => [one.version, `${dateTime(one.began)}${one.is_current ? ` (${t.object.current})` : ""}`]);
  return (
    <div class="stack">
      <div class="diff-choice"><Field label={t.object.before} value={before} choices={choices} /><Field label={t.object.after} value={after} choices={choices} /></div>
      <Loaded state={state.value} again={again}>
        {(found) => found === null ? null
          : found.same_content ? <p class="soft">{t.object.sameContent}</p>
          : found.table !== undefined ? <TableChanges table={found.table} />
          : found.lines === undefined ? <p>{t.object.notText(found.shared_bytes ?? 0, found.changed_bytes ?? 0)} {size(found.size_before)} → {size(found.size_after)}</p>
          : (
            <div class="diff card" tabIndex={0} role="region" aria-label={t.object.diff}>
              <table><colgroup><col class="diff-number" /><col /><col class="diff-number" /><col /></colgroup><thead class="hidden-words"><tr><th scope="col" colSpan={2}>{t.object.before}</th><th scope="col" colSpan={2}>{t.object.after}</th></tr></thead>
                <tbody>{pairsOf(found.lines).map((one, i) => one.kind === "gap" ? <tr key={i}><td class="diff-gap" colSpan={4}>⋯</td></tr>
                  : <tr key={i}><Cell side={one.before} mark="gone" /><Cell side={one.after} mark="come" /></tr>)}</tbody></table>
            </div>
          )}
      </Loaded>
    </div>
  );
}
