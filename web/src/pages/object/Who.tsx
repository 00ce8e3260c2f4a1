// Rights and links that reach a file.
import { all, send } from "../../api/client";
import type { Grant, GrantList, Share, ShareList } from "../../api/types";
import { day } from "../../format/format";
import { Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { changed, complain, tell } from "../../state/notices";
import { t } from "../../text/text";

const reaches = (place: Grant["place"], bucket: string, key: string): boolean =>
  (!place.bucket || place.bucket === bucket) && key.startsWith(place.prefix ?? "");

export function Who({ bucket, name }: { bucket: string; name: string }) {
  const { state: grants, again } = useLoad(async () => (await all<GrantList>("api/v1/grants")).flatMap((page) => page.grants), []);
  const { state: shares, again: sharesAgain } = useLoad(async () => (await all<ShareList>("api/v1/shares")).flatMap((page) => page.shares), [changed.value]);
  const end = async (share: Share): Promise<void> => {
    try {
      await send("DELETE", `api/v1/shares/${share.id}`);
      changed.value++;
      tell(t.share.ended);
    } catch (error) {
      complain(error);
    }
  };
  return (
    <div class="columns">
      <section class="card padded stack tight">
        <h2>{t.object.who}</h2>
        <p class="soft">{t.object.whoWords} {t.object.everyOwner}</p>
        <Loaded state={grants.value} again={again}>
          {(list) => {
            const mine = list.filter((one) => reaches(one.place, bucket, name));
            return mine.length === 0 ? <p>{t.object.noGrants}</p> : (
              <ul class="stack tight">{mine.map((one) => (
                <li key={one.id} class="line"><strong>{one.subject}</strong> {one.role} {one.denies && <span class="chip bad">{t.object.denied}</span>}
                  <span class="soft small">{one.place.bucket ? `${one.place.bucket}/${one.place.prefix ?? ""}` : t.settings.everywhere}{one.expires && `, ${t.object.expires(day(one.expires))}`}</span></li>
              ))}</ul>
            );
          }}
        </Loaded>
      </section>
      <section class="card padded stack tight">
        <h2>{t.object.links}</h2>
        <Loaded state={shares.value} again={sharesAgain}>
          {(list) => {
            const mine = list.filter((one) => one.place.bucket === bucket && (one.is_prefix ? name.startsWith(one.place.prefix ?? "") : one.place.prefix === name));
            return mine.length === 0 ? <p class="soft">{t.object.noLinks}</p> : (
              <ul class="stack tight">{mine.map((one) => (
                <li key={one.id} class="line between"><span>{one.label || one.user}<span class="soft small"> {one.expires && t.object.expires(day(one.expires))}</span></span>
                  <button type="button" class="button" onClick={() => void end(one)}>{t.verbs.end}</button></li>
              ))}</ul>
            );
          }}
        </Loaded>
      </section>
    </div>
  );
}
