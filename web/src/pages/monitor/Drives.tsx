// What each drive below the home and its copies says of itself: how full its places are, what it moves, how worn it is.
// What is wrong of it is what the alarms call so, by the limits that were set.
import type { Alarm, DiskPlace, Drive } from "../../api/types";
import { count, percent, rate, size } from "../../format/format";
import { t } from "../../text/text";

interface Watched {
  places: DiskPlace[];
  alarms: Alarm[];
}

function Facts({ drive, places, alarms }: Watched & { drive: Drive }) {
  const look = (name: string, subject: string): string => {
    const level = alarms.find((one) => one.name === name && one.subject === subject)?.level;
    return level === "critical" ? "chip bad" : level === "warning" ? "chip warn" : "";
  };
  const moved = [drive.read_bytes_per_second !== undefined && `${t.drives.read} ${rate(drive.read_bytes_per_second)}`, drive.written_bytes_per_second !== undefined && `${t.drives.written} ${rate(drive.written_bytes_per_second)}`].filter(Boolean).join(", ");
  const worn = [drive.life_written_bytes !== undefined && t.drives.ofLife(size(drive.life_written_bytes)), drive.hours_on !== undefined && t.drives.hours(count(drive.hours_on))].filter(Boolean).join(", ");
  return (
    <dl class="facts">
      {places.flatMap((one) => [
        <dt key={one.name + " name"}>{one.name === "home" ? t.forecast.home : one.name.replace(/^.*: copy /, t.forecast.copy + " ")}</dt>,
        <dd key={one.name}><span class={look("capacity", one.name)}>{t.drives.full(percent((one.used_percent ?? 0) / 100), size(one.available_bytes), size(one.total_bytes))}</span></dd>,
      ])}
      {moved && <><dt>{t.drives.now}</dt><dd>{moved}</dd></>}
      {drive.temperature_celsius !== undefined && <><dt>{t.drives.temperature}</dt><dd><span class={look("drive_temperature", drive.name)}>{count(drive.temperature_celsius)} °C</span></dd></>}
      {drive.health_percent !== undefined && <><dt>{t.drives.health}</dt><dd><span class={look("drive_health", drive.name)}>{percent(drive.health_percent / 100)}</span></dd></>}
      {drive.passed !== undefined && <><dt>{t.drives.verdict}</dt><dd><span class={look("drive_failing", drive.name)}>{drive.passed ? t.drives.passed : t.drives.failing}</span></dd></>}
      {worn && <><dt>{t.drives.life}</dt><dd>{worn}</dd></>}
      {(drive.unreadable_sectors ?? 0) > 0 && <><dt>{t.drives.unreadable}</dt><dd><span class="chip bad">{count(drive.unreadable_sectors ?? 0)}</span></dd></>}
    </dl>
  );
}

export function Drives({ drives, places, alarms }: Watched & { drives: Drive[] }) {
  return (
    <section class="stack tight" id="drives"><h2>{t.monitor.drives}</h2>
      <ul class="columns">{drives.map((one) => (
        <li key={one.name} class="card padded stack tight"><h3>{one.model || one.name}</h3>
          <p class="soft small">{[one.model && one.name, size(one.capacity_bytes), t.drives.kinds[one.kind]].filter(Boolean).join(", ")}</p>
          <Facts drive={one} places={places.filter((place) => place.is_reachable && place.drives.includes(one.name))} alarms={alarms} />
          {one.unknown_because && <p class="soft small">{t.drives.unknown(one.unknown_because)}</p>}</li>
      ))}</ul></section>
  );
}
