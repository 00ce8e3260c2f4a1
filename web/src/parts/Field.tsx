// A labelled field of a form.
import type { Signal } from "@preact/signals";
import { useId } from "preact/hooks";

interface Properties {
  label: string;
  value: Signal<string>;
  type?: string;
  help?: string;
  isNeeded?: boolean;
  placeholder?: string;
  autocomplete?: string;
  hasFocus?: boolean;
  choices?: Array<[string, string]>;
  max?: number;
}

export function Field({ label, value, type = "text", help, isNeeded, placeholder, autocomplete, hasFocus, choices, max }: Properties) {
  const id = useId();
  const described = help ? { "aria-describedby": id + "h" } : {};
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {choices ? (
        <select id={id} value={value.value} {...described} onChange={(event) => (value.value = event.currentTarget.value)}>
          {choices.map(([name, words]) => <option key={name} value={name}>{words}</option>)}
        </select>
      ) : (
        <input id={id} type={type} value={value.value} required={isNeeded ?? false} placeholder={placeholder ?? ""} {...described}
          autocomplete={autocomplete ?? "off"} autofocus={hasFocus ?? false} spellcheck={false} {...(max ? { maxLength: max } : {})}
          onInput={(event) => (value.value = event.currentTarget.value)} />
      )}
      {help && <span class="help" id={id + "h"}>{help}</span>}
    </div>
  );
}
