// What is around every page: the pages' names, who is signed in, and the files that are being stored.
import type { ComponentChildren } from "preact";
import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { isReachable, root } from "../api/client";
import { Dialog } from "../parts/Dialog";
import { Icon, type IconName } from "../parts/Icon";
import { Menu } from "../parts/Menu";
import { complain } from "../state/notices";
import { followLinks, go, href, page, route } from "../state/route";
import { chooseVault, findSession, may, mayMaybe, me, signOut, vaultName } from "../state/session";
import { theme } from "../state/theme";
import { t } from "../text/text";
import { UploadPanel } from "../uploads/UploadPanel";
import { DropZone } from "../uploads/DropZone";
import "./frame.css";

type PageName = keyof typeof t.shell.pages;
const icons: Record<PageName, IconName> = { home: "home", files: "folder", find: "search", activity: "activity", safety: "safety", jobs: "jobs",
                                            monitor: "monitor", settings: "settings" };
const isOffered: Partial<Record<PageName, () => boolean>> = {
  find: () => mayMaybe("search"), jobs: () => may("job_read"), monitor: () => may("metrics"), safety: () => may("status"),
};

function Pages() {
  const here = page.value === "object" ? "files" : page.value;
  return (
    <ul>
      {(Object.keys(icons) as PageName[]).filter((name) => isOffered[name]?.() ?? true).map((name) => (
        <li key={name}>
          <a href={href(name)} class="nav-link" aria-current={here === name ? "page" : undefined}>
            <Icon name={icons[name]} /><span>{t.shell.pages[name]}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

function Account({ onKeys }: { onKeys: () => void }) {
  const who = me.value;
  const vaults = who?.vaults ?? [];
  return (
    <div class="account">
      {vaults.length > 1 && (
        <label class="vault"><span class="small soft">{t.shell.vault}</span>
          <select value={vaultName.value} onChange={(event) => chooseVault(event.currentTarget.value)}>
            {vaults.map((one) => <option key={one.id}>{one.name}</option>)}
          </select>
        </label>
      )}
      <label class="theme"><span class="small soft">{t.shell.theme}</span>
        <select value={theme.value} onChange={(event) => {
          const wanted = event.currentTarget.value;
          theme.value = wanted === "light" || wanted === "dark" ? wanted : "device";
        }}>
          {(["device", "light", "dark"] as const).map((one) => <option key={one} value={one}>{t.shell.themes[one]}</option>)}
        </select>
      </label>
      <div class="account-line">
        <span class="who line"><Icon name="person" /><span>{who?.user?.display_name || who?.name}</span></span>
        <Menu label={t.shell.account} verbs={[
          { words: t.settings.account, icon: "settings", run: () => go(href("settings")) },
          { words: t.shell.keys, icon: "list", run: onKeys },
          { words: t.shell.signOut, icon: "signout", run: () => void signOut().catch(complain) }]} />
      </div>
    </div>
  );
}

const targets: Record<string, string> = { h: "home", f: "files", a: "activity", s: "safety" };

export function Frame({ children }: { children: ComponentChildren }) {
  const isOpen = useSignal(false);
  const showsKeys = useSignal(false);
  const main = useRef<HTMLElement>(null);
  const begun = useRef(0);

  useEffect(() => { isOpen.value = false; }, [route.value]);
  useEffect(() => {
    const name = page.value === "object" ? "files" : page.value;
    document.title = (t.shell.pages[name as PageName] ?? t.shell.name) + " · " + t.shell.name;
    main.current?.focus({ preventScroll: true });
  }, [page.value]);
  useEffect(() => {
    if (isReachable.value) return undefined;
    const timer = window.setInterval(() => void fetch(root + "livez").then((answer) => { if (answer.ok) void findSession(); isReachable.value = answer.ok; }, () => {}), 2000);
    return () => window.clearInterval(timer);
  }, [isReachable.value]);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog")) return;
      if (event.key === "/") go(href("find"));
      else if (event.key === "?") showsKeys.value = true;
      else if (event.key === "g") { begun.current = event.timeStamp; return; }
      else if (event.timeStamp - begun.current < 1500 && targets[event.key]) go(href(targets[event.key] ?? "home"));
      else return;
      begun.current = 0;
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, []);

  return (
    <div class="frame" onClick={followLinks}>
      <a class="skip" href="#main" onClick={(event) => { event.preventDefault(); main.current?.focus(); }}>{t.shell.skip}</a>
      <header class="top">
        <button type="button" class="button plain icon" aria-label={t.shell.menu} aria-expanded={isOpen.value} onClick={() => (isOpen.value = !isOpen.value)}>
          <Icon name={isOpen.value ? "close" : "menu"} />
        </button>
        <a class="brand" href={href("home")}>{t.shell.name}</a>
        <a class="button plain icon" href={href("find")} aria-label={t.shell.search}><Icon name="search" /></a>
      </header>
      <aside class={isOpen.value ? "side is-open" : "side"} aria-label={t.shell.name}>
        <a class="brand" href={href("home")}>{t.shell.name}</a>
        <nav aria-label={t.shell.navigation}><Pages /></nav>
        <Account onKeys={() => (showsKeys.value = true)} />
      </aside>
      <main id="main" ref={main} tabIndex={-1}>
        {!isReachable.value && <p class="offline" role="alert"><Icon name="warning" /> {t.shell.offline}</p>}
        {children}
      </main>
      <UploadPanel />
      <DropZone />
      {showsKeys.value && (
        <Dialog title={t.shell.keys} onClose={() => (showsKeys.value = false)}>
          <dl class="facts">{t.shell.keyList.map(([key, words]) => <><dt key={key}><kbd class="code">{key}</kbd></dt><dd>{words}</dd></>)}</dl>
        </Dialog>
      )}
    </div>
  );
}
