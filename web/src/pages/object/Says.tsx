// What a file says about itself, in the page's words, and what is in it. Of the newest version: older ones are not read again.
import { useEffect, useRef } from "preact/hooks";
import { address, get } from "../../api/client";
import { bucketPath, encodeKey, objectPath, type Key } from "../../api/names";
import type { Understood } from "../../api/types";
import { clockOf, count, dateTime, languageName, size } from "../../format/format";
import { Icon, iconOf } from "../../parts/Icon";
import { Loaded } from "../../parts/States";
import { useEvery, useLoad } from "../../state/load";
import { t } from "../../text/text";

type Field = NonNullable<Understood["fields"]>[number];
type Member = NonNullable<Understood["members"]>[number];

const kAgainSeconds = 3;
const kValuesShown = 20;
const kTime = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/;
const times = ["created", "modified", "start", "end"];
// Told in one line where both are there.
const pairs: Array<[string, string]> = [["width", "height"], ["latitude", "longitude"]];
const kVersion = "format_version";

function valueWords(name: string, value: string): string {
  const number = value.trim() === "" ? NaN : Number(value);
  if (times.includes(name)) return kTime.test(value) && !Number.isNaN(Date.parse(value)) ? dateTime(value) : value;
  if (name === "language") return languageName(value);
  if (Number.isNaN(number)) return value;
  if (name === "duration_ms") return clockOf(number);
  if (name.endsWith("_bytes")) return size(number);
  return name.endsWith("_count") || name.endsWith("_hz") ? count(number) : value;
}

function degrees(value: string, positive: string, negative: string): string {
  const number = Number(value);
  return `${Math.abs(number).toFixed(5)}° ${number < 0 ? negative : positive}`;
}

// One row for each name, in the order in which the file says them.
function rowsOf(fields: Field[]): Array<[string, string[]]> {
  const rows = new Map<string, string[]>();
  const first = (name: string): string | undefined => fields.find((one) => one.name === name)?.value;
  const together = pairs.filter((pair) => pair.every((name) => first(name) !== undefined));
  for (const { name, value } of fields) {
    if (together.flat().includes(name) || name === kVersion) continue;
    const label = t.fields[name] ?? name.replaceAll("_", " ");
    rows.set(label, [...(rows.get(label) ?? []), valueWords(name, value)]);
  }
  for (const pair of together) {
    const [one = "", other = ""] = pair.map(first);
    if (pair[0] === "width") rows.set(t.says.dimensions, [t.says.pixels(one, other)]);
    else rows.set(t.says.position, [`${degrees(one, "N", "S")}, ${degrees(other, "E", "W")}`]);
  }
  return [...rows];
}

function Values({ list }: { list: string[] }) {
  if (list.length === 1) return <>{list[0]}</>;
  return <ul>{list.slice(0, kValuesShown).map((one, i) => <li key={i}>{one}</li>)}{list.length > kValuesShown && <li class="soft">{t.says.more(list.length - kValuesShown)}</li>}</ul>;
}

// A link to it alone; of a folder and of what could not be read there is none.
function MemberName({ one, at }: { one: Member; at: string }) {
  const words = one.path.split("!/").join(" › ");
  if (one.is_folder || !one.format) return <span class="grow">{words}</span>;
  return <a class="grow" href={address(at, { member: one.path })} target="_blank" rel="noreferrer">{words}</a>;
}

// `at`: the address of what holds them.
function Members({ list, all, inside, at }: { list: Member[]; all: number; inside: string; at: string }) {
  const marked = useRef<HTMLLIElement>(null);
  useEffect(() => marked.current?.scrollIntoView({ block: "center" }), [inside]);
  // Of "a.zip!/b.pdf" the list of this file names "a.zip" only where what lies deeper is not listed itself.
  const isIt = (path: string): boolean => inside === path || (inside.startsWith(path + "!/") && !list.some((one) => one.path === inside));
  return (
    <section class="card padded stack tight">
      <h2>{t.says.contents}</h2>
      <p class="soft small">{list.length < all ? t.says.listed(list.length, all) : t.says.members(all)}</p>
      <ul class="members">
        {list.map((one) => (
          <li key={one.path} ref={isIt(one.path) ? marked : null} class={isIt(one.path) ? "is-found" : ""} aria-current={isIt(one.path) ? "true" : undefined}>
            <Icon name={iconOf(one.path, one.is_folder ? "directory" : "file")} size={18} /><MemberName one={one} at={at} />
            {one.format && <span class="soft small">{t.find.types[one.format] ?? one.format}</span>}
            {!one.is_folder && <span class="soft small number">{size(one.size)}</span>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function formatWords(found: Understood, format: string): string {
  const name = [t.find.types[format] ?? format, found.fields?.find((one) => one.name === kVersion)?.value].filter(Boolean).join(" ");
  return [name, found.media_type].filter(Boolean).join(", ");
}

function Facts({ found }: { found: Understood }) {
  const rows = rowsOf(found.fields ?? []);
  return (
    <section class="card padded stack tight">
      <h2>{t.says.title}</h2>
      {found.trouble && <p class="line says-trouble"><Icon name="warning" size={18} /><span class="grow">{found.trouble}</span></p>}
      <dl class="facts">
        {rows.map(([label, list]) => <><dt key={label}>{label}</dt><dd><Values list={list} /></dd></>)}
        {found.language && <><dt>{t.says.language}</dt><dd>{languageName(found.language)}</dd></>}
        {found.format && <><dt>{t.says.format}</dt><dd>{formatWords(found, found.format)}</dd></>}
      </dl>
      {rows.length === 0 && !found.trouble && <p class="soft">{t.says.none}</p>}
      {found.is_truncated && <p class="soft small">{t.says.cutOff}</p>}
      {found.raw && found.raw.length > 0 && (
        <details><summary>{t.says.raw(found.raw.length)}</summary>
          <dl class="facts small says-raw">{found.raw.map((one, i) => <><dt key={i} class="code">{one.name}</dt><dd>{one.value}</dd></>)}</dl></details>
      )}
    </section>
  );
}

export function Says({ bucket, name, inside }: { bucket: string; name: Key; inside: string }) {
  const { state, again } = useLoad(() => get<Understood>(bucketPath(bucket, "understood/" + encodeKey(name))), [bucket, name.key, name.key_b64]);
  useEvery(kAgainSeconds, again, state.value.value?.is_known === false);
  return (
    <Loaded state={state.value} again={again}>
      {(found) => !found.is_known ? <p class="soft">{t.says.unknown}</p> : (
        <div class="stack">
          <Facts found={found} />
          {found.members && found.members.length > 0 && <Members list={found.members} all={found.member_count ?? found.members.length} inside={inside} at={objectPath(bucket, name)} />}
        </div>
      )}
    </Loaded>
  );
}
