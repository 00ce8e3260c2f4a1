import { useSignal } from "@preact/signals";
import { post } from "../../api/client";
import { bucketPath, encodeKey, type Key } from "../../api/names";
import type { Version, VersionList } from "../../api/types";
import { ago, dateTime, exactTime, size } from "../../format/format";
import { Dialog } from "../../parts/Dialog";
import { MainButton } from "../../parts/MainButton";
import { complain, tellUndoable } from "../../state/notices";
import { go } from "../../state/route";
import { mayMaybe } from "../../state/session";
import { t } from "../../text/text";

interface Properties {
  bucket: string;
  name: Key;
  list: VersionList;
  isRemoved: boolean;
  here: (more: Record<string, string | undefined>) => string;
}

export function Versions({ bucket, name, list, isRemoved, here }: Properties) {
  const asked = useSignal<Version | null>(null);
  const restore = async (version: Version): Promise<void> => {
    asked.value = null;
    try {
      await post(bucketPath(bucket, "rollback/" + encodeKey(name)), { to: version.version });
      go(here({ version: undefined, as_of: undefined, tab: "versions" }));
      tellUndoable(t.object.restored);
    } catch (error) {
      complain(error);
    }
  };
  return (
    <>
      <ol class="versions card">
        {list.versions.map((one, i) => (
          <li key={one.version}>
            <div class="grow">
              <p><strong><time dateTime={one.began} title={exactTime(one.began)}>{dateTime(one.began)}</time></strong> <span class="soft">({ago(one.began)})</span>{" "}
                {one.is_current && !isRemoved && <span class="chip accent">{t.object.current}</span>} {one.label && <span class="chip">{one.label}</span>}</p>
              <p class="soft small">{size(one.size)}, {t.object.by(one.author || one.actor)}{one.changed.length > 0 && ": " + one.changed.map((word) => t.object.changed[word] ?? word).join(", ")}</p>
              {one.description && <p class="small">{one.description}</p>}
            </div>
            <div class="line">
              <a class="button" href={here({ version: one.version, as_of: undefined, tab: "" })}>{t.object.show}</a>
              {i + 1 < list.versions.length && <a class="button" href={here({ version: undefined, as_of: undefined, tab: "diff", from: list.versions[i + 1]?.version, to: one.version })}>{t.object.compare}</a>}
              {(!one.is_current || isRemoved) && mayMaybe("restore") && <button type="button" class="button" onClick={() => (asked.value = one)}>{t.verbs.restore}</button>}
            </div>
          </li>
        ))}
      </ol>
      {asked.value && (
        <Dialog title={t.object.restoreThis} onClose={() => (asked.value = null)}>
          <p>{t.object.restoreAsk(dateTime(asked.value.began))}</p>
          <div class="actions">
            <button type="button" class="button" onClick={() => (asked.value = null)}>{t.verbs.cancel}</button>
            <MainButton words={t.verbs.restore} isReady onPress={() => asked.value && void restore(asked.value)} />
          </div>
        </Dialog>
      )}
    </>
  );
}
