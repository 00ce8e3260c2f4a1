// What a version was made from, how and by whom, and what was made of it in turn: as a picture, and the same as a list,
// which is whole where the picture is cut.
import { useEffect, useId, useMemo, useRef } from "preact/hooks";
import { get } from "../../api/client";
import { bucketPath, encodeKey, lastPart, type Key } from "../../api/names";
import type { ObjectInfo, Provenance, ProvenanceNode } from "../../api/types";
import { dateTime } from "../../format/format";
import { Icon } from "../../parts/Icon";
import { Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { changed } from "../../state/notices";
import { go, href } from "../../state/route";
import { t } from "../../text/text";
import { draw, next, type Box, type Line, type Picture } from "./lineage";
import "./origin.css";

const kListed = 200;
const kSteps = 20;

const nameOf = (node: ProvenanceNode): string => (node.key ? lastPart(node.key) : node.name) || t.origin.states.hidden;
const whoOf = (node: ProvenanceNode): string => node.author || node.actor || "";
const placeOf = (node: ProvenanceNode): string => {
  if (node.state !== "kept") return t.origin.states[node.state];
  return [`${node.bucket ?? ""}/${(node.key ?? "").slice(0, -lastPart(node.key ?? "").length)}`, node.label].filter(Boolean).join(" @");
};
const addressOf = (node: ProvenanceNode): string | null =>
  node.state === "kept" && node.bucket && node.key !== undefined ? href("object/" + node.bucket, { key: node.key, key64: node.key_b64, version: node.version, tab: "source" }) : null;

// So many letters have room in a box; the whole name stands in its words.
const cut = (text: string, most: number): string => (text.length <= most ? text : text.slice(0, Math.ceil(most * 0.6) - 1) + "…" + text.slice(text.length - Math.floor(most * 0.4)));

const wordsOf = (box: Box): string => {
  const node = box.node;
  if (!node) return t.origin.more(box.count);
  if (box.kind === "activity") return t.origin.activityOf(node.transformation ?? "", nameOf(node), whoOf(node));
  return [box.isMiddle ? t.origin.thisFile : "", nameOf(node), placeOf(node), whoOf(node) && t.object.by(whoOf(node)), node.stored && dateTime(node.stored), node.is_cut && t.origin.goesOn].filter(Boolean).join(", ");
};

function Inside({ box }: { box: Box }) {
  const node = box.node;
  const middle = box.y + box.height / 2;
  if (!node) return <text x={box.x + box.width / 2} y={middle} class="origin-text is-centred">{t.origin.more(box.count)}</text>;
  if (box.kind === "activity") return <text x={box.x + box.width / 2} y={middle} class="origin-text is-centred">{cut(node.transformation ?? "", 17)}</text>;
  const who = whoOf(node);
  return (
    <>
      <text x={box.x + 12} y={box.y + 21} class="origin-text is-name">{cut(nameOf(node), 24)}</text>
      <text x={box.x + 12} y={who ? box.y + 38 : box.y + 42} class="origin-text is-soft">{cut(placeOf(node), 28)}</text>
      {who && <><circle cx={box.x + 18} cy={box.y + 51} r={6.5} class="origin-agent" /><text x={box.x + 18} y={box.y + 51.5} class="origin-text is-agent">{who.charAt(0).toUpperCase()}</text>
        <text x={box.x + 30} y={box.y + 55} class="origin-text is-soft">{cut(who, 24)}</text></>}
      {node.is_cut && <text x={box.x + box.width - 12} y={box.y + 55} class="origin-text is-soft is-end">…</text>}
    </>
  );
}

function pathOf({ from, to }: Line): string {
  const [x1, y1, x2, y2] = [from.x + from.width, from.y + from.height / 2, to.x - 7, to.y + to.height / 2];
  const bend = Math.max(20, Math.abs(x2 - x1) / 2);
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`;
}

function Drawing({ picture, listId }: { picture: Picture; listId: string }) {
  const arrow = useId();
  const frame = useRef<HTMLDivElement>(null);
  // What was asked about is in sight from the beginning.
  useEffect(() => {
    const middle = picture.boxes.find((one) => one.isMiddle);
    if (frame.current && middle) frame.current.scrollLeft = middle.x + middle.width / 2 - frame.current.clientWidth / 2;
  }, [picture]);
  const press = (event: KeyboardEvent): void => {
    const from = picture.boxes.find((one) => one.id === document.activeElement?.getAttribute("data-box"));
    const to = from && next(picture.boxes, from, event.key);
    if (!to) return;
    event.preventDefault();
    frame.current?.querySelector<SVGElement>(`[data-box="${to.id}"]`)?.focus();
  };
  return (
    <div class="origin-frame card" ref={frame} onKeyDown={press}>
      <svg width={picture.width} height={picture.height} viewBox={`0 0 ${picture.width} ${picture.height}`} role="group" aria-label={t.origin.picture}>
        <defs><marker id={arrow} viewBox="0 0 8 8" refX="1" refY="4" markerWidth="8" markerHeight="8" orient="auto" class="origin-arrow"><path d="M0 0l8 4-8 4z" /></marker></defs>
        {picture.lines.map((one) => <path key={one.from.id + one.to.id} d={pathOf(one)} class="origin-line" marker-end={`url(#${arrow})`} />)}
        {picture.boxes.map((box) => {
          const to = box.kind === "version" && box.node && !box.isMiddle ? addressOf(box.node) : box.kind === "more" ? "#" + listId : null;
          const shape = <><title>{wordsOf(box)}</title>
            <rect x={box.x} y={box.y} width={box.width} height={box.height} rx={box.kind === "activity" ? box.height / 2 : 8}
              class={`origin-box is-${box.kind}${box.isMiddle ? " is-middle" : ""}${box.node && box.kind === "version" && box.node.state !== "kept" ? " is-elsewhere" : ""}`} />
            <Inside box={box} /></>;
          return to ? (
            <a key={box.id} href={to} data-box={box.id} class="origin-link" aria-label={wordsOf(box)} onClick={(event) => {
              if (event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
              event.preventDefault();
              event.stopPropagation();
              if (box.kind === "more") document.getElementById(listId)?.focus();
              else go(to);
            }}>{shape}</a>
          ) : <g key={box.id} data-box={box.id} tabindex={0} role="img" aria-label={wordsOf(box)} class="origin-link">{shape}</g>;
        })}
      </svg>
    </div>
  );
}

function List({ title, nodes }: { title: string; nodes: ProvenanceNode[] }) {
  const shown = nodes.slice(0, kListed);
  if (nodes.length === 0) return null;
  return (
    <section class="stack tight">
      <h3>{title}</h3>
      <ol class="origin-list">
        {shown.map((node) => {
          const to = addressOf(node);
          return (
            <li key={node.id}>
              <p>{to ? <a href={to}>{nameOf(node)}</a> : <strong>{nameOf(node)}</strong>} <span class="soft small">{placeOf(node)}</span>{node.depth > 1 && <span class="chip">{t.origin.steps(node.depth)}</span>}</p>
              <p class="soft small">{[node.transformation && `${t.object.transformation}: ${node.transformation}`, whoOf(node) && t.object.by(whoOf(node)), node.stored && dateTime(node.stored), node.description, node.erased_why].filter(Boolean).join(", ")}</p>
            </li>
          );
        })}
      </ol>
      {nodes.length > shown.length && <p class="soft">{t.says.more(nodes.length - shown.length)}</p>}
    </section>
  );
}

interface Both {
  upstream: Provenance;
  downstream: Provenance;
}

function Graph({ both, info }: { both: Both; info: ObjectInfo }) {
  const listId = useId();
  const picture = useMemo(() => draw(both.upstream, both.downstream), [both]);
  const sources = both.upstream.nodes.filter((one) => one.depth > 0);
  const derived = both.downstream.nodes.filter((one) => one.depth > 0);
  const isAlone = sources.length + derived.length === 0;
  const isSaid = info.author || info.description || info.transformation;
  return (
    <div class="stack">
      {isAlone ? <p class="soft line"><Icon name="activity" />{t.origin.alone}</p>
        : <><p class="soft">{t.origin.words}</p><Drawing picture={picture} listId={listId} /></>}
      {(isSaid || isAlone) && (
        <section class="card padded stack tight">
          <h2>{t.origin.ofThis}</h2>
          {isSaid ? (
            <dl class="facts">
              {info.author && <><dt>{t.object.author}</dt><dd>{info.author}</dd></>}
              {info.description && <><dt>{t.object.description}</dt><dd>{info.description}</dd></>}
              {info.transformation && <><dt>{t.object.transformation}</dt><dd>{info.transformation}</dd></>}
            </dl>
          ) : <p class="soft">{t.object.noSource}</p>}
        </section>
      )}
      {!isAlone && (
        <div class="card padded stack" id={listId} tabIndex={-1}>
          <h2>{t.origin.list}</h2>
          <List title={t.object.sources} nodes={sources} />
          <List title={t.origin.derived} nodes={derived} />
          {(both.upstream.is_cut || both.downstream.is_cut) && <p class="soft">{t.origin.cut}</p>}
        </div>
      )}
    </div>
  );
}

export function Origin({ bucket, name, info }: { bucket: string; name: Key; info: ObjectInfo }) {
  const { state, again } = useLoad<Both>(async (signal) => {
    const ask = (downstream: boolean): Promise<Provenance> => get<Provenance>(bucketPath(bucket, "provenance/" + encodeKey(name)), { version: info.version, downstream, depth: kSteps }, signal);
    const [upstream, downstream] = await Promise.all([ask(false), ask(true)]);
    return { upstream, downstream };
  }, [bucket, name, info.version, changed.value]);
  return <Loaded state={state.value} again={again}>{(both) => <Graph both={both} info={info} />}</Loaded>;
}
