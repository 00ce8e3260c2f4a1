import { get } from "../../api/client";
import type { Server as ServerFacts, Settings } from "../../api/types";
import { span } from "../../format/format";
import { Loaded } from "../../parts/States";
import { useLoad } from "../../state/load";
import { t } from "../../text/text";

export function Server() {
  const { state, again } = useLoad(async () => ({ server: await get<ServerFacts>("api/v1/server"), settings: await get<Settings>("api/v1/settings").catch(() => null) }), []);
  return (
    <Loaded state={state.value} again={again}>
      {({ server, settings }) => (
        <section class="card padded">
          <dl class="facts">
            <dt>{t.settings.version}</dt><dd>{server.version}</dd>
            <dt>{t.settings.running}</dt><dd>{span(server.uptime_seconds)}</dd>
            {settings && <><dt>{t.settings.address}</dt><dd>{settings.base_url || location.origin}</dd>
              <dt>{t.settings.proxies}</dt><dd>{settings.trusted_proxies.join(", ") || t.states.none}</dd>
              <dt>{t.settings.region}</dt><dd>{settings.s3_region}</dd><dt>{t.settings.domain}</dt><dd>{settings.s3_domain || t.states.none}</dd></>}
          </dl>
        </section>
      )}
    </Loaded>
  );
}
