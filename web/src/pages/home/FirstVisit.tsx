// What a new home wants done: the recovery kit saved, something stored, something found. Each goes away once it is done.
import { signal, useSignal } from "@preact/signals";
import { useLayoutEffect } from "preact/hooks";
import { Field } from "../../parts/Field";
import { Icon } from "../../parts/Icon";
import { RecoveryKit } from "../../parts/RecoveryKit";
import { go, href } from "../../state/route";
import { may, mayMaybe } from "../../state/session";
import { t } from "../../text/text";
import { ChooseBoth } from "../../uploads/Choose";
import { dropTarget, ensureBucket } from "../../uploads/DropZone";
import { store } from "../../uploads/queue";
import { summary } from "../../uploads/queue";
import { complain } from "../../state/notices";
import type { HomeFacts } from "./Home";

const kHidden = "atoll.first.hidden";

// Asked for by this person, in this browser.
export const isFirstHidden = signal(localStorage.getItem(kHidden) === "yes");

export function FirstVisit({ facts }: { facts: HomeFacts }) {
  const bucket = useSignal("files");
  const words = useSignal("");
  const needsKit = may("key_manage") && (facts.status?.findings.some((one) => one.id === "kit.never_saved") ?? false);
  const needsFiles = facts.buckets.length === 0 && mayMaybe("write") && mayMaybe("create_bucket");
  const isShown = !isFirstHidden.value && (needsKit || needsFiles);
  // Before anything can be dropped: what is dropped goes where the field says.
  useLayoutEffect(() => {
    if (!isShown || !needsFiles) return undefined;
    dropTarget.value = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket.value) ? { bucket: bucket.value, prefix: "" } : null;
    return () => { dropTarget.value = null; };
  }, [isShown, needsFiles, bucket.value]);
  if (!isShown) return null;
  return (
    <section class="card padded first stack wide">
      <div class="line between"><h2>{t.first.title}</h2>
        <button type="button" class="button plain" onClick={() => { isFirstHidden.value = true; localStorage.setItem(kHidden, "yes"); }}>{t.first.hide}</button></div>
      <ol class="first-steps">
        <li class="stack tight"><h3><span class={needsKit ? "step" : "step is-done"}>{needsKit ? "1" : <Icon name="check" size={16} />}</span>{t.first.kit}</h3>{needsKit ? <RecoveryKit isNew /> : <p class="soft">{t.first.kitDone}</p>}</li>
        <li class="stack tight"><h3><span class={needsFiles ? "step" : "step is-done"}>{needsFiles ? "2" : <Icon name="check" size={16} />}</span>{t.first.files}</h3>
          {needsFiles && <>
            <p>{t.first.filesWords}</p>
            <Field label={t.files.chooseBucket} value={bucket} help={t.first.bucketHelp} />
            <ChooseBoth onChosen={(sources) => void ensureBucket(bucket.value).then(() => { go(href("files/" + bucket.value)); return store(sources, bucket.value, ""); }).catch(complain)} />
          </>}
          {(!needsFiles || summary.value) && (
            <form class="stack tight" onSubmit={(event) => { event.preventDefault(); go(href("find", { q: words.value })); }}>
              <Field label={t.first.find} value={words} help={t.first.findWords} />
            </form>
          )}
        </li>
      </ol>
    </section>
  );
}
