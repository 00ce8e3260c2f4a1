// A list of which only the rows that are seen are in the document. Browsers end at some 30 million pixels of height: beyond
// kHeightMax the scroll bar stands for shares of the list instead of pixels.
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";

const kHeightMax = 12_000_000;
const kAround = 6;

interface Properties {
  count: number;
  rowHeight: number;
  label: string;
  focused: number; // kept in sight
  onKeyDown: (event: KeyboardEvent) => void;
  onNear: (last: number) => void; // the last row that is seen
  header?: ComponentChildren;
  row: (index: number) => ComponentChildren;
  columns: number;
  isMulti?: boolean;
}

export function VirtualRows({ count, rowHeight, label, focused, onKeyDown, onNear, header, row, columns, isMulti }: Properties) {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const height = useSignal(600);
  const full = count * rowHeight;
  const shown = Math.min(full, kHeightMax);
  const scale = full > kHeightMax ? (full - height.value) / (shown - height.value) : 1;

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const measure = new ResizeObserver(() => (height.value = element.clientHeight));
    measure.observe(element);
    return () => measure.disconnect();
  }, []);
  // Scrolled by the keyboard: the row with the focus stays in sight.
  useEffect(() => {
    const element = box.current;
    if (!element || focused < 0) return;
    const at = (focused * rowHeight) / scale;
    if (at < element.scrollTop) element.scrollTop = at;
    else if (at + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = at + rowHeight - element.clientHeight;
  }, [focused]);

  const from = Math.max(0, Math.floor((top.value * scale) / rowHeight) - kAround);
  const to = Math.min(count, Math.ceil((top.value * scale + height.value) / rowHeight) + kAround);
  useEffect(() => onNear(to), [to, count]);
  const rows: ComponentChildren[] = [];
  for (let i = from; i < to; i++) rows.push(row(i));
  // Rows lie at their places in the whole list, moved by as much as the scroll bar is behind.
  const offset = top.value - top.value * scale;
  return (
    <div class="rows" role="grid" aria-label={label} aria-rowcount={count + 1} aria-colcount={columns} aria-multiselectable={isMulti ?? false}>
      {header}
      <div ref={box} class="rows-box" tabIndex={0} role="rowgroup" aria-label={label} style={{ "--rows": String(Math.min(count, 100)) }} onKeyDown={onKeyDown}
        onScroll={(event) => (top.value = event.currentTarget.scrollTop)}>
        <div class="rows-inside" role="presentation" style={{ height: `${shown}px` }}>
          <div class="rows-shown" role="presentation" style={{ transform: `translateY(${from * rowHeight + offset}px)` }}>{rows}</div>
        </div>
      </div>
    </div>
  );
}
