// When what was found was made or happened: a bar for each year, or for as many years as fit. A click narrows to it; with
// Shift from what is chosen to it. Always the whole of it, also while a part is chosen.
import type { Facet } from "../../api/types";
import { go } from "../../state/route";
import { t } from "../../text/text";
import { addressOf, type Question } from "./question";

const kBarsMax = 40;
const kSteps = [1, 2, 5, 10, 20, 50, 100, 500, 1000];
const kLabelsMax = 9; // bars that have room for their year
const kHeightMin = 6; // percent

interface Bar {
  from: number;
  to: number;
  count: number;
}

function barsOf(facet: Facet): Bar[] {
  const years = facet.counts.map((one): [number, number] => [Number(one.value), one.count]).filter(([year]) => Number.isInteger(year) && year > 0);
  if (years.length === 0) return [];
  const first = Math.min(...years.map(([year]) => year));
  const last = Math.max(...years.map(([year]) => year));
  const step = kSteps.find((one) => (last - first) / one < kBarsMax) ?? 1000;
  const start = Math.floor(first / step) * step;
  const bars: Bar[] = [];
  for (let from = start; from <= last; from += step) bars.push({ from, to: from + step - 1, count: 0 });
  for (const [year, count] of years) {
    const bar = bars[Math.floor((year - start) / step)];
    if (bar) bar.count += count;
  }
  return bars;
}

const four = (year: number): string => String(Math.max(1, year)).padStart(4, "0");

export function Timeline({ facet, question }: { facet: Facet; question: Question }) {
  const bars = barsOf(facet);
  if (bars.filter((one) => one.count > 0).length < 2) return null;
  const most = Math.max(...bars.map((one) => one.count));
  const [since, until] = [Number(question.since), Number(question.until)];
  const isByYear = /^\d{4}$/.test(question.since) && /^\d{4}$/.test(question.until);
  const isOn = (bar: Bar): boolean => isByYear && bar.to >= since && bar.from <= until;
  const to = (bar: Bar): string => addressOf(question, { since: four(bar.from), until: four(bar.to) });
  const widen = (event: MouseEvent, bar: Bar): void => {
    if (!event.shiftKey || !isByYear) return;
    event.preventDefault();
    go(addressOf(question, { since: four(Math.min(since, bar.from)), until: four(Math.max(until, bar.to)) }));
  };
  const label = (bar: Bar): string => (bar.from === bar.to ? String(bar.from) : `${bar.from}–${bar.to}`);
  return (
    <nav class="timeline" aria-label={t.find.timeline}>
      <ol>
        {bars.map((bar) => (
          <li key={bar.from}>
            {bar.count > 0 && (
              <a href={to(bar)} class={isOn(bar) ? "is-on" : ""} aria-current={isOn(bar) ? "true" : undefined} title={t.find.bar(label(bar), bar.count)} aria-label={t.find.bar(label(bar), bar.count)} onClick={(event) => widen(event, bar)}>
                <span style={{ height: `${Math.max(kHeightMin, (bar.count / most) * 100)}%` }} /></a>
            )}
          </li>
        ))}
      </ol>
      <p class={bars.length <= kLabelsMax ? "timeline-years soft small" : "soft small line between"} aria-hidden="true">
        {(bars.length <= kLabelsMax ? bars : [bars[0], bars[bars.length - 1]]).map((bar) => bar && <span key={bar.from}>{bar === bars[bars.length - 1] && bars.length > kLabelsMax ? bar.to : bar.from}</span>)}</p>
    </nav>
  );
}
