// Text that people take elsewhere, with a button that copies it.
import { useSignal } from "@preact/signals";
import { t } from "../text/text";
import { Icon } from "./Icon";

export function CopyText({ text, label }: { text: string; label?: string }) {
  const isCopied = useSignal(false);
  const copy = async (): Promise<void> => {
    // Only https and this machine have a clipboard to write to; else the text is selected, for Ctrl+C.
    try {
      await navigator.clipboard.writeText(text);
      isCopied.value = true;
      window.setTimeout(() => (isCopied.value = false), 2000);
    } catch {
      const range = document.createRange();
      const node = document.activeElement?.closest(".copy-text")?.querySelector("pre");
      if (!node) return;
      range.selectNodeContents(node);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
    }
  };
  return (
    <div class="copy-text">
      {label && <h3>{label}</h3>}
      <div class="snippet line">
        <pre class="grow" tabIndex={0}>{text}</pre>
        <button type="button" class="button" onClick={() => void copy()}>
          <Icon name={isCopied.value ? "check" : "copy"} size={18} />{isCopied.value ? t.states.copied : t.verbs.copy}
        </button>
      </div>
    </div>
  );
}
