import type { ObjectInfo } from "../../api/types";
import { dateTime, exactTime, size, count } from "../../format/format";
import { t } from "../../text/text";

export function Details({ info }: { info: ObjectInfo }) {
  const hasSource = (info.sources?.length ?? 0) > 0 || info.transformation || info.author || info.description;
  return (
    <div class="columns">
      <section class="card padded stack tight">
        <h2>{t.object.details}</h2>
        <dl class="facts">
          <dt>{t.object.size}</dt><dd>{size(info.size)} ({count(info.size)} B)</dd>
          <dt>{t.object.type}</dt><dd>{info.content_type || info.type}</dd>
          <dt>{t.object.modified}</dt><dd title={exactTime(info.modified)}>{dateTime(info.modified)}</dd>
          <dt>{t.object.stored}</dt><dd title={exactTime(info.stored)}>{dateTime(info.stored)}, {t.object.by(info.actor)}</dd>
          <dt>{t.object.version}</dt><dd class="code">{info.version}</dd>
          {Object.entries(info.checksums ?? {}).map(([name, value]) => <><dt key={name}>{name}</dt><dd class="code">{String(value)}</dd></>)}
        </dl>
      </section>
      <section class="card padded stack tight">
        <h2>{t.object.where}</h2>
        {info.content ? (
          <dl class="facts">
            <dt>{t.object.tier}</dt><dd>{info.content.tier}</dd>
            <dt>{t.object.onDisk}</dt><dd>{size(info.content.stored_bytes)}</dd>
            <dt>{t.object.kept}</dt><dd>{t.object.chunks(info.content.chunks)}</dd>
          </dl>
        ) : <p class="soft">{t.states.unknown}</p>}
      </section>
      <section class="card padded stack tight">
        <h2>{t.object.source}</h2>
        {hasSource ? (
          <dl class="facts">
            {info.author && <><dt>{t.object.author}</dt><dd>{info.author}</dd></>}
            {info.description && <><dt>{t.object.description}</dt><dd>{info.description}</dd></>}
            {info.transformation && <><dt>{t.object.transformation}</dt><dd>{info.transformation}</dd></>}
            {(info.sources?.length ?? 0) > 0 && <><dt>{t.object.sources}</dt><dd><ul>{info.sources?.map((one, i) => <li key={i}>{one.words}</li>)}</ul></dd></>}
          </dl>
        ) : <p class="soft">{t.object.noSource}</p>}
      </section>
    </div>
  );
}
