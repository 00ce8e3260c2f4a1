// /ui/duplicates?like=text&bucket=B: what is there more than once, or nearly so, group by group. One of each group is kept,
// which one is chosen here; the others are removed together, and come back together. While files are still being read it
// is asked again, and what was chosen stays chosen.
import { useSignal } from "@preact/signals";
import { useRef } from "preact/hooks";
import { get, post } from "../../api/client";
import { folderOf, lastPart } from "../../api/names";
import type { Duplicate, DuplicateGroup, DuplicateList, DuplicatesRemoved } from "../../api/types";
import { dateTime, size } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Icon, iconOf } from "../../parts/Icon";
import { MainButton } from "../../parts/MainButton";
import { Empty, Loaded } from "../../parts/States";
import { Thumbnail } from "../../parts/Thumbnail";
import { useLoad, useEvery } from "../../state/load";
import { changed, complain, tellUndoable } from "../../state/notices";
import { href, route } from "../../state/route";
import { mayMaybe } from "../../state/session";
import { t } from "../../text/text";
import "./duplicates.css";

const kGroups = 20;
const kGroupsMost = 1000; // at once, as the server allows
const kAgainSeconds = 2; // while files are being read
const kAgainSlowSeconds = 20; // while so many are that it takes long
const kManyWaiting = 1000;
const kinds = ["exact", "text", "pictures"] as const;
type Kind = (typeof kinds)[number];

// Versions are names that no two things share.
const idOf = (one: Duplicate): string => one.version;

// Which stay: the first of each group until somebody chooses otherwise, and at least one of each.
type Kept = ReadonlySet<string>;
const keptOf = (groups: DuplicateGroup[], chosen: Kept): Kept => new Set(groups.flatMap(({ members }) => {
  const stay = members.map(idOf).filter((one) => chosen.has(one));
  return stay.length > 0 ? stay : members.slice(0, 1).map(idOf);
}));
const extrasOf = (groups: DuplicateGroup[], kept: Kept): Duplicate[] => groups.flatMap((group) => group.members.filter((one) => !kept.has(idOf(one))));

const nameOf = ({ bucket, key, key_b64, version }: Duplicate): object => ({ bucket, ...(key_b64 ? { key_b64 } : { key }), version });

// One that stays stands first in its group, so that the server removes nothing whose like has gone meanwhile.
async function remove(groups: DuplicateGroup[], kept: Kept): Promise<number> {
  const orders = groups.flatMap((group) => {
    const [first] = group.members.filter((one) => kept.has(idOf(one)));
    const goes = group.members.filter((one) => !kept.has(idOf(one)));
    return first && goes.length > 0 ? [{ members: [first, ...goes].map(nameOf) }] : [];
  });
  return (await post<DuplicatesRemoved>("api/v1/duplicates/remove", { groups: orders })).objects;
}

function Row({ one, isFirst, isKept, kind, onKeep }: { one: Duplicate; isFirst: boolean; isKept: boolean; kind: Kind; onKeep: (keeps: boolean) => void }) {
  const path = `${one.bucket}/${one.key}`;
  return (
    <li class={isKept ? "duplicate" : "duplicate goes"}>
      <label class="duplicate-choice"><input type="checkbox" checked={isKept} aria-label={t.duplicates.keepOne(path)} onChange={(event) => onKeep(event.currentTarget.checked)} /><span class="small soft">{isKept ? t.duplicates.kept : t.duplicates.goes}</span></label>
      <a class="duplicate-link grow" href={href("object/" + one.bucket, { key: one.key, key64: one.key_b64 })}>
        <Thumbnail object={one} icon={iconOf(one.key, one.type, one.content_type)} />
        <span class="grow"><strong>{lastPart(one.key)}</strong><span class="soft small">{one.bucket}/{folderOf(one.key)}</span></span>
      </a>
      <span class="soft small number duplicate-facts"><span>{size(one.size)}</span><span>{dateTime(one.modified)}</span>{kind !== "exact" && !isFirst && <span>{t.duplicates.alike(one.similarity)}</span>}</span>
    </li>
  );
}

