// One job: how far it is, how it ended.
import { send } from "../../api/client";
import type { Job } from "../../api/types";
import { ago, count, size, span } from "../../format/format";
import { complain } from "../../state/notices";
import { may } from "../../state/session";
import { t } from "../../text/text";
import "./jobs.css";

const seconds = (from: string, to: string | undefined): number => ((to ? new Date(to).getTime() : Date.now()) - new Date(from).getTime()) / 1000;
const styles: Record<string, string> = { done: "good", failed: "bad", running: "accent" };

// What a result tells, in words where there are some: names with underscores become words, bytes become sizes.
function resultWords(result: Record<string, unknown> | undefined): string {
  return Object.entries(result ?? {}).flatMap(([name, value]) => {
    if (typeof value !== "number" || value === 0) return [];
    const words = name.replace(/_/g, " ");
    return [/bytes/.test(name) ? `${words}: ${size(value)}` : `${words}: ${count(value)}`];
  }).slice(0, 8).join(", ");
}

export function JobRow({ job, onChange }: { job: Job; onChange: () => void }) {
  const { progress } = job;
  const isOpen = job.state === "running" || job.state === "waiting";
  const ratio = progress.total > 0 ? Math.min(1, progress.done / progress.total) : 0;
  const spent = job.started ? seconds(job.started, job.ended) : 0;
  const end = async (): Promise<void> => {
    try {
      await send("DELETE", `api/v1/jobs/${job.id}`);
      onChange();
    } catch (error) {
      complain(error);
    }
  };
  return (
    <li class="job">
      <div class="line between">
        <span><strong>{t.jobs.kinds[job.kind] ?? job.kind}</strong> <span class={`chip ${styles[job.state] ?? ""}`}>{t.jobs.states[job.state]}</span></span>
        <span class="soft small">{job.actor}, {ago(job.created)}{job.ended && `, ${t.jobs.took(span(spent))}`}</span>
      </div>
      {isOpen && (
        <>
          <div class="bar" role="progressbar" aria-label={t.jobs.kinds[job.kind] ?? job.kind} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(ratio * 100)}><span style={{ width: `${ratio * 100}%` }} /></div>
          <div class="line between"><span class="soft small">{progress.step}{ratio > 0.02 && spent > 2 && `, ${t.jobs.left(span((spent / ratio) * (1 - ratio)))}`}</span>
            {may("job_run") && <button type="button" class="button" onClick={() => void end()}>{t.jobs.end}</button>}</div>
        </>
      )}
      {job.error && <p class="job-error small">{job.error.message}</p>}
      {job.state === "done" && resultWords(job.result) && <p class="soft small">{resultWords(job.result)}</p>}
    </li>
  );
}
