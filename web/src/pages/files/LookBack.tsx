// A folder as it was: the moments at which something in it was changed on a slider, or any moment by its date; what was there
// then and is gone or changed now; and the way back for all of it.
import { useSignal } from "@preact/signals";
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { get, post } from "../../api/client";
import { bucketPath } from "../../api/names";
import type { ChangeLog, NameDifferences, UndoReport } from "../../api/types";
import { ago, count, dateTime } from "../../format/format";
import { Icon } from "../../parts/Icon";
import { Failure } from "../../parts/States";
import { useLoad, type Loading } from "../../state/load";
import { changed, complain, tellWithUndo } from "../../state/notices";
import { go, href } from "../../state/route";
import { mayMaybe } from "../../state/session";
import { t } from "../../text/text";
import { entryKey, type Entry } from "./pages";
import "./lookback.css";

const kMomentsMax = 400;
const kTogetherMs = 60_000; // what one person does of one kind within a minute is one moment
const kListedMax = 1000;
const kDelayMs = 250;

interface Moment {
  time: string; // of its last change: as of then all of it is done
  kind: string;
  operation: string;
  actors: string[];
  stored: number;
  removed: number;
  described: number;
}

// Oldest first.
function momentsOf({ changes }: ChangeLog): Moment[] {
  const moments: Moment[] = [];
  for (const one of [...changes].reverse()) {
    const last = moments.at(-1);
    const operation = one.operation ?? "";
    const isSame = last && ((operation !== "" && operation === last.operation) ||
      (last.kind === one.kind && last.actors.includes(one.actor) && new Date(one.time).getTime() - new Date(last.time).getTime() < kTogetherMs));
    if (!isSame) { moments.push({ time: one.time, kind: one.kind, operation, actors: [one.actor], stored: one.stored, removed: one.removed, described: one.described }); continue; }
    last.time = one.time;
    if (!last.actors.includes(one.actor)) last.actors.push(one.actor);
    last.stored += one.stored;
    last.removed += one.removed;
    last.described += one.described;
  }
  return moments;
}

const wordsOf = (one: Moment): string => t.lookBack.moment(one.stored, one.removed, one.described, one.actors.join(", "));

// What lies otherwise now than it did at `asOf`; nothing while that is now.
export function useDifferences(bucket: string, prefix: string, asOf: string): Loading<NameDifferences | null> {
  return useLoad(async (signal) => (asOf === "" ? null : get<NameDifferences>(bucketPath(bucket, "diff"), { prefix, from: asOf, limit: kListedMax }, signal)), [bucket, prefix, asOf, changed.value]);
}

// Of an object or of all that lies in a folder: how many of then are gone now, and how many are changed.
export function sinceThen(differences: NameDifferences | null, entry: Entry): { gone: number; changed: number } {
  const key = entryKey(entry);
  const mine = (differences?.differences ?? []).filter((one) => (entry.kind === "folder" ? one.key.startsWith(key) : one.key === key));
  return { gone: mine.filter((one) => one.kind === "removed").length, changed: mine.filter((one) => one.kind === "changed").length };
}

// Each entry as it was then, with one undo for all of them.
export async function restoreFrom(bucket: string, asOf: string, entries: Entry[]): Promise<void> {
  const operations: string[] = [];
  let objects = 0;
  try {
    for (const one of entries) {
      const what = one.kind === "folder" ? { prefix: one.prefix.prefix } : one.object.key_b64 ? { key_b64: one.object.key_b64 } : { key: one.object.key };
      const report = await post<UndoReport>("api/v1/rewind", { to: asOf, bucket, ...what });
      if (report.operation) operations.push(report.operation);
      objects += report.plan.brought_back + report.plan.put_back + report.plan.retagged;
    }
  } catch (error) {
    complain(error);
  }
  tellWithUndo(t.lookBack.restored(objects), operations);
}

function Track({ moments, at, onMove }: { moments: Moment[]; at: number; onMove: (index: number) => void }) {
  const id = useId();
  const last = moments.length - 1;
  const most = Math.max(...moments.map((one) => one.stored + one.removed + one.described));
  const here = moments[at];
  return (
    <div class="lookback-track">
      <label for={id} class="hidden-words">{t.lookBack.slider}</label>
      <div class="lookback-ticks" aria-hidden="true">
        {moments.map((one, i) => (
          <span key={one.time} class={(one.removed > 0 ? "is-removal" : "") + (i === at ? " is-at" : "")}
            style={{ insetInlineStart: `${last === 0 ? 100 : (i / last) * 100}%`, height: `${6 + (14 * Math.log1p(one.stored + one.removed + one.described)) / Math.log1p(most || 1)}px` }} />
        ))}
      </div>
      <input id={id} type="range" min={0} max={last} step={1} value={at} aria-valuetext={here ? (at === last ? t.files.now : `${dateTime(here.time)}: ${wordsOf(here)}`) : ""}
        onInput={(event) => onMove(Number(event.currentTarget.value))} />
      <div class="line between soft small"><span>{dateTime(moments[0]?.time ?? "")}</span><span>{t.files.now}</span></div>
    </div>
  );
}

