// What came last, newest first, out of the feed of changes: from a little before the end, and further back where that was
// not enough.
import { get } from "../../api/client";
import type { ChangeFeed, FeedChange, Object as StoredObject } from "../../api/types";
import { ago } from "../../format/format";
import { lastPart } from "../../api/names";
import { iconOf } from "../../parts/Icon";
import { Empty } from "../../parts/States";
import { Thumbnail } from "../../parts/Thumbnail";
import { useLoad } from "../../state/load";
import { changed } from "../../state/notices";
import { href } from "../../state/route";
import { mayMaybe } from "../../state/session";
import { t } from "../../text/text";
import { ChooseBoth } from "../../uploads/Choose";
import { storeOrAsk } from "../../uploads/DropZone";

const kShown = 12;

async function latest(lastLsn: number | undefined): Promise<FeedChange[]> {
  if (lastLsn === undefined) return [];
  const found = new Map<string, FeedChange>();
  for (const back of [4, 40, 400]) {
    let since = Math.max(0, lastLsn - back);
    for (let page = 0; page < 3; page++) {
      const feed = await get<ChangeFeed>("api/v1/changes", { since, limit: 1000 });
      for (const one of feed.changes) {
        const name = `${one.bucket}/${one.key ?? ""}`;
        found.delete(name); // what is newest stands at the end
        if (one.event === "stored" && one.type === "file" && one.key) found.set(name, one);
      }
      if (!feed.has_more) break;
      since = feed.next_since;
    }
    if (found.size >= kShown || back >= lastLsn) break;
  }
  return [...found.values()].reverse().slice(0, kShown);
}

const asObject = (one: FeedChange): StoredObject => ({ bucket: one.bucket, key: one.key ?? "", ...(one.key_b64 ? { key_b64: one.key_b64 } : {}), type: "file", size: one.size ?? 0,
  modified: one.time, stored: one.time, version: one.version ?? "", etag: "", lsn: one.lsn });

export function Arrivals({ lastLsn, buckets }: { lastLsn: number | undefined; buckets: number }) {
  const { state } = useLoad(() => latest(lastLsn).catch(() => []), [lastLsn, changed.value]);
  const list = state.value.value ?? [];
  if (list.length === 0) {
    if (buckets > 0 || state.value.isLoading || !mayMaybe("write")) return null;
    return <Empty icon="upload" title={t.home.nothingYet}><p>{t.home.nothingYetWords}</p><ChooseBoth onChosen={storeOrAsk} /></Empty>;
  }
  return (
    <section class="stack tight">
      <h2>{t.home.latest}</h2>
      <ul class="arrivals">
        {list.map((one) => (
          <li key={one.bucket + "/" + (one.key ?? "")}>
            <a class="tile" href={href("object/" + one.bucket, { key: one.key, key64: one.key_b64 })}>
              <Thumbnail object={asObject(one)} icon={iconOf(one.key ?? "", "file")} />
              <span class="tile-name small">{lastPart(one.key ?? "")}</span>
              <span class="tile-name small soft">{one.bucket}, {ago(one.time)}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
