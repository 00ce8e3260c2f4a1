// The words of a file that the browser cannot show, as the server read them: page by page, slide by slide, sheet by sheet.
import { useEffect, useRef } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { get } from "../../api/client";
import { bucketPath, encodeKey, type Key } from "../../api/names";
import type { Understood } from "../../api/types";
import { useLoad } from "../../state/load";
import { t } from "../../text/text";
import { Waiting } from "../States";

type PieceOfText = NonNullable<Understood["pieces"]>[number];

const headOf = (piece: PieceOfText): string => {
  const words = piece.kind === "text" ? undefined : t.find.places[piece.kind];
  return words ? words(piece.number ?? 0, piece.name ?? "", 0) : "";
};

function Sheet({ text, label }: { text: string; label: string }) {
  return (
    <div class="preview-table scrolls-sideways" tabIndex={0} role="region" aria-label={label}>
      <table><tbody>{text.trimEnd().split("\n").map((row, y) => <tr key={y}>{row.split("\t").map((cell, x) => <td key={x} class={/^-?[\d.,]+$/.test(cell) ? "number" : ""}>{cell}</td>)}</tr>)}</tbody></table>
    </div>
  );
}

// `at`: the number of the piece that is shown first. `none`: instead, where there are no words.
export function UnderstoodText({ bucket, name, at, none }: { bucket: string; name: Key; at?: number | undefined; none: ComponentChildren }) {
  const { state } = useLoad(() => get<Understood>(bucketPath(bucket, "understood/" + encodeKey(name)), { text: true }), [bucket, name.key, name.key_b64]);
  const box = useRef<HTMLDivElement>(null);
  const pieces = state.value.value?.pieces ?? [];
  useEffect(() => { if (at !== undefined) box.current?.querySelector(`[data-number="${at}"]`)?.scrollIntoView(); }, [state.value.value]);
  if (state.value.value === null && state.value.error === null) return <Waiting />;
  if (pieces.length === 0) return <>{none}</>;
  return (
    <div class="stack" ref={box}>
      <p class="soft small">{t.says.textWords}</p>
      {pieces.map((piece, i) => {
        const head = headOf(piece);
        return (
          <section key={i} class="stack tight" data-number={piece.number}>
            {head && <h2 class="understood-place">{head}</h2>}
            {piece.kind === "sheet" ? <Sheet text={piece.text} label={t.preview.frame(head)} /> : <p class="understood-text">{piece.text.trim()}</p>}
          </section>
        );
      })}
    </div>
  );
}
