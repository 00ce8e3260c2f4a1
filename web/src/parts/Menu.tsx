// A button that opens a list of verbs (WAI-ARIA menu button): arrows move, Escape closes, a click elsewhere too.
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { Icon, type IconName } from "./Icon";
import "./menu.css";

export interface Verb {
  words: string;
  icon?: IconName;
  isBad?: boolean;
  run: () => void;
}

export function Menu({ label, icon = "more", words, verbs }: { label: string; icon?: IconName; words?: string; verbs: Verb[] }) {
  const isOpen = useSignal(false);
  const box = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const shown = useRef<HTMLDivElement>(null);

  useEffect(() => {
    const list = shown.current;
    const place = button.current?.getBoundingClientRect();
    if (!isOpen.value || !list || !place) return undefined;
    // In the top layer, for a list that scrolls would cut it off; above the button where there is no room below.
    list.showPopover();
    const height = list.offsetHeight;
    list.style.top = `${place.bottom + height + 8 < innerHeight ? place.bottom + 4 : Math.max(4, place.top - height - 4)}px`;
    list.style.left = `${Math.max(4, Math.min(place.right, innerWidth - 4) - list.offsetWidth)}px`;
    const close = (): void => { isOpen.value = false; };
    window.addEventListener("scroll", close, { capture: true, passive: true });
    box.current?.querySelector<HTMLElement>("[role=menuitem]")?.focus({ preventScroll: true });
    const elsewhere = (event: MouseEvent): void => {
      if (event.target instanceof Node && !box.current?.contains(event.target)) isOpen.value = false;
    };
    document.addEventListener("pointerdown", elsewhere);
    return () => {
      document.removeEventListener("pointerdown", elsewhere);
      window.removeEventListener("scroll", close, { capture: true });
    };
  }, [isOpen.value]);

  const move = (event: KeyboardEvent): void => {
    if (!isOpen.value) return;
    const items = [...(box.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = items.findIndex((one) => one === document.activeElement);
    const step = event.key === "ArrowDown" ? 1 : event.key === "ArrowUp" ? -1 : 0;
    if (step !== 0) items[(at + step + items.length) % items.length]?.focus();
    else if (event.key === "Escape") {
      isOpen.value = false;
      button.current?.focus();
    } else if (event.key === "Tab") {
      isOpen.value = false;
      return;
    } else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div class="menu" ref={box} onKeyDown={move}>
      <button ref={button} type="button" class={words ? "button" : "button plain icon"} aria-haspopup="menu" aria-expanded={isOpen.value}
        aria-label={label} onClick={(event) => { event.stopPropagation(); isOpen.value = !isOpen.value; }}>
        <Icon name={icon} />{words}
      </button>
      {isOpen.value && (
        <div ref={shown} popover="manual" class="menu-list" role="menu" aria-label={label}>
          {verbs.map((verb) => (
            <button key={verb.words} type="button" role="menuitem" tabIndex={-1} class={verb.isBad ? "bad" : ""}
              onClick={(event) => { event.stopPropagation(); isOpen.value = false; button.current?.focus(); verb.run(); }}>
              {verb.icon && <Icon name={verb.icon} size={18} />}{verb.words}
            </button>
          ))}
        </div>
      )}
    </div>
  );
}
