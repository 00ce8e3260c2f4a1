// What a server that watches its health answers beside vaults and copies. Asked carefully: an older server has none of it,
// and then the pages show less.
import { ApiError, get } from "./client";
import type { Query } from "./client";

export interface AlarmNow {
  name: string;
  subject: string;
  level: "unknown" | "good" | "ok" | "warning" | "critical";
  words: string;
  advice: string;
  since: string;
}
export interface HealthSummary {
  sentence: string;
  points: AlarmNow[];
  room: { total_bytes: number; available_bytes: number; used_percent?: number; months?: number };
}
export interface MonitorFigures {
  step_seconds: number;
  times: number[];
  series: Record<string, Array<number | null>>;
  now: Record<string, number | null>;
}
export interface DriveFacts {
  name: string;
  kind: string;
  model: string;
  holds: string[];
  capacity_bytes: number;
  temperature_celsius?: number;
  health_percent?: number;
  life_written_bytes?: number;
  unknown_because?: string;
}
// null: this server has no such thing.
export async function getIfThere<T>(path: string, query?: Query): Promise<T | null> {
  try {
    return await get<T>(path, query);
  } catch (error) {
    if (error instanceof ApiError && (error.status === 404 || error.status === 501)) return null;
    throw error;
  }
}
