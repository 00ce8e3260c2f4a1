import type { ObjectInfo } from "../../api/types";
import { dateTime, exactTime, size, count, measure } from "../../format/format";
import { split } from "../../parts/units";
import { t } from "../../text/text";

export function Details({ info }: { info: ObjectInfo }) {
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
      {Object.keys(info.metadata ?? {}).length > 0 && (
        <section class="card padded stack tight">
          <h2>{t.object.metadata}</h2>
          <dl class="facts">{Object.entries(info.metadata ?? {}).map(([key, value]) => {
            const { name, value: shown, unit } = split(key, value);
            return <><dt key={key}>{name}</dt><dd>{unit ? measure(shown, unit) : shown}</dd></>;
          })}</dl>
        </section>
      )}
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
    </div>
  );
}
