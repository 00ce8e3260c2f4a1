// What lies in a bucket or folder: list or pictures, selection, and what can be done with it.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { address, post } from "../../api/client";
import { bucketPath, folderOf, lastPart, objectPath } from "../../api/names";
import type { Policy } from "../../api/types";
import { ago, byName, dateTime, exactTime, size } from "../../format/format";
import { Icon, iconOf } from "../../parts/Icon";
import { Menu, type Verb } from "../../parts/Menu";
import { Empty, Failure, Waiting } from "../../parts/States";
import { VirtualRows } from "../../parts/VirtualRows";
import { useLoad } from "../../state/load";
import { changed, complain, tellUndoable } from "../../state/notices";
import { go, href } from "../../state/route";
import { get } from "../../api/client";
import { mayMaybe } from "../../state/session";
import { t } from "../../text/text";
import { Choose } from "../../uploads/Choose";
import { storeOrAsk } from "../../uploads/DropZone";
import { LookBack, restoreFrom, sinceThen, useDifferences } from "./LookBack";
import { Pictures } from "./Pictures";
import { Describe, MoveTo, NewFolder, Remove, Rename } from "./dialogs";
import { ShareDialog } from "./ShareDialog";
import { entryKey, FolderPages, type Entry } from "./pages";

const kRow = 44;
const kSortable = 1000; // a folder that is whole in one page can be sorted here

type Sort = "name" | "size" | "modified";
type Open = { kind: "rename" | "share" | "describe"; entry: Entry } | { kind: "move" | "remove"; entries: Entry[] } | { kind: "folder" } | null;

export function daysLeft(deleted: string, policy: Policy | null): number | null {
  if (!policy || policy.keeps_all) return null;
  const kept = Math.max(policy.keep_within_seconds, policy.keep_hourly_seconds, policy.keep_daily_seconds, policy.keep_weekly_seconds,
                        policy.keep_monthly_seconds, policy.keep_yearly_seconds, policy.retention_seconds);
  return Math.ceil((new Date(deleted).getTime() + kept * 1000 - Date.now()) / 86_400_000);
}

function Crumbs({ bucket, prefix, asOf }: { bucket: string; prefix: string; asOf: string }) {
  const parts = prefix.split("/").filter((part) => part !== "");
  return (
    <nav class="crumbs" aria-label={t.files.path}>
      <a href={href("files")}>{t.files.buckets}</a>
      <Icon name="right" size={14} />
      {parts.length === 0 ? <h1>{bucket}</h1> : <a href={href("files/" + bucket, { as_of: asOf })}>{bucket}</a>}
      {parts.map((part, i) => (
        <span key={i} class="line">
          <Icon name="right" size={14} />
          {i === parts.length - 1 ? <h1>{part}</h1>
            : <a href={href("files/" + bucket, { in: parts.slice(0, i + 1).join("/") + "/", as_of: asOf })}>{part}</a>}
        </span>
      ))}
    </nav>
  );
}

function SinceThen({ gone, changed: other, isFolder }: { gone: number; changed: number; isFolder: boolean }) {
  return (
    <>
      {gone > 0 && <span class="chip bad">{isFolder ? t.lookBack.goneInside(gone) : t.lookBack.gone}</span>}
      {other > 0 && <span class="chip">{isFolder ? t.lookBack.changedInside(other) : t.lookBack.changedSince}</span>}
    </>
  );
}

