// The button that answers a dialog's question. It takes the focus as soon as it may be pressed, so that Enter means it.
import { useEffect, useRef } from "preact/hooks";

export function MainButton({ words, isReady, isBad, onPress }: { words: string; isReady: boolean; isBad?: boolean; onPress: () => void }) {
  const element = useRef<HTMLButtonElement>(null);
  useEffect(() => { if (isReady) element.current?.focus(); }, [isReady]);
  return <button ref={element} type="button" class={isBad ? "button bad" : "button primary"} disabled={!isReady} onClick={onPress}>{words}</button>;
}
