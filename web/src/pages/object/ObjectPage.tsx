// /ui/object/BUCKET?key=KEY: one file: its content, versions, what changed, where it comes from and who may see it.
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ApiError, address, all, get } from "../../api/client";
import { bucketPath, encodeKey, folderOf, lastPart, objectPath, type Key } from "../../api/names";
import type { ObjectInfo, VersionList } from "../../api/types";
import { ago, dateTime, size } from "../../format/format";
import { Icon, iconOf } from "../../parts/Icon";
import { Menu } from "../../parts/Menu";
import { contentUrl, Preview } from "../../parts/preview/Preview";
import { Failure, Waiting } from "../../parts/States";
import { useLoad } from "../../state/load";
import { changed } from "../../state/notices";
import { go, href, route } from "../../state/route";
import { mayMaybe } from "../../state/session";
import { t } from "../../text/text";
import { Remove, Rename } from "../files/dialogs";
import { ShareDialog } from "../files/ShareDialog";
import type { Entry } from "../files/pages";
import { Details } from "./Details";
import { Difference } from "./Difference";
import { Origin } from "./Origin";
import { Says } from "./Says";
import { Versions } from "./Versions";
import { Who } from "./Who";
import { Describing } from "../../parts/Describing";
import "./object.css";

type Tab = "preview" | "says" | "versions" | "diff" | "source" | "details" | "tags" | "who";

interface Facts {
  info: ObjectInfo | null; // null: removed
  versions: VersionList;
}

async function find(bucket: string, name: Key, asOf: string, version: string): Promise<Facts> {
  const pages = await all<VersionList>(bucketPath(bucket, "versions/" + encodeKey(name)), { limit: 200 }, 5);
  const first = pages[0];
  if (!first) throw new Error(t.states.unknown);
  const versions = { ...first, versions: pages.flatMap((one) => one.versions) };
  // The version of a moment is the one that had begun and not ended then.
  const then = asOf ? versions.versions.find((one) => one.began <= asOf && (!one.ended || one.ended > asOf))?.version : version;
  try {
    return { info: await get<ObjectInfo>(bucketPath(bucket, "info/" + encodeKey(name)), { version: then }), versions };
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return { info: null, versions };
    throw error;
  }
}

