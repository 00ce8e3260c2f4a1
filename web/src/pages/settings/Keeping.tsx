import { all, get } from "../../api/client";
import { bucketPath } from "../../api/names";
import type { BucketList, Policy } from "../../api/types";
import { Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { t } from "../../text/text";

export function Keeping() {
  const { state, again } = useLoad(async () => {
    const buckets = (await all<BucketList>("api/v1/buckets")).flatMap((page) => page.buckets);
    const own = await Promise.all(buckets.slice(0, 50).map((one) => get<Policy>(bucketPath(one.name, "policy")).catch(() => null)));
    return { whole: await get<Policy>("api/v1/policy"), own: own.filter((one): one is Policy => one?.source === "bucket") };
  }, []);
  return (
    <Loaded state={state.value} again={again}>
      {({ whole, own }) => (
        <div class="columns">{[whole, ...own].map((one) => (
          <section key={one.bucket ?? ""} class="card padded stack tight"><h2>{one.bucket ?? t.settings.everywhere}</h2><ul class="stack tight">{one.words.map((words) => <li key={words}>{words}</li>)}</ul></section>
        ))}</div>
      )}
    </Loaded>
  );
}
