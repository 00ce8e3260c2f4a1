// /ui/find?q=…: files by name and facts. What was searched is said, and what was not.
import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { all, post } from "../../api/client";
import { lastPart, folderOf } from "../../api/names";
import type { BucketList, Object as StoredObject, SearchResults } from "../../api/types";
import { dateTime, size } from "../../format/format";
import { Field } from "../../parts/Field";
import { Icon, iconOf } from "../../parts/Icon";
import { Empty, Failure, Waiting } from "../../parts/States";
import { Thumbnail } from "../../parts/Thumbnail";
import { useLoad } from "../../state/load";
import { changed } from "../../state/notices";
import { go, href, route } from "../../state/route";
import { t } from "../../text/text";
import "./find.css";

const kTyping = 250;
const kinds: Record<string, string> = {
  image: "(content_type:image/* or name:*.jpg|*.jpeg|*.png|*.gif|*.webp|*.heic|*.svg|*.JPG|*.PNG)", video: "(content_type:video/* or name:*.mp4|*.mov|*.mkv|*.webm)",
  audio: "(content_type:audio/* or name:*.mp3|*.flac|*.ogg|*.m4a|*.wav)", pdf: "(content_type:application/pdf or name:*.pdf)",
  text: "(content_type:text/* or name:*.txt|*.md|*.csv)",
};

// Words as people type them: what is no filter by its form is looked for in names.
function filterOf(words: string, kind: string, when: string, over: string): string {
  return [words.trim() === "" ? "" : `(${words})`, kinds[kind] ?? "", when === "any" ? "" : `modified>${when}`, over === "any" ? "" : `size>${over}`, "not type:directory"]
    .filter((one) => one !== "").join(" ");
}

function Row({ object }: { object: StoredObject }) {
  return (
    <li class="found">
      <a href={href("object/" + object.bucket, { key: object.key, key64: object.key_b64 })}>
        <Thumbnail object={object} icon={iconOf(object.key, object.type, object.content_type)} />
        <span class="grow"><strong>{lastPart(object.key)}</strong>
          <span class="soft small">{object.bucket}/{folderOf(object.key)}</span>
          {object.tags && <span class="line">{Object.entries(object.tags).map(([name, value]) => <span key={name} class="chip">{value ? `${name}: ${value}` : name}</span>)}</span>}</span>
        <span class="soft small number">{size(object.size)}<br />{dateTime(object.modified)}</span>
      </a>
    </li>
  );
}

export default function Find() {
  const { query } = route.value;
  const words = useSignal(query.get("q") ?? "");
  const kind = useSignal(query.get("kind") ?? "any");
  const when = useSignal(query.get("when") ?? "any");
  const over = useSignal(query.get("size") ?? "any");
  const bucket = useSignal(query.get("bucket") ?? "");
  const input = useRef<HTMLInputElement>(null);
  const more = useSignal<StoredObject[]>([]);
  const cursor = useSignal<string | undefined>(undefined);
  const asked = useSignal(words.value);

  useEffect(() => input.current?.focus(), []);
  useEffect(() => { const from = query.get("q"); if (from !== null && from !== asked.value) words.value = asked.value = from; }, [query]);
  useEffect(() => {
    const timer = window.setTimeout(() => { asked.value = words.value; }, kTyping);
    return () => window.clearTimeout(timer);
  }, [words.value]);
  const order = useComputed(() => ({ filter: filterOf(asked.value, kind.value, when.value, over.value), ...(bucket.value ? { bucket: bucket.value } : {}), limit: 100 }));
  const isEmpty = asked.value.trim() === "" && kind.value === "any" && when.value === "any" && over.value === "any";
  const { state, again } = useLoad(async () => {
    more.value = [];
    const page = isEmpty ? null : await post<SearchResults>("api/v1/search", order.value);
    cursor.value = page?.next_cursor;
    go(href("find", { q: asked.value, kind: kind.value === "any" ? "" : kind.value, when: when.value === "any" ? "" : when.value, size: over.value === "any" ? "" : over.value, bucket: bucket.value }), true);
    return page;
  }, [order.value, changed.value]);
  const { state: buckets } = useLoad(async () => (await all<BucketList>("api/v1/buckets")).flatMap((page) => page.buckets.map((one) => one.name)), []);

  const showMore = async (): Promise<void> => {
    const page = await post<SearchResults>("api/v1/search", { ...order.value, cursor: cursor.value });
    more.value = [...more.value, ...page.results];
    cursor.value = page.next_cursor;
  };
  const found = state.value.value;
  const list = [...(found?.results ?? []), ...more.value];
  const pairs = (table: Record<string, string>): Array<[string, string]> => Object.entries(table);
  return (
    <div class="stack">
      <h1 class="hidden-words">{t.find.title}</h1>
      <form class="find-box" role="search" onSubmit={(event) => { event.preventDefault(); asked.value = words.value; }}>
        <label class="hidden-words" for="find-words">{t.find.words}</label>
        <Icon name="search" />
        <input id="find-words" ref={input} type="search" placeholder={t.home.searchHint} autocomplete="off" value={words.value} onInput={(event) => (words.value = event.currentTarget.value)} />
      </form>
      <div class="find-facets">
        <Field label={t.find.kind} value={kind} choices={pairs(t.find.kinds)} />
        <Field label={t.find.time} value={when} choices={pairs(t.find.when)} />
        <Field label={t.find.size} value={over} choices={pairs(t.find.sizes)} />
        <Field label={t.find.bucket} value={bucket} choices={[["", t.find.allBuckets], ...(buckets.value.value ?? []).map((one): [string, string] => [one, one])]} />
      </div>
      {state.value.error !== null ? <Failure error={state.value.error} again={again} />
        : isEmpty ? <Empty icon="search" title={t.find.start}><p>{t.find.noneWords}</p></Empty>
        : found === null ? <Waiting />
        : list.length === 0 && !cursor.value ? <Empty icon="search" title={t.find.none}><p>{t.find.noneWords}</p></Empty>
        : (
          <>
            <p class="soft small" role="status">{t.find.results(list.length, cursor.value !== undefined)}. {t.find.used}</p>
            <ul class="card">{list.map((one) => <Row key={one.bucket + "/" + one.key + one.version} object={one} />)}</ul>
            {cursor.value && <div><button type="button" class="button" onClick={() => void showMore()}>{t.verbs.showMore}</button></div>}
          </>
        )}
    </div>
  );
}
