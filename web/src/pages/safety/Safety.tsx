// What keeps the data safe, what was tested of it and when, and what to do about the rest.
import { get, post } from "../../api/client";
import type { Alarm, AlarmEvent, AlarmList, Check, CheckList, Copy, CopyList, Finding, Policy, Schedule, ScheduleList, SearchCoverage, Settings, VaultStatus } from "../../api/types";
import { dateTime, size } from "../../format/format";
import { CopyText } from "../../parts/CopyText";
import { Icon } from "../../parts/Icon";
import { RecoveryKit } from "../../parts/RecoveryKit";
import { Loaded } from "../../parts/States";
import { useEvery, useLoad } from "../../state/load";
import { changed, complain, tell } from "../../state/notices";
import { go, href } from "../../state/route";
import { may, vaultName } from "../../state/session";
import { t } from "../../text/text";
import { Checks } from "./Checks";
import { AddCopy, Copies, mayPlace } from "./Copies";
import { Schedules } from "./Schedules";
import { Told } from "./Told";
import "./safety.css";

interface Facts {
  status: VaultStatus;
  copies: Copy[];
  policy: Policy | null;
  alarms: Alarm[]; // raised now
  events: AlarmEvent[]; // since the server was started
  schedules: Schedule[];
  settings: Settings | null; // for who may set them
  checks: Check[];
  gates: { judged: number; quarantined: number } | null; // where no bucket has one, and where the index cannot be had: none
}

async function load(): Promise<Facts> {
  const vault = encodeURIComponent(vaultName.value || "main");
  const [status, copies, policy, alarms, schedules, settings, checks, gates] = await Promise.all([
    get<VaultStatus>("api/v1/vaults/" + vault),
    may("copy_manage") ? get<CopyList>("api/v1/copies").then((one) => one.copies) : Promise.resolve([]),
    may("policy_read") ? get<Policy>("api/v1/policy") : Promise.resolve(null),
    get<AlarmList>("api/v1/alarms"),
    may("schedule") ? get<ScheduleList>("api/v1/schedules").then((one) => one.schedules) : Promise.resolve([]),
    may("server_admin") ? get<Settings>("api/v1/settings") : Promise.resolve(null),
    get<CheckList>("api/v1/checks").then((one) => one.checks),
    get<SearchCoverage>("api/v1/search/coverage").then((one) => (one.judged > 0 ? one : null), () => null),
  ]);
  return { status, copies, policy, alarms: alarms.alarms.filter((one) => one.level === "warning" || one.level === "critical"), events: alarms.events, schedules, settings, checks, gates };
}

const checkEverything = (): void => {
  post("api/v1/verify", { reads_data: true }).then(() => tell(t.safety.checkStarted, { words: t.shell.pages.jobs, run: () => go(href("jobs")) }), complain);
};

function Open({ finding }: { finding: Finding }) {
  const isKit = finding.id.startsWith("kit.");
  const isCheck = finding.id.startsWith("verify.");
  const wantsCopy = finding.id === "copy.one_only" || finding.id === "copy.same_disk";
  return (
    <li class="open-point" id={finding.id}>
      <Icon name="warning" />
      <div class="grow stack tight">
        <p><strong>{finding.message}</strong></p>
        {isKit && may("key_manage") ? <RecoveryKit isNew />
          : isCheck && may("verify") ? <div><button type="button" class="button primary" onClick={checkEverything}>{t.safety.checkNow}</button></div>
          : wantsCopy && mayPlace() ? <><p class="soft small">{t.safety.copyHere}</p><AddCopy isFirst /></>
          : finding.command && <><p class="soft small">{finding.id === "copy.one_only" ? t.safety.copyHelp : t.safety.commandWords}</p><CopyText text={finding.command} /></>}
      </div>
    </li>
  );
}

export default function Safety() {
  const { state, again } = useLoad(load, [changed.value]);
  useEvery(10, again);
  return (
    <>
      <div class="page-head"><h1>{t.safety.title}</h1></div>
      <Loaded state={state.value} again={again}>
        {({ status, copies, policy, alarms, events, schedules, settings, checks, gates }) => (
          <div class="stack wide">
            {status.findings.length === 0 ? <p class="all-well"><Icon name="check" /><span><strong>{t.safety.isSafe}.</strong> {t.safety.isSafeWords}</span></p>
              : <section class="stack tight"><h2>{t.safety.open(status.findings.length)}</h2><ul class="card">{status.findings.map((one) => <Open key={one.id} finding={one} />)}</ul></section>}
            <div class="columns">
              <section class="card padded stack"><h2>{t.safety.copies}</h2><Copies copies={copies} lastLsn={status.last_lsn} /></section>
              <section class="card padded stack tight">
                <h2>{t.safety.check}</h2>
                <p class="soft">{t.safety.checkWords}</p>
                <dl class="facts">
                  <dt>{t.safety.lastFull}</dt><dd>{status.last_data_verify ? <>{dateTime(status.last_data_verify)} <span class={status.last_verify_ok ? "chip good" : "chip bad"}>{status.last_verify_ok ? t.safety.ok : t.safety.damage}</span></> : t.safety.never}</dd>
                  <dt>{t.safety.lastStructure}</dt><dd>{status.last_structure_verify ? dateTime(status.last_structure_verify) : t.safety.never}</dd>
                  <dt>{t.safety.lastGc}</dt><dd>{status.last_gc ? dateTime(status.last_gc) : t.safety.never}</dd>
                  {gates && <><dt>{t.find.quarantine}</dt><dd id="quarantine">{t.safety.quarantined(gates.quarantined, gates.judged)}</dd></>}
                  <dt>{t.safety.encryption}</dt><dd>{status.encryption === "none" ? t.safety.notEncrypted : t.safety.encrypted}</dd>
                  <dt>{t.safety.free}</dt><dd>{size(status.available_bytes)}</dd>
                </dl>
                {may("verify") && status.last_data_verify && <div><button type="button" class="button" onClick={checkEverything}>{t.safety.checkNow}</button></div>}
                <Checks list={checks} copies={copies} hasFiles={status.files > 0} />
              </section>
              {may("key_manage") && !status.findings.some((one) => one.id.startsWith("kit.")) && status.encryption !== "none" && <section class="card padded stack tight"><h2>{t.safety.kit}</h2><RecoveryKit /></section>}
              {policy && <section class="card padded stack tight"><h2>{t.safety.policy}</h2><ul class="stack tight">{policy.words.map((one) => <li key={one}>{one}</li>)}</ul></section>}
              {may("schedule") && <section class="card padded stack"><h2>{t.safety.schedules}</h2><Schedules list={schedules} copies={copies} /></section>}
              <section class="card padded stack tight"><h2>{t.safety.alarms}</h2>
                {alarms.length + events.length === 0 ? <p class="soft">{t.safety.noAlarms}</p> : (
                  <ul class="stack tight">
                    {alarms.map((one) => <li key={one.name + one.subject}><span class={one.level === "critical" ? "chip bad" : "chip warn"}>{one.subject || one.name.replace(/_/g, " ")}</span> {one.words} <span class="soft small">{one.advice}</span></li>)}
                    {events.map((one, i) => <li key={i}>{one.words} <span class="soft small">{dateTime(one.time)}</span></li>)}
                  </ul>
                )}
                {settings && <Told settings={settings} />}</section>
            </div>
          </div>
        )}
      </Loaded>
    </>
  );
}