export default function ObjectPage() {
  const { rest, query } = route.value;
  const bucket = rest[0] ?? "";
  const key = query.get("key") ?? "";
  const key64 = query.get("key64") ?? undefined;
  const asOf = query.get("as_of") ?? "";
  const version = query.get("version") ?? "";
  const name = useMemo<Key>(() => (key64 ? { key, key_b64: key64 } : { key }), [key, key64]);
  // An archive has no picture of itself; what is in it is what one opens it for.
  const usual: Tab = asOf === "" && version === "" && iconOf(key) === "archive" ? "says" : "preview";
  const tab = (query.get("tab") ?? usual) as Tab;
  const { state, again } = useLoad(() => find(bucket, name, asOf, version), [bucket, key, key64, asOf, version, changed.value]);
  const open = useSignal<"share" | "rename" | "remove" | null>(null);
  useEffect(() => { document.title = `${lastPart(key)} · ${t.shell.name}`; }, [key]);

  const here = (more: Record<string, string | undefined>): string =>
    href("object/" + bucket, { key, key64, as_of: asOf, version, tab: tab === usual ? "" : tab, ...more });
  const facts = state.value.value;
  const info = facts?.info;
  const folder = folderOf(key);
  // A link to the version that is the newest anyway leads to the file as it is.
  const isNewest = version !== "" && facts?.versions.removed === undefined && facts?.versions.versions.find((one) => one.is_current)?.version === version;
  const isThen = asOf !== "" || (version !== "" && !isNewest);
  const shown = isThen && info ? { version: info.version } : {};
  const entry: Entry | null = info ? { kind: "object", object: info } : null;
  const count = facts?.versions.versions.length ?? 0;
  const tabs: Array<[Tab, string]> = [["preview", t.verbs.preview], ["says", t.says.tab], ["versions", `${t.object.versions}${count > 1 ? ` (${count})` : ""}`], ["diff", t.object.diff],
    ["source", t.object.source], ["details", t.object.details], ["tags", t.files.tags], ["who", t.object.who]];

  return (
    <>
      <div class="page-head">
        <div class="grow">
          <nav class="crumbs small" aria-label={t.files.path}>
            <a href={href("files")}>{t.files.buckets}</a><Icon name="right" size={14} />
            <a href={href("files/" + bucket, { as_of: asOf })}>{bucket}</a>
            {folder && <><Icon name="right" size={14} /><a href={href("files/" + bucket, { in: folder, as_of: asOf })}>{folder.replace(/\/$/, "")}</a></>}
          </nav>
          <h1>{lastPart(key)}</h1>
          {info && <p class="soft small">{size(info.size)}, {t.object.stored.toLowerCase()} {ago(info.stored)} {t.object.by(info.actor)}</p>}
        </div>
        {info && (
          <div class="line">
            <a class="button primary" href={address(objectPath(bucket, name), { download: lastPart(key), ...shown })} download={lastPart(key)}><Icon name="download" size={18} />{t.verbs.download}</a>
            {!isThen && !key64 && <a class="button" href={href("find", { like: `${bucket}/${key}` })}><Icon name="search" size={18} />{t.find.moreLikeThis}</a>}
            {!isThen && mayMaybe("share_create") && <button type="button" class="button" onClick={() => (open.value = "share")}><Icon name="link" size={18} />{t.verbs.share}</button>}
            {!isThen && (mayMaybe("overwrite") || mayMaybe("remove")) && (
              <Menu label={t.files.more} verbs={[{ words: t.verbs.rename, icon: "edit", run: () => void (open.value = "rename") },
                { words: t.verbs.remove, icon: "trash", isBad: true, run: () => void (open.value = "remove") }]} />
            )}
          </div>
        )}
      </div>
      {isThen && info && (
        <div class="then"><Icon name="activity" /><span class="grow">{t.files.asOfShown(dateTime(asOf || info.stored))}</span>
          <a class="button" href={here({ as_of: undefined, version: undefined })}>{t.files.now}</a></div>
      )}
      {facts && !info && <div class="then"><Icon name="trash" /><span class="grow">{t.object.removedNow(facts.versions.removed ? ago(facts.versions.removed) : "")}</span></div>}
      {state.value.error !== null && <Failure error={state.value.error} again={again} />}
      {facts ? (
        <>
          <nav class="tabs" aria-label={lastPart(key)}>
            {tabs.filter(([one]) => info ? one !== "says" || !isThen : one === "versions" || one === "diff").map(([one, words]) => (
              <a key={one} href={here({ tab: one === usual ? "" : one })} aria-current={tab === one ? "page" : undefined}>{words}</a>
            ))}
          </nav>
          {tab === "preview" && info && <Preview file={info} url={contentUrl(bucket, info, { version: info.version })} bucket={isThen ? undefined : bucket} at={Number(query.get("at")) || undefined} />}
          {tab === "says" && info && !isThen && <Says key={info.version} bucket={bucket} name={name} inside={query.get("inside") ?? ""} />}
          {(tab === "versions" || !info) && <Versions bucket={bucket} name={name} list={facts.versions} isRemoved={!info} here={here} />}
          {tab === "diff" && info && <Difference bucket={bucket} name={name} list={facts.versions} from={query.get("from")} to={query.get("to")} />}
          {tab === "source" && info && <Origin bucket={bucket} name={name} info={info} />}
          {tab === "details" && info && <Details info={info} />}
          {tab === "tags" && info && <div class="card padded"><Describing key={info.version + changed.value} bucket={bucket} object={info} onSaved={again} /></div>}
          {tab === "who" && info && <Who bucket={bucket} name={key} />}
        </>
      ) : state.value.error === null && <Waiting />}
      {open.value === "share" && entry && <ShareDialog bucket={bucket} entry={entry} onClose={() => (open.value = null)} />}
      {open.value === "rename" && entry && <Rename bucket={bucket} entry={entry} onClose={(isDone) => { open.value = null; if (isDone) go(href("files/" + bucket, { in: folder })); }} />}
      {open.value === "remove" && entry && <Remove bucket={bucket} entries={[entry]} onClose={(isDone) => { open.value = null; if (isDone) go(href("files/" + bucket, { in: folder })); }} />}
    </>
  );
}
