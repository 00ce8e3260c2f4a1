// Figures over time. The plots come with a table of the figures now, for who cannot see them.
import { useSignal } from "@preact/signals";
import { get } from "../../api/client";
import type { Alarm, AlarmList, DriveList, HealthSummary, Monitor as MonitorFigures, VaultStatus } from "../../api/types";
import { percent, rate, size, count } from "../../format/format";
import { Field } from "../../parts/Field";
import { Loaded } from "../../parts/States";
import { useEvery, useLoad } from "../../state/load";
import { may, vaultName } from "../../state/session";
import { t } from "../../text/text";
import { Drives } from "./Drives";
import { Forecast } from "./Forecast";
import { Plot, type Line } from "./Plot";
import "./monitor.css";

interface Facts {
  figures: MonitorFigures;
  drives: DriveList;
  alarms: Alarm[];
  status: VaultStatus | null;
  room: HealthSummary["room"] | null;
}

const milliseconds = (seconds: number): string => `${count(Math.round(seconds * 10_000) / 10)} ms`;

const plots: Array<{ title: string; format: (value: number) => string; lines: Array<[string, string]> }> = [
  { title: `${t.monitor.in}, ${t.monitor.out}`, format: rate, lines: [["received_bytes_per_second", t.monitor.in], ["sent_bytes_per_second", t.monitor.out]] },
  { title: t.monitor.requests, format: (value) => count(Math.round(value * 10) / 10), lines: [["requests_per_second_rest", "REST"], ["requests_per_second_s3", "S3"], ["requests_per_second_webdav", "WebDAV"]] },
  { title: t.monitor.latency, format: milliseconds, lines: [["query_p50_seconds", "p50"], ["query_p95_seconds", "p95"], ["query_p99_seconds", "p99"]] },
  { title: t.monitor.stored, format: size, lines: [["logical_bytes", t.monitor.stored], ["pack_bytes", t.monitor.onDisk]] },
  { title: t.monitor.tiers, format: size, lines: [["hot_bytes", t.monitor.hot], ["warm_bytes", t.monitor.warm], ["cold_bytes", t.monitor.cold]] },
  { title: t.monitor.places, format: size, lines: [["available_bytes", t.monitor.free], ["copies_bytes", t.monitor.copies]] },
  { title: t.monitor.cache, format: percent, lines: [["cache_hit_ratio", t.monitor.cache]] },
];

function linesOf(figures: MonitorFigures, wanted: Array<[string, string]>): Line[] {
  return wanted.flatMap(([name, label]) => {
    const values = figures.series[name];
    return Array.isArray(values) ? [{ label, values: values.map((one: unknown) => (typeof one === "number" ? one : null)) }] : [];
  });
}

function Now({ facts }: { facts: Facts }) {
  const { status, figures, room } = facts;
  const cache = figures.now["cache_hit_ratio"];
  return (
    <dl class="tiles-of-figures">
      {status && <><div class="card padded"><dt>{t.monitor.stored}</dt><dd>{size(status.logical_bytes)}</dd></div>
        <div class="card padded"><dt>{t.monitor.onDisk}</dt><dd>{size(status.pack_bytes + status.journal_bytes + status.derived_bytes)}</dd></div>
        <div class="card padded"><dt>{t.monitor.free}</dt><dd>{size(status.available_bytes)}</dd>{room?.grown_bytes_per_day !== undefined && <p class="soft small">{t.monitor.growth(size(Math.max(0, room.grown_bytes_per_day)), room.months)}</p>}</div>
        <div class="card padded"><dt>{t.monitor.dedup}</dt><dd>{size(Math.max(0, status.logical_bytes - status.unique_bytes))}</dd></div></>}
      {typeof cache === "number" && <div class="card padded"><dt>{t.monitor.cache}</dt><dd>{percent(cache)}</dd></div>}
    </dl>
  );
}

export default function Monitor() {
  const range = useSignal("1h");
  const { state, again } = useLoad<Facts>(async () => {
    const [figures, drives, alarms, status, room] = await Promise.all([
      get<MonitorFigures>("api/v1/monitor", { since: range.value === "1y" ? "365d" : range.value }),
      get<DriveList>("api/v1/drives"),
      get<AlarmList>("api/v1/alarms").then((one) => one.alarms),
      may("status") ? get<VaultStatus>("api/v1/vaults/" + encodeURIComponent(vaultName.value || "main")) : Promise.resolve(null),
      may("status") ? get<HealthSummary>("api/v1/health/summary").then((one) => one.room) : Promise.resolve(null),
    ]);
    return { figures, drives, alarms, status, room };
  }, [range.value]);
  useEvery(10, again);
  return (
    <>
      <div class="page-head"><h1>{t.monitor.title}</h1>{state.value.value && <div class="monitor-range"><Field label={t.monitor.range} value={range} choices={Object.entries(t.monitor.ranges)} /></div>}</div>
      <Loaded state={state.value} again={again}>
        {(facts) => {
          const { figures, drives } = facts;
          return (
            <div class="stack wide">
              <Now facts={facts} />
              <div class="plots">{plots.map((one) => <Plot key={one.title} title={one.title} times={figures.times} lines={linesOf(figures, one.lines)} format={one.format} />)}</div>
              {facts.room && <Forecast room={facts.room} />}
              {drives.drives.length > 0 && <Drives drives={drives.drives} places={drives.places} alarms={facts.alarms} />}
            </div>
          );
        }}
      </Loaded>
    </>
  );
}
