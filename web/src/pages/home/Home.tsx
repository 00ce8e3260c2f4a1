// The first page: find something, how the home is in one sentence, what came last, what is being done.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { all, get } from "../../api/client";
import { getIfThere, type HealthSummary } from "../../api/health";
import type { BucketList, CopyList, Job, JobList, OperationList, VaultStatus } from "../../api/types";
import { ago } from "../../format/format";
import { Icon } from "../../parts/Icon";
import { useEvery, useLoad } from "../../state/load";
import { changed, undo } from "../../state/notices";
import { go, href } from "../../state/route";
import { may, vaultName } from "../../state/session";
import { t } from "../../text/text";
import { JobRow } from "../jobs/JobRow";
import { Arrivals } from "./Arrivals";
import { FirstVisit, isFirstHidden } from "./FirstVisit";
import { State } from "./State";
import "./home.css";

export interface HomeFacts {
  status: VaultStatus | null; // null: not for this person
  monthsOfRoom: number | null; // null: not known
  copies: CopyList["copies"];
  jobs: Job[];
  operations: OperationList["operations"];
  buckets: BucketList["buckets"];
}

// What this person may not see is left out, not an error.
const orNone = <T,>(ask: () => Promise<T>, none: T, isAllowed: boolean): Promise<T> => (isAllowed ? ask() : Promise.resolve(none));

async function load(): Promise<HomeFacts> {
  const vault = encodeURIComponent(vaultName.value || "main");
  const [status, health, copies, jobs, operations, buckets] = await Promise.all([
    orNone<VaultStatus | null>(() => get<VaultStatus>("api/v1/vaults/" + vault), null, may("status")),
    orNone<HealthSummary | null>(() => getIfThere<HealthSummary>("api/v1/health/summary"), null, may("status")).catch(() => null),
    orNone(() => get<CopyList>("api/v1/copies").then((one) => one.copies), [], may("copy_manage")),
    orNone(() => get<JobList>("api/v1/jobs").then((one) => one.jobs), [], may("job_read")),
    orNone(() => get<OperationList>("api/v1/operations", { limit: 10 }).then((one) => one.operations), [], may("undo")),
    all<BucketList>("api/v1/buckets").then((pages) => pages.flatMap((one) => one.buckets)),
  ]);
  return { status, monthsOfRoom: health?.room.months ?? null, copies, jobs, operations, buckets };
}

function SearchBox() {
  const words = useSignal("");
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  return (
    <form class="home-search" role="search" onSubmit={(event) => { event.preventDefault(); if (words.value.trim()) go(href("find", { q: words.value.trim() })); }}>
      <label class="hidden-words" for="home-search">{t.home.search}</label>
      <Icon name="search" size={24} />
      <input id="home-search" ref={input} type="search" placeholder={t.home.search} autocomplete="off" value={words.value} onInput={(event) => (words.value = event.currentTarget.value)} />
      <button type="submit" class="button primary">{t.home.find}</button>
    </form>
  );
}

export default function Home() {
  const { state, again } = useLoad(load, [changed.value]);
  useEvery(10, again);
  const facts = state.value.value;
  const running = facts?.jobs.filter((one) => one.state === "running" || one.state === "waiting") ?? [];
  const removal = facts?.operations.find((one) => one.kind === "remove_objects" && one.can_be_undone && !one.undone_by);
  return (
    <div class="home stack wide">
      <h1 class="hidden-words">{t.home.title}</h1>
      <SearchBox />
      {facts && <State facts={facts} error={state.value.error} />}
      {facts && <FirstVisit facts={facts} />}
      {removal && (
        <p class="card padded line between home-removal"><span class="line"><Icon name="trash" />{t.home.removal(removal.objects, ago(removal.ended))}</span>
          <span class="line"><button type="button" class="button" onClick={() => void undo({ operation: removal.name })}><Icon name="undo" size={18} />{t.home.bringBack}</button>
            <a class="button plain" href={href("activity")}>{t.home.seeAll}</a></span></p>
      )}
      {running.length > 0 && <section class="stack tight"><h2>{t.home.jobs}</h2><ul class="card">{running.map((one) => <JobRow key={one.id} job={one} onChange={again} />)}</ul></section>}
      {facts && (facts.buckets.length > 0 || isFirstHidden.value) && <Arrivals lastLsn={facts.status?.last_lsn} buckets={facts.buckets.length} />}
    </div>
  );
}
