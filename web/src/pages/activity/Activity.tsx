// What was done, newest first, with the way back; and who read or was refused what.
import { useSignal } from "@preact/signals";
import { get, post } from "../../api/client";
import type { AuditList, AuditRecord, OperationList, OperationSummary, UndoReport } from "../../api/types";
import { count, dateTime, day, exactTime, time } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { Field } from "../../parts/Field";
import { Icon, type IconName } from "../../parts/Icon";
import { MainButton } from "../../parts/MainButton";
import { Empty, Failure, Loaded, Waiting } from "../../parts/States";
import { useLoad } from "../../state/load";
import { changed, undo } from "../../state/notices";
import { href, route } from "../../state/route";
import { may } from "../../state/session";
import { t } from "../../text/text";
import "./activity.css";

const icons: Record<string, IconName> = { put_objects: "upload", remove_objects: "trash", create_bucket: "bucket", remove_bucket: "bucket", restore_objects: "undo", rewind: "undo", tag_objects: "tag",
  describe_versions: "tag", access_change: "person", key_change: "key", policy_change: "settings", copy_change: "safety", schedule_change: "jobs", snapshot_change: "archive" };

// What it would do is shown first: an undo is a change like any other.
function UndoDialog({ operation, onClose }: { operation: OperationSummary; onClose: () => void }) {
  const { state } = useLoad(() => post<UndoReport>("api/v1/undo", { operation: operation.name, dry_run: true }), []);
  const { value, error } = state.value;
  const plan = Object.entries(t.undo.plan).filter(([name]) => (value?.plan[name as keyof UndoReport["plan"]] ?? 0) > 0);
  return (
    <Dialog title={t.undo.title} onClose={onClose}>
      {error !== null ? <Failure error={error} /> : !value ? <Waiting /> : plan.length === 0 ? <p>{t.undo.nothing}</p> : (
        <>
          <dl class="facts">{plan.map(([name, words]) => <><dt key={name}>{words}</dt><dd>{count(value.plan[name as keyof UndoReport["plan"]])}</dd></>)}</dl>
          <ul class="undo-items small soft" tabIndex={0}>{value.items.slice(0, 8).map((one, i) => <li key={i}>{one.bucket}{one.key && "/" + one.key} {one.reason && `(${one.reason})`}</li>)}{(value.items.length > 8 || value.is_cut_off) && <li>…</li>}</ul>
        </>
      )}
      <div class="actions">
        <button type="button" class="button" onClick={onClose}>{t.verbs.cancel}</button>
        <MainButton words={t.activity.undo} isReady={value !== null && plan.length > 0} onPress={() => { onClose(); void undo({ operation: operation.name }); }} />
      </div>
    </Dialog>
  );
}

