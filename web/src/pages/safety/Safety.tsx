// What keeps the data safe, what was tested of it and when, and what to do about the rest.
import { get, post } from "../../api/client";
import { getIfThere, type AlarmNow } from "../../api/health";
import type { Alarm, Copy, CopyList, Finding, Policy, Schedule, ScheduleList, VaultStatus } from "../../api/types";
import { ago, dateTime, size } from "../../format/format";
import { CopyText } from "../../parts/CopyText";
import { Icon } from "../../parts/Icon";
import { RecoveryKit } from "../../parts/RecoveryKit";
import { Loaded } from "../../parts/States";
import { useEvery, useLoad } from "../../state/load";
import { changed, complain, tell } from "../../state/notices";
import { go, href } from "../../state/route";
import { may, vaultName } from "../../state/session";
import { t } from "../../text/text";
import "./safety.css";

interface Facts {
  status: VaultStatus;
  copies: Copy[];
  policy: Policy | null;
  alarms: Array<Alarm | AlarmNow>;
  schedules: Schedule[];
}

async function load(): Promise<Facts> {
  const vault = encodeURIComponent(vaultName.value || "main");
  const [status, copies, policy, alarms, schedules] = await Promise.all([
    get<VaultStatus>("api/v1/vaults/" + vault),
    may("copy_manage") ? get<CopyList>("api/v1/copies").then((one) => one.copies) : Promise.resolve([]),
    may("policy_read") ? get<Policy>("api/v1/policy") : Promise.resolve(null),
    getIfThere<{ alarms: Array<Alarm | AlarmNow> }>("api/v1/alarms").then((one) => one?.alarms ?? [], () => []),
    may("schedule") ? get<ScheduleList>("api/v1/schedules").then((one) => one.schedules) : Promise.resolve([]),
  ]);
  return { status, copies, policy, alarms, schedules };
}

const checkEverything = (): void => {
  post("api/v1/verify", { reads_data: true }).then(() => tell(t.safety.checkStarted, { words: t.shell.pages.jobs, run: () => go(href("jobs")) }), complain);
};

function Open({ finding }: { finding: Finding }) {
  const isKit = finding.id.startsWith("kit.");
  const isCheck = finding.id.startsWith("verify.");
  return (
    <li class="open-point" id={finding.id}>
      <Icon name="warning" />
      <div class="grow stack tight">
        <p><strong>{finding.message}</strong></p>
        {isKit && may("key_manage") ? <RecoveryKit isNew />
          : isCheck && may("verify") ? <div><button type="button" class="button primary" onClick={checkEverything}>{t.safety.checkNow}</button></div>
          : finding.command && <><p class="soft small">{finding.id === "copy.one_only" ? t.safety.copyHelp : t.safety.commandWords}</p><CopyText text={finding.command} /></>}
      </div>
    </li>
  );
}

function Copies({ copies, lastLsn }: { copies: Copy[]; lastLsn: number }) {
  if (copies.length === 0) return <p>{t.safety.noCopies}</p>;
  return (
    <ul class="stack">
      {copies.map((one) => (
        <li key={one.name} class="stack tight">
          <p class="line"><strong>{one.name}</strong><span class="soft">{one.place}</span>
            {one.verify_ok === false ? <span class="chip bad">{t.safety.damage}</span> : one.is_same_disk ? <span class="chip warn">{t.safety.sameDisk}</span>
              : one.verified ? <span class="chip good"><Icon name="check" size={14} />{t.safety.checked}: {ago(one.verified)}</span> : null}</p>
          <p class="soft small">{[one.bytes !== undefined && size(one.bytes), one.shipped_lsn !== undefined && t.safety.behind(Math.max(0, lastLsn - one.shipped_lsn)), one.synced && `${t.safety.synced} ${ago(one.synced)}`].filter(Boolean).join(", ")}</p>
        </li>
      ))}
    </ul>
  );
}