const localText = (moment: Date): string => new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);

interface Properties {
  bucket: string;
  prefix: string;
  asOf: string;
  differences: NameDifferences | null;
  onClose: () => void;
}

export function LookBack({ bucket, prefix, asOf, differences, onClose }: Properties) {
  const { state } = useLoad(async (signal) => momentsOf(await get<ChangeLog>(bucketPath(bucket, "log"), { prefix, limit: kMomentsMax }, signal)), [bucket, prefix, changed.value]);
  const moments = useMemo(() => state.value.value ?? [], [state.value.value]);
  const last = moments.length - 1;
  const found = asOf === "" ? last : moments.findLastIndex((one) => one.time <= asOf);
  const moved = useSignal<number | null>(null); // while the hand is on it
  const timer = useRef(0);
  const isWorking = useSignal(false);
  useEffect(() => () => window.clearTimeout(timer.current), []);
  useEffect(() => { moved.value = null; }, [asOf]);
  const show = (moment: string): void => go(href("files/" + bucket, { in: prefix, as_of: moment }), asOf !== "");
  const move = (index: number): void => {
    moved.value = index;
    window.clearTimeout(timer.current);
    timer.current = window.setTimeout(() => show(index >= last ? "" : (moments[index]?.time ?? "")), kDelayMs);
  };
  const at = moved.value ?? found;
  const here = moments[at];
  const makeSoAgain = async (): Promise<void> => {
    isWorking.value = true;
    try {
      const report = await post<UndoReport>("api/v1/rewind", { to: asOf, bucket, ...(prefix ? { prefix } : {}) });
      go(href("files/" + bucket, { in: prefix }));
      tellWithUndo(t.files.restoredFolder, report.operation ? [report.operation] : []);
      onClose();
    } catch (error) {
      complain(error);
    }
    isWorking.value = false;
  };
  const gone = differences?.removed ?? 0;
  const isOther = gone + (differences?.changed ?? 0) + (differences?.added ?? 0) > 0;
  return (
    <section class="lookback card" aria-label={t.lookBack.title}>
      <div class="line between">
        <h2 class="line"><Icon name="activity" />{t.lookBack.title}</h2>
        <div class="line">
          <label class="line lookback-date"><span>{t.files.asOf}</span>
            <input type="datetime-local" max={localText(new Date())} value={asOf === "" ? "" : localText(new Date(asOf))} onChange={(event) => {
              const moment = new Date(event.currentTarget.value);
              if (!Number.isNaN(moment.getTime())) show(moment.toISOString());
            }} /></label>
          <button type="button" class="button plain icon" aria-label={t.verbs.close} onClick={() => { onClose(); if (asOf !== "") go(href("files/" + bucket, { in: prefix })); }}><Icon name="close" /></button>
        </div>
      </div>
      {state.value.error !== null && <Failure error={state.value.error} />}
      {moments.length > 0 && <Track moments={moments} at={Math.max(0, at)} onMove={move} />}
      <div class="line between">
        <p role="status" class="grow">
          {asOf === "" ? t.lookBack.isNow : <><strong>{t.files.asOfShown(dateTime(asOf))}</strong>{" "}
            {here && <span class="soft">{t.lookBack.lastDone(wordsOf(here), ago(here.time))}</span>}{" "}
            {differences && (isOther ? t.lookBack.since(gone, differences.changed, differences.added) : t.lookBack.same)}</>}
        </p>
        {asOf !== "" && <a class="button" href={href("files/" + bucket, { in: prefix })}>{t.files.now}</a>}
        {asOf !== "" && isOther && mayMaybe("undo") && <button type="button" class="button primary" disabled={isWorking.value} onClick={() => void makeSoAgain()}>{t.files.restoreFolder}</button>}
      </div>
      {asOf !== "" && isOther && differences && differences.added > 0 && mayMaybe("undo") && <p class="soft small">{t.lookBack.takesAway(count(differences.added))}</p>}
    </section>
  );
}
