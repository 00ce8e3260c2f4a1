import { useEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { axisTime, dateTime } from "../../format/format";
import { theme } from "../../state/theme";
import { t } from "../../text/text";

export interface Line {
  label: string;
  values: Array<number | null>;
}

const colours = ["--accent", "--warn", "--bad"];

export function Plot({ title, times, lines, format }: { title: string; times: number[]; lines: Line[]; format: (value: number) => string }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = box.current;
    if (!element || times.length === 0) return undefined;
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name).trim();
    const axis = { stroke: colour("--text-soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { stroke: colour("--line") } };
    const plot = new uPlot({
      width: element.clientWidth, height: 200, cursor: { y: false },
      series: [{ label: t.monitor.range, value: (_: uPlot, seconds: number | null) => (seconds === null ? "–" : dateTime(new Date(seconds * 1000).toISOString())) }, ...lines.map((one, i) => ({ label: one.label, stroke: colour(colours[i] ?? "--text"), width: 2, spanGaps: false, value: (_: uPlot, value: number | null) => (value === null ? "–" : format(value)) }))],
      axes: [{ ...axis, values: (_: uPlot, splits: number[], _axis: number, _space: number, step: number) => splits.map((one) => axisTime(one, step)) }, { ...axis, size: 76, values: (_: uPlot, values: number[]) => values.map(format) }],
    }, [times, ...lines.map((one) => one.values)], element);
    const fit = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: 200 }));
    fit.observe(element);
    return () => { fit.disconnect(); plot.destroy(); };
  }, [times, lines, theme.value]);
  const last = lines.map((one) => ({ label: one.label, value: one.values.findLast((value) => value !== null) }));
  return (
    <figure class="card padded plot">
      <figcaption class="line between"><h2>{title}</h2><span class="soft small">{last.map((one) => `${one.label} ${one.value === undefined || one.value === null ? "–" : format(one.value)}`).join(", ")}</span></figcaption>
      {times.length === 0 ? <p class="soft">{t.monitor.none}</p> : <div ref={box} aria-hidden="true" />}
    </figure>
  );
}
