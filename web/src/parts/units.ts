// Metadata with a unit. Always true: a value with a unit is kept as a plain number under a name that ends with the unit
// ("length_mm" = "12.5"), so that filters compare it (meta.length_mm>=12) and every other program reads it; what is kept
// is one of the units below, written in ASCII, and shown as people write it. A name with such an end whose value is no
// number is a name like others.
const kUnits = ("nm um mm cm m km in ft mi | mg g kg t lb oz | ns us ms s min h d | K C F | Pa kPa MPa hPa mbar bar psi | uV mV V kV uA mA A mW W kW MW | " +
  "J kJ MJ eV keV MeV Wh kWh cal kcal | Hz kHz MHz GHz | ul ml l | nmol umol mmol mol | N kN Nm | T mT | lm lx cd | dB ohm kohm | deg rad | " +
  "B kB MB GB TB | percent ppm ppb | m2 cm2 km2 m3 | m_per_s km_per_h | rpm px dpi").split(/[ |]+/);
const kShown: Record<string, string> = { um: "µm", us: "µs", uV: "µV", uA: "µA", ul: "µl", umol: "µmol", C: "°C", F: "°F", deg: "°", percent: "%", ohm: "Ω", kohm: "kΩ", m2: "m²", cm2: "cm²", km2: "km²", m3: "m³",
  m_per_s: "m/s", km_per_h: "km/h" };
const kKept = new Map(kUnits.map((one) => [kShown[one] ?? one, one]));
kKept.set("μm", "um").set("μs", "us").set("L", "l").set("mL", "ml").set("sec", "s"); // other ways to write them

export const knownUnits = [...new Set(kUnits.map((one) => kShown[one] ?? one))];
const longestFirst = [...kUnits].sort((a, b) => b.length - a.length);

export interface Entry {
  name: string;
  value: string;
  unit: string; // as it is shown; empty: none
}

const kNumber = /^[-+]?(\d+([.,]\d*)?|[.,]\d+)(e[-+]?\d+)?$/i;
const isNumber = (text: string): boolean => kNumber.test(text.trim());
// The point is what filters read; a comma is what many people type.
const plain = (text: string): string => text.trim().replace(",", ".").replace(/^\+/, "");

export function split(key: string, value: string): Entry {
  if (isNumber(value)) {
    const unit = longestFirst.find((one) => key.length > one.length + 1 && key.endsWith("_" + one));
    if (unit) return { name: key.slice(0, -unit.length - 1), value, unit: kShown[unit] ?? unit };
  }
  return { name: key, value, unit: "" };
}

// "12.5 mm" typed as one.
export function readValue(text: string): { value: string; unit: string } | null {
  const found = /^\s*([-+\d.,]+(?:e[-+]?\d+)?)\s*([^\s\d].*?)\s*$/i.exec(text);
  const [, value = "", unit = ""] = found ?? [];
  return isNumber(value) && kKept.has(unit) ? { value: plain(value), unit } : null;
}

export type Trouble = "unknown_unit" | "no_number";
export function troubleOf(entry: Entry): Trouble | null {
  const unit = entry.unit.trim();
  if (unit === "") return null;
  if (!kKept.has(unit) && !kUnits.includes(unit)) return "unknown_unit";
  return isNumber(entry.value) ? null : "no_number";
}

// How an entry without trouble is kept.
export function join(entry: Entry): [string, string] {
  const [name, unit] = [entry.name.trim(), entry.unit.trim()];
  return unit === "" ? [name, entry.value] : [`${name}_${kKept.get(unit) ?? unit}`, plain(entry.value)];
}
