// Buttons that open the browser's own window to choose files or a folder.
import { useRef } from "preact/hooks";
import { Icon } from "../parts/Icon";
import { t } from "../text/text";
import { chosen, type Source } from "./walk";

interface Properties {
  words: string;
  isFolder?: boolean;
  isPrimary?: boolean;
  onChosen: (sources: Source[]) => void;
}

export function Choose({ words, isFolder, isPrimary, onChosen }: Properties) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class={isPrimary ? "button primary" : "button"} onClick={() => input.current?.click()}>
        <Icon name={isFolder ? "folder" : "upload"} size={18} />{words}
      </button>
      <input ref={input} type="file" multiple hidden aria-label={words} {...(isFolder ? { webkitdirectory: true } : {})}
        onChange={(event) => {
          const list = event.currentTarget.files;
          if (list && list.length > 0) onChosen(chosen(list));
          event.currentTarget.value = "";
        }} />
    </>
  );
}

export function ChooseBoth({ onChosen }: { onChosen: (sources: Source[]) => void }) {
  return (
    <div class="line">
      <Choose words={t.first.chooseFiles} isPrimary onChosen={onChosen} />
      <Choose words={t.first.chooseFolder} isFolder onChosen={onChosen} />
    </div>
  );
}
