// What a page asked the server for: not there yet, there, or failed.
import { useSignal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";

export interface Loaded<T> {
  value: T | null;
  error: unknown;
  isLoading: boolean;
}

export interface Loading<T> {
  state: Signal<Loaded<T>>;
  again: () => void;
}

// Asks whenever `inputs` change; an answer that comes after the next question is passed over. What was there stays shown
// meanwhile, so that a page that asks anew does not flicker.
export function useLoad<T>(run: (signal: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Loading<T> {
  const state = useSignal<Loaded<T>>({ value: null, error: null, isLoading: true });
  const round = useSignal(0);
  useEffect(() => {
    const stop = new AbortController();
    state.value = { ...state.value, isLoading: true };
    run(stop.signal).then(
      (value) => { if (!stop.signal.aborted) state.value = { value, error: null, isLoading: false }; },
      (error: unknown) => { if (!stop.signal.aborted) state.value = { value: state.value.value, error, isLoading: false }; },
    );
    return () => stop.abort();
  }, [...inputs, round.value]);
  return { state, again: () => void round.value++ };
}

// Calls `run` every `seconds` while the page is seen.
export function useEvery(seconds: number, run: () => void, isOn = true): void {
  useEffect(() => {
    if (!isOn) return undefined;
    const timer = window.setInterval(() => { if (!document.hidden) run(); }, seconds * 1000);
    return () => window.clearInterval(timer);
  }, [seconds, isOn]);
}
