// Where the data lies and how it grows: each place with its room and when it will be full, and each tier.
import type { HealthLocation, HealthSummary } from "../../api/types";
import { percent, size } from "../../format/format";
import { t } from "../../text/text";

const kind = (one: HealthLocation): string => (one.kind === "home" ? t.forecast.home : one.name.replace(/^.*: copy /, t.forecast.copy + " "));

function growth(perDay: number | undefined): string {
  if (perDay === undefined) return t.forecast.notYet;
  const bytes = Math.abs(perDay);
  return bytes < 1 ? t.forecast.still : t.forecast.perDay((perDay < 0 ? "−" : "+") + size(bytes));
}

function Full({ one }: { one: HealthLocation }) {
  if (one.total_bytes === undefined) return <>{one.kind === "folder" ? t.forecast.away : t.forecast.noEnd}</>;
  if (one.grown_bytes_per_day === undefined) return <>{t.forecast.notYet}</>;
  if (one.months === undefined) return <>{t.forecast.notFull}</>;
  return <span class={one.months < 1 ? "chip bad" : one.months < 6 ? "chip warn" : ""}>{t.forecast.months(one.months)}</span>;
}

export function Forecast({ room }: { room: HealthSummary["room"] }) {
  return (
    <section class="card padded stack tight" id="forecast">
      <h2>{t.forecast.title}</h2>
      <div class="scrolls-sideways" tabIndex={0} role="region" aria-label={t.forecast.title}>
        <table>
          <thead><tr><th scope="col">{t.forecast.where}</th><th scope="col" class="number">{t.forecast.used}</th><th scope="col" class="number">{t.forecast.free}</th><th scope="col" class="number">{t.forecast.grows}</th><th scope="col">{t.forecast.full}</th></tr></thead>
          <tbody>
            {room.locations.map((one) => (
              <tr key={one.name}>
                <th scope="row">{kind(one)}<span class="soft small forecast-place">{one.place.split("?")[0]}</span></th>
                <td class="number">{one.used_bytes === undefined ? "–" : size(one.used_bytes)}</td>
                <td class="number">{one.available_bytes === undefined || one.total_bytes === undefined ? "–" : `${size(one.available_bytes)} (${percent(one.available_bytes / Math.max(1, one.total_bytes))})`}</td>
                <td class="number">{growth(one.grown_bytes_per_day)}</td>
                <td><Full one={one} /></td>
              </tr>
            ))}
            {room.tiers.map((one) => (
              <tr key={one.name}>
                <th scope="row">{t.forecast.tiers[one.name] ?? one.name}</th>
                <td class="number">{size(one.used_bytes)}</td><td class="number">–</td>
                <td class="number">{growth(one.grown_bytes_per_day)}</td><td>{t.forecast.inHome}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p class="soft small">{t.forecast.words}</p>
    </section>
  );
}
