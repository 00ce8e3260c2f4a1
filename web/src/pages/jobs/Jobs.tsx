import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { get, post } from "../../api/client";
import type { Job, JobList } from "../../api/types";
import { count, size } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Icon } from "../../parts/Icon";
import { MainButton } from "../../parts/MainButton";
import { Menu } from "../../parts/Menu";
import { Empty, Failure, Loaded } from "../../parts/States";
import { useEvery, useLoad } from "../../state/load";
import { complain } from "../../state/notices";
import { may } from "../../state/session";
import { t } from "../../text/text";
import { JobRow } from "./JobRow";

// A clean-up is shown before it is done: the same job as a plan, then its figures, then the question.
function CleanUp({ onClose }: { onClose: () => void }) {
  const plan = useSignal<Job | null>(null);
  const error = useSignal<unknown>(null);
  useEffect(() => {
    let isOver = false;
    const look = async (): Promise<void> => {
      let job = await post<Job>("api/v1/gc", { dry_run: true });
      while (!isOver && (job.state === "waiting" || job.state === "running")) {
        await new Promise((resolve) => window.setTimeout(resolve, 400));
        job = await get<Job>(`api/v1/jobs/${job.id}`);
      }
      plan.value = job;
    };
    look().catch((problem: unknown) => (error.value = problem));
    return () => { isOver = true; };
  }, []);
  const run = async (): Promise<void> => {
    try {
      await post("api/v1/gc", {});
    } catch (problem) {
      complain(problem);
    }
    onClose();
  };
  const rows = Object.entries(plan.value?.result ?? {}).filter(([, value]) => typeof value === "number");
  return (
    <Dialog title={t.jobs.cleanTitle} onClose={onClose}>
      {error.value !== null && <Failure error={error.value} />}
      {plan.value ? <><p>{t.jobs.cleanWords}</p><dl class="facts">{rows.map(([name, value]) => <><dt key={name}>{name.replace(/_/g, " ")}</dt><dd>{name.includes("bytes") ? size(Number(value)) : count(Number(value))}</dd></>)}</dl></>
        : error.value === null && <p class="soft">{t.jobs.planning}</p>}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button>
        <MainButton words={t.jobs.cleanVerb} isReady={plan.value !== null} onPress={() => void run()} />
      </div>
    </Dialog>
  );
}

export default function Jobs() {
  const { state, again } = useLoad(() => get<JobList>("api/v1/jobs"), []);
  const cleans = useSignal(false);
  const isBusy = state.value.value?.jobs.some((one) => one.state === "running" || one.state === "waiting") ?? false;
  useEvery(isBusy ? 1 : 10, again);
  const start = (path: string, body: object): void => { post(path, body).then(again, complain); };
  return (
    <>
      <div class="page-head">
        <h1>{t.jobs.title}</h1>
        {may("job_run") || may("verify") ? (
          <Menu label={t.jobs.start} words={t.jobs.start} icon="plus" verbs={[
            { words: t.jobs.check, icon: "safety", run: () => start("api/v1/verify", { reads_data: true }) },
            { words: t.jobs.checkQuick, icon: "safety", run: () => start("api/v1/verify", {}) },
            { words: t.jobs.clean, icon: "trash", run: () => void (cleans.value = true) }]} />
        ) : <Icon name="jobs" />}
      </div>
      <Loaded state={state.value} again={again}>
        {({ jobs }) => jobs.length === 0 ? <Empty icon="jobs" title={t.jobs.none}><p>{t.jobs.noneWords}</p></Empty>
          : <ul class="card">{[...jobs].reverse().map((one) => <JobRow key={one.id} job={one} onChange={again} />)}</ul>}
      </Loaded>
      {cleans.value && <CleanUp onClose={() => { cleans.value = false; again(); }} />}
    </>
  );
}
