import { dismiss, notices } from "../state/notices";
import { t } from "../text/text";
import { Icon } from "./Icon";
import "./notices.css";

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((one) => (
        <div key={one.id} class={one.isError ? "notice bad" : "notice"}>
          <p class="grow">{one.words}</p>
          {one.action && (
            <button type="button" class="button" onClick={() => { dismiss(one.id); one.action?.run(); }}>{one.action.words}</button>
          )}
          <button type="button" class="button plain icon" aria-label={t.verbs.close} onClick={() => dismiss(one.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
