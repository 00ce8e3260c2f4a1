// Sizes, counts, times and names as the person's own locale and time zone write them.
const locale = navigator.languages?.[0] ?? "en";

const number = new Intl.NumberFormat(locale);
export const count = (value: number): string => number.format(value);
// A number as it was written, with its own digits, and its unit.
export function measure(text: string, unit: string): string {
  const value = Number(text);
  const digits = (text.split(".")[1] ?? "").replace(/e.*$/i, "").length;
  if (!Number.isFinite(value) || /e/i.test(text) || digits > 15) return `${text} ${unit}`;
  return `${new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value)} ${unit}`;
}
// A sum in a currency that is not known.
const sum = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
export const money = (value: number): string => sum.format(value);

const units = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte", "petabyte"];
export function size(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  if (unit === 0) return `${number.format(value)} B`;
  const digits = value >= 99.5 ? 0 : value >= 9.95 ? 1 : 2;
  return new Intl.NumberFormat(locale, { style: "unit", unit: units[unit] ?? "byte", unitDisplay: "short",
                                         maximumFractionDigits: digits }).format(value);
}
// "10 GB", "1.5 GiB", "500000" as people type a size; null where it is none. Powers of ten but for Ki, Mi, Gi, Ti.
export function readSize(text: string): number | null {
  const found = /^\s*(\d+(?:[.,]\d+)?)\s*(?:([kmgtp])(i?))?b?\s*$/i.exec(text);
  if (!found) return null;
  const power = found[2] ? "kmgtp".indexOf(found[2].toLowerCase()) + 1 : 0;
  return Math.round(Number((found[1] ?? "").replace(",", ".")) * (found[3] ? 1024 : 1000) ** power);
}
export const rate = (bytesPerSecond: number): string => size(bytesPerSecond) + "/s";

const whole = new Intl.DateTimeFormat(locale, { dateStyle: "medium", timeStyle: "short" });
const exact = new Intl.DateTimeFormat(locale, { dateStyle: "full", timeStyle: "long" });
const dayOnly = new Intl.DateTimeFormat(locale, { dateStyle: "medium" });
const clock = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
const month = new Intl.DateTimeFormat(locale, { month: "long", year: "numeric" });
export const dateTime = (text: string): string => whole.format(new Date(text));
export const exactTime = (text: string): string => exact.format(new Date(text));
export const day = (text: string): string => dayOnly.format(new Date(text));
export const time = (text: string): string => clock.format(new Date(text));
// On an axis whose marks lie `step` seconds apart; at midnight the day counts more than the clock.
const clockSeconds = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
const dayShort = new Intl.DateTimeFormat(locale, { day: "numeric", month: "short" });
export function axisTime(seconds: number, step: number): string {
  const moment = new Date(seconds * 1000);
  if (step >= 28 * 86_400) return month.format(moment);
  const isMidnight = moment.getHours() === 0 && moment.getMinutes() === 0;
  if (step >= 86_400 || isMidnight) return dayShort.format(moment);
  return (step < 60 ? clockSeconds : clock).format(moment);
}
export const monthOf = (text: string): string => month.format(new Date(text));

const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
const steps: Array<[Intl.RelativeTimeFormatUnit, number]> = [
  ["year", 31_536_000], ["month", 2_592_000], ["week", 604_800], ["day", 86_400], ["hour", 3_600], ["minute", 60]];
export function ago(text: string, now = Date.now()): string {
  const seconds = (new Date(text).getTime() - now) / 1000;
  for (const [unit, length] of steps)
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  return relative.format(Math.trunc(seconds) || -1, "second"); // never "now", which reads as if it were going on
}

// "3 min", "2 h 10 min": how long something takes.
export function span(seconds: number): string {
  const unit = (value: number, name: string): string =>
    new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
  if (seconds < 60) return unit(Math.max(1, Math.round(seconds)), "second");
  if (seconds < 3600) return unit(Math.round(seconds / 60), "minute");
  if (seconds < 172_800) return unit(Math.round(seconds / 3600), "hour");
  return unit(Math.round(seconds / 86_400), "day");
}

// "1:02:05": where in a film or recording.
export function clockOf(milliseconds: number): string {
  const seconds = Math.round(milliseconds / 1000);
  const two = (value: number): string => String(value).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return (hours > 0 ? `${hours}:${two(minutes)}` : String(minutes)) + ":" + two(seconds % 60);
}

export const byName = new Intl.Collator(locale, { numeric: true, sensitivity: "base" });
export const percent = (ratio: number): string =>
  new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 }).format(ratio);

const languages = new Intl.DisplayNames(locale, { type: "language" });
export function languageName(code: string): string {
  try {
    return languages.of(code) ?? code;
  } catch {
    return code; // what a file says is no code of a language
  }
}
