// Short words at the edge of the page: what was done, with its undo; what went wrong. They stay long enough to be read, and as
// long as the pointer or the keyboard is on them.
import { signal } from "@preact/signals";
import { post } from "../api/client";
import type { UndoReport } from "../api/types";
import { t, wordsOf } from "../text/text";

export interface Notice {
  id: number;
  words: string;
  isError: boolean;
  action?: { words: string; run: () => void };
}
export const notices = signal<Notice[]>([]);
let last = 0;
const kShownMs = 8_000;

export function dismiss(id: number): void {
  notices.value = notices.value.filter((one) => one.id !== id);
}

function show(notice: Omit<Notice, "id">): void {
  const id = ++last;
  notices.value = [...notices.value.slice(-2), { ...notice, id }];
  if (!notice.isError) window.setTimeout(() => dismiss(id), kShownMs);
}

export const tell = (words: string, action?: Notice["action"]): void => show({ words, isError: false, ...(action ? { action } : {}) });
export const complain = (error: unknown): void => {
  if (error instanceof DOMException && error.name === "AbortError") return;
  show({ words: wordsOf(error), isError: true });
};

// Counts changes made here or taken back, so that lists that are shown ask anew.
export const changed = signal(0);

export async function undo(request: { last: true } | { operation: string }): Promise<void> {
  try {
    const report = await post<UndoReport>("api/v1/undo", request);
    changed.value++;
    const left = report.plan.left + report.plan.impossible;
    tell(left > 0 ? t.undo.donePartly(left) : t.undo.done);
  } catch (error) {
    complain(error);
  }
}

// Several operations that were asked for as one are taken back as one, the last of them first.
async function undoAll(operations: string[]): Promise<void> {
  try {
    let left = 0;
    for (const operation of [...operations].reverse()) {
      const report = await post<UndoReport>("api/v1/undo", { operation });
      left += report.plan.left + report.plan.impossible;
    }
    tell(left > 0 ? t.undo.donePartly(left) : t.undo.done);
  } catch (error) {
    complain(error);
  }
  changed.value++;
}

export const tellWithUndo = (words: string, operations: string[]): void => {
  changed.value++;
  tell(words, operations.length > 0 ? { words: t.undo.verb, run: () => void undoAll(operations) } : undefined);
};

export const tellUndoable = (words: string): void => {
  changed.value++;
  tell(words, { words: t.undo.verb, run: () => void undo({ last: true }) });
};