function Schedules({ list }: { list: Schedule[] }) {
  if (list.length === 0) return <p class="soft">{t.safety.noSchedules}</p>;
  return (
    <ul class="stack tight">
      {list.map((one) => {
        const last = one.runs.at(-1);
        return (
          <li key={one.name}><p class="line"><strong>{one.name}</strong> <code>{one.command}</code> {one.is_missed && <span class="chip bad">{t.safety.missed}</span>}
            {last && <span class={last.exit_code === 0 ? "chip good" : "chip bad"}>{last.exit_code === 0 ? t.safety.went : t.safety.failed}</span>}</p>
            <p class="soft small">{[one.rule, last && `${t.safety.last} ${ago(last.started)}`, `${t.safety.next} ${ago(one.next)}`].filter(Boolean).join(", ")}</p></li>
        );
      })}
    </ul>
  );
}

const isShown = (one: Alarm | AlarmNow): boolean => !("level" in one) || one.level === "warning" || one.level === "critical";

export default function Safety() {
  const { state, again } = useLoad(load, [changed.value]);
  useEvery(10, again);
  return (
    <>
      <div class="page-head"><h1>{t.safety.title}</h1></div>
      <Loaded state={state.value} again={again}>
        {({ status, copies, policy, alarms, schedules }) => (
          <div class="stack wide">
            {status.findings.length === 0 ? <p class="all-well"><Icon name="check" /><span><strong>{t.safety.isSafe}.</strong> {t.safety.isSafeWords}</span></p>
              : <section class="stack tight"><h2>{t.safety.open(status.findings.length)}</h2><ul class="card">{status.findings.map((one) => <Open key={one.id} finding={one} />)}</ul></section>}
            <div class="columns">
              <section class="card padded stack tight"><h2>{t.safety.copies}</h2><Copies copies={copies} lastLsn={status.last_lsn} /></section>
              <section class="card padded stack tight">
                <h2>{t.safety.check}</h2>
                <p class="soft">{t.safety.checkWords}</p>
                <dl class="facts">
                  <dt>{t.safety.lastFull}</dt><dd>{status.last_data_verify ? <>{dateTime(status.last_data_verify)} <span class={status.last_verify_ok ? "chip good" : "chip bad"}>{status.last_verify_ok ? t.safety.ok : t.safety.damage}</span></> : t.safety.never}</dd>
                  <dt>{t.safety.lastStructure}</dt><dd>{status.last_structure_verify ? dateTime(status.last_structure_verify) : t.safety.never}</dd>
                  <dt>{t.safety.lastGc}</dt><dd>{status.last_gc ? dateTime(status.last_gc) : t.safety.never}</dd>
                  <dt>{t.safety.encryption}</dt><dd>{status.encryption === "none" ? t.safety.notEncrypted : t.safety.encrypted}</dd>
                  <dt>{t.safety.free}</dt><dd>{size(status.available_bytes)}</dd>
                </dl>
                {may("verify") && status.last_data_verify && <div><button type="button" class="button" onClick={checkEverything}>{t.safety.checkNow}</button></div>}
              </section>
              {may("key_manage") && !status.findings.some((one) => one.id.startsWith("kit.")) && status.encryption !== "none" && <section class="card padded stack tight"><h2>{t.safety.kit}</h2><RecoveryKit /></section>}
              {policy && <section class="card padded stack tight"><h2>{t.safety.policy}</h2><ul class="stack tight">{policy.words.map((one) => <li key={one}>{one}</li>)}</ul></section>}
              {may("schedule") && <section class="card padded stack tight"><h2>{t.safety.schedules}</h2><Schedules list={schedules} /></section>}
              <section class="card padded stack tight"><h2>{t.safety.alarms}</h2>
                {alarms.filter(isShown).length === 0 ? <p class="soft">{t.safety.noAlarms}</p> : <ul class="stack tight">{alarms.filter(isShown).map((one, i) => <li key={i}><strong>{one.words}</strong>{"time" in one && <span class="soft small"> {dateTime(one.time)}</span>}{"advice" in one && <span class="soft small"> {one.advice}</span>}</li>)}</ul>}</section>
            </div>
          </div>
        )}
      </Loaded>
    </>
  );
}