export default function Duplicates() {
  const query = route.value.query;
  const kind = kinds.find((one) => one === query.get("like")) ?? "exact";
  const bucket = query.get("bucket") ?? "";
  const prefix = query.get("in") ?? "";
  const kept = useSignal<Kept>(new Set());
  const more = useSignal<DuplicateGroup[]>([]);
  const cursor = useSignal<string | undefined>(undefined);
  const asks = useSignal(false);
  const isBusy = useSignal(false);
  const where = JSON.stringify([kind, bucket, prefix]);
  const shown = useRef("");
  const ask = (limit: number, after?: string): Promise<DuplicateList> => get<DuplicateList>("api/v1/duplicates", { like: kind, bucket, prefix, limit, cursor: after });
  const { state, again } = useLoad(async (signal) => {
    // Asked anew for the same, as many as are shown stay shown.
    const isSame = shown.current === where;
    const page = await ask(isSame ? Math.min(kGroups + more.value.length, kGroupsMost) : kGroups);
    if (signal.aborted) return page;
    shown.current = where;
    kept.value = keptOf(page.groups, isSame ? kept.value : new Set());
    more.value = [];
    cursor.value = page.next_cursor;
    return page;
  }, [where, changed.value]);
  const groups = [...(state.value.value?.groups ?? []), ...more.value];
  const extras = extrasOf(groups, kept.value);
  const coverage = state.value.value?.coverage;
  // Not behind a question whether to remove what is shown.
  useEvery((coverage?.contents_waiting ?? 0) > kManyWaiting ? kAgainSlowSeconds : kAgainSeconds, again,
    coverage?.is_complete === false && state.value.error === null && !asks.value && !isBusy.value);
  const frees = kind === "exact" ? 0 : extras.reduce((sum, one) => sum + one.frees, 0);

  const showMore = (): void => {
    isBusy.value = true;
    ask(kGroups, cursor.value).then((page) => {
      kept.value = new Set([...kept.value, ...keptOf(page.groups, kept.value)]);
      more.value = [...more.value, ...page.groups];
      cursor.value = page.next_cursor;
    }).catch(complain).finally(() => (isBusy.value = false));
  };
  // The last one of a group cannot be given up.
  const choose = (group: DuplicateGroup, one: Duplicate, keeps: boolean): void => {
    const next = new Set(kept.value);
    if (keeps) next.add(idOf(one));
    else if (group.members.some((other) => other !== one && next.has(idOf(other)))) next.delete(idOf(one));
    else complain(new Error(t.duplicates.keepsOne));
    kept.value = next;
  };
  const run = async (): Promise<void> => {
    isBusy.value = true;
    try {
      tellUndoable(t.files.removed(await remove(groups, kept.value)));
    } catch (error) {
      complain(error);
    }
    isBusy.value = asks.value = false;
  };

  return (
    <>
      <div class="page-head">
        <div class="grow"><h1>{t.duplicates.title}</h1>
          {bucket !== "" && <p class="soft small">{t.duplicates.within(`${bucket}/${prefix}`)} <a href={href("duplicates", { like: kind })}>{t.duplicates.everywhere}</a></p>}</div>
        {mayMaybe("remove") && extras.length > 0 && <button type="button" class="button primary" onClick={() => (asks.value = true)}><Icon name="trash" size={18} />{t.duplicates.removeMany(extras.length)}</button>}
      </div>
      <nav class="tabs" aria-label={t.duplicates.title}>
        {kinds.map((one) => <a key={one} href={href("duplicates", { like: one === "exact" ? "" : one, bucket, in: prefix })} aria-current={one === kind ? "page" : undefined}>{t.duplicates.kinds[one]}</a>)}
      </nav>
      <Loaded state={state.value} again={again}>
        {(page) => groups.length === 0
          ? <Empty icon="check" title={t.duplicates.none}><p>{page.is_complete ? t.duplicates.noneWords[kind] : t.duplicates.notYet}</p></Empty>
          : (
            <div class="stack">
              <p class="small">{t.duplicates.summary(page.extra_count, page.group_count, page.bytes)} {kind === "exact" ? t.duplicates.onceAnyway : t.duplicates.atMost}</p>
              {!page.is_complete && <p class="small find-waiting">{t.duplicates.notYet}</p>}
              {groups.map((group) => (
                <ul class="card duplicate-group" key={group.members[0]?.version}>
                  {group.members.map((one, i) => <Row key={idOf(one)} one={one} isFirst={i === 0} isKept={kept.value.has(idOf(one))} kind={kind} onKeep={(keeps) => choose(group, one, keeps)} />)}
                  {group.has_more && <li class="duplicate soft small">{t.duplicates.andMore}</li>}
                </ul>
              ))}
              {cursor.value && <div><button type="button" class="button" disabled={isBusy.value} onClick={showMore}>{t.verbs.showMore}</button></div>}
            </div>
          )}
      </Loaded>
      {asks.value && (
        <Dialog title={t.duplicates.removeMany(extras.length)} onClose={() => (asks.value = false)}>
          <p>{t.duplicates.removeWords(extras.length, frees)}</p>
          <div class="actions">
            <button type="button" class="button" onClick={() => (asks.value = false)}>{t.verbs.cancel}</button>
            <MainButton words={t.verbs.remove} isReady={!isBusy.value} isBad onPress={() => void run()} />
          </div>
        </Dialog>
      )}
    </>
  );
}
