import { all, send } from "../../api/client";
import type { Share, ShareList } from "../../api/types";
import { day } from "../../format/format";
import { Icon } from "../../parts/Icon";
import { Empty, Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { complain, tell } from "../../state/notices";
import { t } from "../../text/text";
import { placeWords } from "./place";

export function Links() {
  const { state, again } = useLoad(async () => (await all<ShareList>("api/v1/shares")).flatMap((page) => page.shares), []);
  const end = async (share: Share): Promise<void> => {
    try {
      await send("DELETE", `api/v1/shares/${share.id}`);
      tell(t.share.ended);
      again();
    } catch (error) {
      complain(error);
    }
  };
  return (
    <Loaded state={state.value} again={again}>
      {(list) => list.length === 0 ? <Empty icon="link" title={t.share.none}><p>{t.share.noneWords}</p></Empty> : (
        <ul class="card">{list.map((one) => (
          <li key={one.id} class="setting"><Icon name="link" />
            <div class="grow"><p><strong>{placeWords(one.place)}</strong> {one.takes_uploads && <span class="chip">{t.share.uploadsChip}</span>} {one.has_password && <span class="chip">{t.share.passwordChip}</span>}</p>
              <p class="soft small">{[one.label, one.user, t.share.used(one.downloads, one.downloads_max), one.expires && t.share.until(day(one.expires))].filter(Boolean).join(", ")}</p></div>
            <button type="button" class="button bad" aria-label={`${t.verbs.end}: ${placeWords(one.place)}`} onClick={() => void end(one)}>{t.verbs.end}</button></li>
        ))}</ul>
      )}
    </Loaded>
  );
}