export function Folder({ bucket, prefix, asOf }: { bucket: string; prefix: string; asOf: string }) {
  const typed = useSignal("");
  const asked = useSignal("");
  const showsDeleted = useSignal(false);
  const isGrid = useSignal(localStorage.getItem("atoll.grid") === "yes");
  const sort = useSignal<{ by: Sort; down: boolean }>({ by: "name", down: false });
  const selected = useSignal<ReadonlyMap<string, Entry>>(new Map());
  const at = useSignal(0);
  const anchor = useRef(0);
  const open = useSignal<Open>(null);
  const isThen = asOf !== "";
  const looksBack = useSignal(false);
  const { state: since } = useDifferences(bucket, prefix, asOf);

  // Names come in the order of their keys: what begins with the typed letters is one more prefix.
  const pages = useMemo(
    () => new FolderPages(bucket, prefix + asked.value, { as_of: asOf, deleted: showsDeleted.value && !isThen, dates: !isThen }),
    [bucket, prefix, asked.value, asOf, showsDeleted.value, changed.value]);
  useEffect(() => () => pages.end(), [pages]);
  useEffect(() => { selected.value = new Map(); at.value = 0; typed.value = asked.value = ""; }, [bucket, prefix, asOf]);
  useEffect(() => {
    const timer = window.setTimeout(() => (asked.value = typed.value), 200);
    return () => window.clearTimeout(timer);
  }, [typed.value]);
  const { state: policy } = useLoad(() => get<Policy>(bucketPath(bucket, "policy")).catch(() => null), [bucket]);

  void pages.version.value;
  const isSortable = pages.isComplete && pages.known <= kSortable;
  const sorted = useMemo(() => {
    if (!isSortable) return null;
    const { by, down } = sort.value;
    const rank = (a: Entry, b: Entry): number => {
      if (a.kind !== b.kind) return a.kind === "folder" ? -1 : 1;
      let order = 0;
      if (a.kind === "object" && b.kind === "object" && by === "size") order = a.object.size - b.object.size;
      else if (a.kind === "object" && b.kind === "object" && by === "modified") order = a.object.modified.localeCompare(b.object.modified);
      return (order || byName.compare(entryKey(a), entryKey(b))) * (down ? -1 : 1);
    };
    return pages.loaded().sort(rank);
  }, [pages, pages.version.value, sort.value, isSortable]);
  const entry = (index: number): Entry | null => (sorted ? (sorted[index] ?? null) : pages.at(index));
  const total = sorted ? sorted.length : pages.known;

  const openEntry = (one: Entry): void => {
    if (one.kind === "folder") go(href("files/" + bucket, { in: one.prefix.prefix, as_of: asOf }));
    else go(href("object/" + bucket, { key: one.object.key, key64: one.object.key_b64, as_of: asOf }));
  };
  const toggle = (one: Entry): void => {
    const next = new Map(selected.value);
    if (!next.delete(entryKey(one))) next.set(entryKey(one), one);
    selected.value = next;
  };
  const selectTo = (index: number): void => {
    const next = new Map(selected.value);
    for (let i = Math.min(anchor.current, index); i <= Math.max(anchor.current, index); i++) {
      const one = entry(i);
      if (one) next.set(entryKey(one), one);
    }
    selected.value = next;
  };
  const chosen = (): Entry[] => {
    if (selected.value.size > 0) return [...selected.value.values()];
    const one = entry(at.value);
    return one ? [one] : [];
  };
  const bringBack = async (one: Entry): Promise<void> => {
    if (one.kind !== "object") return;
    try {
      await post(bucketPath(bucket, "rollback/" + encodeURIComponent(one.object.key)));
      tellUndoable(t.files.restoredOne(lastPart(one.object.key)));
    } catch (error) {
      complain(error);
    }
  };
  const press = (event: KeyboardEvent): void => {
    const step: Record<string, number> = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10, End: total, Home: -total };
    const move = step[event.key];
    const one = entry(at.value);
    if (move !== undefined) {
      if (!event.shiftKey) anchor.current = Math.min(total - 1, Math.max(0, at.value + move));
      at.value = Math.min(total - 1, Math.max(0, at.value + move));
      if (event.shiftKey) selectTo(at.value);
    } else if (event.key === "Enter" && one) openEntry(one);
    else if (event.key === " " && one) { anchor.current = at.value; toggle(one); }
    else if (event.key === "Delete" && !isThen && chosen().length > 0) open.value = { kind: "remove", entries: chosen() };
    else if (event.key === "F2" && one && !isThen) open.value = { kind: "rename", entry: one };
    else if (event.key === "Backspace") go(prefix === "" ? href("files") : href("files/" + bucket, { in: folderOf(prefix), as_of: asOf }));
    else if (event.key === "Escape") selected.value = new Map();
    else if (event.key === "a" && (event.ctrlKey || event.metaKey)) selected.value = new Map((sorted ?? pages.loaded()).map((each) => [entryKey(each), each]));
    else return;
    event.preventDefault();
  };

  const verbs = (one: Entry): Verb[] => {
    const isRemoved = one.kind === "object" && one.object.deleted !== undefined;
    if (isRemoved) return [{ words: t.home.bringBack, icon: "undo", run: () => void bringBack(one) }, { words: t.verbs.open, icon: "file", run: () => openEntry(one) }];
    const out: Verb[] = [{ words: t.verbs.open, icon: one.kind === "folder" ? "folder" : "file", run: () => openEntry(one) }];
    out.push({ words: one.kind === "folder" ? t.files.zip : t.verbs.download, icon: "download", run: () => location.assign(one.kind === "folder"
      ? address(bucketPath(bucket, "archive"), { prefix: one.prefix.prefix, as_of: asOf })
      : address(objectPath(bucket, one.object), { download: lastPart(one.object.key), as_of: asOf })) });
    if (isThen) {
      const { gone, changed: other } = sinceThen(since.value.value, one);
      if (gone + other > 0 && mayMaybe("undo")) out.push({ words: t.lookBack.restoreOne, icon: "undo", run: () => void restoreFrom(bucket, asOf, [one]) });
      return out;
    }
    if (mayMaybe("share_create")) out.push({ words: t.verbs.share, icon: "link", run: () => (open.value = { kind: "share", entry: one }) });
    if (mayMaybe("overwrite")) {
      out.push({ words: t.verbs.rename, icon: "edit", run: () => (open.value = { kind: "rename", entry: one }) },
               { words: t.verbs.move, icon: "move", run: () => (open.value = { kind: "move", entries: [one] }) });
    }
    if (one.kind === "object" && mayMaybe("tag")) out.push({ words: t.files.tags, icon: "tag", run: () => (open.value = { kind: "describe", entry: one }) });
    if (mayMaybe("remove")) out.push({ words: t.verbs.remove, icon: "trash", isBad: true, run: () => (open.value = { kind: "remove", entries: [one] }) });
    return out;
  };

  const row = (index: number) => {
    const one = entry(index);
    const focus = index === at.value ? " is-at" : "";
    if (!one) return <div key={index} class={"row" + focus} role="row" aria-rowindex={index + 2}><span role="gridcell" class="soft">…</span></div>;
    const key = entryKey(one);
    const isChosen = selected.value.has(key);
    const object = one.kind === "object" ? one.object : null;
    const left = object?.deleted ? daysLeft(object.deleted, policy.value.value) : null;
    return (
      <div key={key} class={"row" + focus + (isChosen ? " is-chosen" : "") + (object?.deleted ? " is-removed" : "")} role="row" aria-rowindex={index + 2} aria-selected={isChosen}
        onClick={(event) => {
          at.value = index;
          if (event.shiftKey) selectTo(index);
          else { anchor.current = index; if (event.ctrlKey || event.metaKey) toggle(one); }
        }}>
        <span role="gridcell" class="row-check">
          <input type="checkbox" tabIndex={-1} checked={isChosen} aria-label={t.files.select(lastPart(key))} onClick={(event) => event.stopPropagation()} onChange={() => { anchor.current = index; toggle(one); }} />
        </span>
        <span role="gridcell" class="row-name">
          <Icon name={one.kind === "folder" ? "folder" : iconOf(key, object?.type, object?.content_type)} />
          <a tabIndex={-1} href={one.kind === "folder" ? href("files/" + bucket, { in: key, as_of: asOf }) : href("object/" + bucket, { key, key64: object?.key_b64, as_of: asOf })}>{lastPart(key)}</a>
          {object?.deleted && <span class="chip warn">{t.files.removedOn(ago(object.deleted))}{left !== null && ", " + t.files.goesIn(left)}</span>}
          {isThen && <SinceThen {...sinceThen(since.value.value, one)} isFolder={one.kind === "folder"} />}
          {object?.tags && Object.entries(object.tags).slice(0, 3).map(([name, value]) => <span key={name} class="chip tag">{value ? `${name}: ${value}` : name}</span>)}
        </span>
        <span role="gridcell" class="number soft row-size">{object ? size(object.size) : ""}</span>
        <span role="gridcell" class="soft row-time">{object ? <time dateTime={object.modified} title={exactTime(object.modified)}>{dateTime(object.modified)}</time> : ""}</span>
        <span role="gridcell" class="row-menu"><Menu label={`${t.files.more}: ${lastPart(key)}`} verbs={verbs(one)} /></span>
      </div>
    );
  };

  const head = (name: Sort, words: string, style: string) => (
    <span role="columnheader" class={style} aria-sort={sort.value.by === name ? (sort.value.down ? "descending" : "ascending") : "none"}>
      <button type="button" class="sort" disabled={!isSortable} title={isSortable ? "" : t.files.cannotSort}
        onClick={() => (sort.value = { by: name, down: sort.value.by === name ? !sort.value.down : name !== "name" })}>
        {words}{sort.value.by === name && <Icon name={sort.value.down ? "down" : "right"} size={14} />}
      </button>
    </span>
  );

  const many = chosen();
  return (
    <div class="folder">
      <div class="page-head">
        <Crumbs bucket={bucket} prefix={prefix} asOf={asOf} />
        <div class="line">
          {!isThen && mayMaybe("write") && <Choose words={t.files.upload} isPrimary onChosen={storeOrAsk} />}
          <Menu label={t.files.more} words={t.files.more} icon="down" verbs={[
            ...(!isThen && mayMaybe("write") ? [{ words: t.files.newFolder, icon: "folder" as const, run: () => void (open.value = { kind: "folder" }) }] : []),
            { words: t.files.zip, icon: "download", run: () => location.assign(address(bucketPath(bucket, "archive"), { prefix, as_of: asOf })) },
            { words: t.lookBack.title, icon: "activity", run: () => void (looksBack.value = true) },
            { words: showsDeleted.value ? t.files.hideDeleted : t.files.showDeleted, icon: "trash", run: () => void (showsDeleted.value = !showsDeleted.value) },
            ...(!isThen && mayMaybe("share_create") ? [{ words: t.verbs.share, icon: "link" as const, run: () => void (open.value = { kind: "share", entry: { kind: "folder", prefix: { prefix } } }) }] : []),
          ]} />
        </div>
      </div>
      {(isThen || looksBack.value) && <LookBack bucket={bucket} prefix={prefix} asOf={asOf} differences={since.value.value} onClose={() => (looksBack.value = false)} />}
      <div class="folder-tools line">
        {selected.value.size > 0 ? (
          <div class="line selection" role="toolbar" aria-label={t.files.selected(selected.value.size)}>
            <strong>{t.files.selected(selected.value.size)}</strong>
            {isThen && mayMaybe("undo") && <button type="button" class="button" onClick={() => { selected.value = new Map(); void restoreFrom(bucket, asOf, many); }}><Icon name="undo" size={18} />{t.lookBack.restoreOne}</button>}
            {!isThen && mayMaybe("overwrite") && <button type="button" class="button" onClick={() => (open.value = { kind: "move", entries: many })}><Icon name="move" size={18} />{t.verbs.move}</button>}
            {!isThen && mayMaybe("remove") && <button type="button" class="button bad" onClick={() => (open.value = { kind: "remove", entries: many })}><Icon name="trash" size={18} />{t.verbs.remove}</button>}
            <button type="button" class="button plain" onClick={() => (selected.value = new Map())}>{t.files.clear}</button>
          </div>
        ) : (
          <label class="grow folder-filter"><span class="hidden-words">{t.files.filter}</span>
            <input type="search" placeholder={t.files.filter} value={typed.value} onInput={(event) => (typed.value = event.currentTarget.value)} /></label>
        )}
        <span class="grow" />
        <span class="soft small" role="status">{pages.isFirstLoaded && t.files.entries(total, pages.isComplete)}</span>
        <button type="button" class="button plain icon" aria-label={isGrid.value ? t.files.viewList : t.files.viewGrid}
          onClick={() => { isGrid.value = !isGrid.value; localStorage.setItem("atoll.grid", isGrid.value ? "yes" : "no"); }}><Icon name={isGrid.value ? "list" : "grid"} /></button>
      </div>
      {pages.error.value !== null && <Failure error={pages.error.value} again={() => void pages.more()} />}
      {!pages.isFirstLoaded ? (pages.error.value === null && <Waiting />)
        : total === 0 ? (
          <Empty icon="folder" title={t.files.empty}>
            {!isThen && mayMaybe("write") && <><p>{t.files.emptyWords}</p><div class="line"><Choose words={t.first.chooseFiles} onChosen={storeOrAsk} /><Choose words={t.first.chooseFolder} isFolder onChosen={storeOrAsk} /></div></>}
          </Empty>
        ) : isGrid.value ? <Pictures bucket={bucket} asOf={asOf} entries={sorted ?? pages.loaded()} onNear={() => void pages.more()} isComplete={pages.isComplete} />
        : (
          <VirtualRows count={total} rowHeight={kRow} label={bucket + "/" + prefix} focused={at.value} onKeyDown={press} columns={5} isMulti
            onNear={(last) => { if (last > pages.known - 500) void pages.more(); }} row={row}
            header={<div class="row row-head" role="row" aria-rowindex={1}>
              <span role="columnheader" class="row-check"><span class="hidden-words">{t.files.selectAll}</span></span>
              {head("name", t.files.name, "row-name")}{head("size", t.files.size, "row-size number")}{head("modified", t.files.modified, "row-time")}
              <span role="columnheader" class="row-menu"><span class="hidden-words">{t.files.more}</span></span>
            </div>} />
        )}
      <Dialogs open={open.value} bucket={bucket} prefix={prefix} onClose={(isDone) => { open.value = null; if (isDone) selected.value = new Map(); }} />
    </div>
  );
}

function Dialogs({ open, bucket, prefix, onClose }: { open: Open; bucket: string; prefix: string; onClose: (isDone: boolean) => void }) {
  switch (open?.kind) {
    case "rename": return <Rename bucket={bucket} entry={open.entry} onClose={onClose} />;
    case "move": return <MoveTo bucket={bucket} prefix={prefix} entries={open.entries} onClose={onClose} />;
    case "remove": return <Remove bucket={bucket} entries={open.entries} onClose={onClose} />;
    case "describe": return open.entry.kind === "object" ? <Describe bucket={bucket} object={open.entry.object} onClose={onClose} /> : null;
    case "share": return <ShareDialog bucket={bucket} entry={open.entry} onClose={() => onClose(false)} />;
    case "folder": return <NewFolder bucket={bucket} prefix={prefix} onClose={() => onClose(false)} />;
    default: return null;
  }
}