function Changes() {
  const limit = useSignal(100);
  const actor = useSignal("");
  const asked = useSignal<OperationSummary | null>(null);
  const { state, again } = useLoad(() => get<OperationList>("api/v1/operations", { limit: limit.value }), [limit.value, changed.value]);
  return (
    <Loaded state={state.value} again={again}>
      {({ operations }) => {
        if (operations.length === 0) return <Empty icon="activity" title={t.activity.nothing}><p>{t.activity.nothingWords}</p></Empty>;
        const actors = [...new Set(operations.map((one) => one.actor))];
        const days = new Map<string, OperationSummary[]>();
        for (const one of operations) if (actor.value === "" || one.actor === actor.value) days.set(day(one.ended), [...(days.get(day(one.ended)) ?? []), one]);
        return (
          <div class="stack wide">
            {actors.length > 1 && <div class="activity-filter"><Field label={t.activity.by} value={actor} choices={[["", t.activity.everybody], ...actors.map((one): [string, string] => [one, one])]} /></div>}
            {[...days].map(([name, some]) => (
              <section key={name} class="stack tight">
                <h2>{name}</h2>
                <ul class="card">
                  {some.map((one) => (
                    <li key={one.name} class={one.undone_by ? "done is-undone" : "done"}>
                      <span class="done-icon"><Icon name={icons[one.kind] ?? "activity"} size={18} /></span>
                      <div class="grow"><p><strong>{one.actor}</strong> {t.activity.kinds[one.kind] ?? one.kind.replace(/_/g, " ")}{one.objects > 0 && ` ${t.activity.count(one.objects)}`}</p>
                        <p class="soft small"><time dateTime={one.ended} title={exactTime(one.ended)}>{time(one.ended)}</time>{one.undone_by && `, ${t.undo.isUndone}`}</p></div>
                      {may("undo") && !one.undone_by && (one.can_be_undone ? <button type="button" class="button" onClick={() => (asked.value = one)}><Icon name="undo" size={18} />{t.activity.undo}</button>
                        : <span class="soft small">{t.activity.tooOld}</span>)}
                    </li>
                  ))}
                </ul>
              </section>
            ))}
            {operations.length >= limit.value && <div><button type="button" class="button" onClick={() => (limit.value *= 3)}>{t.verbs.showMore}</button></div>}
            {asked.value && <UndoDialog operation={asked.value} onClose={() => (asked.value = null)} />}
          </div>
        );
      }}
    </Loaded>
  );
}

function Reads() {
  const denied = useSignal(false);
  const since = useSignal("7d");
  const { state, again } = useLoad(() => get<AuditList>("api/v1/audit", { since: since.value, denied: denied.value, limit: 1000 }), [denied.value, since.value]);
  const where = (one: AuditRecord): string => [one.bucket, one.key].filter(Boolean).join("/");
  return (
    <div class="stack">
      <div class="line"><div class="activity-filter"><Field label={t.activity.time} value={since} choices={[["1d", t.find.when["-1d"] ?? ""], ["7d", t.find.when["-7d"] ?? ""], ["30d", t.find.when["-30d"] ?? ""], ["365d", t.find.when["-365d"] ?? ""]]} /></div>
        <label class="choice"><input type="checkbox" checked={denied.value} onChange={(event) => (denied.value = event.currentTarget.checked)} />{t.activity.denied}</label></div>
      <Loaded state={state.value} again={again}>
        {({ records }) => records.length === 0 ? <p class="soft">{t.activity.noReads}</p> : (
          <div class="card scrolls-sideways" tabIndex={0} role="region" aria-label={t.activity.reads}>
            <table><thead><tr><th scope="col">{t.activity.time}</th><th scope="col">{t.activity.who}</th><th scope="col">{t.activity.what}</th><th scope="col">{t.activity.where}</th><th scope="col">{t.activity.result}</th></tr></thead>
              <tbody>{[...records].reverse().slice(0, 300).map((one, i) => (
                <tr key={i}><td class="number">{dateTime(one.time)}</td><td>{one.actor}<br /><span class="soft small">{one.address}</span></td><td>{one.action.replace(/_/g, " ")}{one.count > 1 && ` × ${count(one.count)}`}</td><td>{where(one)}</td>
                  <td>{one.is_allowed ? <span class="chip good">{t.activity.allowed}</span> : <span class="chip bad">{t.activity.refused}</span>}</td></tr>
              ))}</tbody></table>
          </div>
        )}
      </Loaded>
    </div>
  );
}

export default function Activity() {
  const showsReads = route.value.query.get("tab") === "reads";
  return (
    <>
      <div class="page-head"><h1>{t.activity.title}</h1></div>
      {may("audit_read") && (
        <nav class="tabs" aria-label={t.activity.title}>
          <a href={href("activity")} aria-current={showsReads ? undefined : "page"}>{t.activity.changes}</a>
          <a href={href("activity", { tab: "reads" })} aria-current={showsReads ? "page" : undefined}>{t.activity.reads}</a>
        </nav>
      )}
      {showsReads ? <Reads /> : <Changes />}
    </>
  );
}
