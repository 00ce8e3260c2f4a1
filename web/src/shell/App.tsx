// Which of the page's faces is shown: a shared link, the sign-in, or the pages inside the frame.
import type { ComponentType } from "preact";
import { useEffect } from "preact/hooks";
import { useErrorBoundary } from "preact/hooks";
import { signal } from "@preact/signals";
import { isLocked } from "../api/client";
import { page } from "../state/route";
import { findSession, session } from "../state/session";
import { Failure, Waiting } from "../parts/States";
import { Notices } from "../parts/Notices";
import { OwnPassword } from "../pages/signin/OwnPassword";
import { SignIn } from "../pages/signin/SignIn";
import { Frame } from "./Frame";
import { NoPage } from "./NoPage";
import { Unlock } from "./Unlock";
import { t } from "../text/text";

// A file of its own for each page: the first load carries none that is not looked at.
const pages: Record<string, () => Promise<{ default: ComponentType }>> = {
  home: () => import("../pages/home/Home"),
  files: () => import("../pages/files/Files"),
  object: () => import("../pages/object/ObjectPage"),
  duplicates: () => import("../pages/duplicates/Duplicates"),
  find: () => import("../pages/find/Find"),
  activity: () => import("../pages/activity/Activity"),
  safety: () => import("../pages/safety/Safety"),
  jobs: () => import("../pages/jobs/Jobs"),
  monitor: () => import("../pages/monitor/Monitor"),
  settings: () => import("../pages/settings/Settings"),
  shared: () => import("../pages/shared/Shared"),
};

const loaded = signal<Record<string, ComponentType>>({});
const failed = signal<unknown>(null);

function load(name: string): void {
  const find = pages[name];
  if (!find || loaded.value[name]) return;
  failed.value = null;
  find().then((module) => (loaded.value = { ...loaded.value, [name]: module.default }), (error: unknown) => (failed.value = error));
}

export function Outlet() {
  const name = page.value;
  const [broken, mend] = useErrorBoundary();
  useEffect(() => { load(name); if (broken) mend(); }, [name]);
  if (!pages[name]) return <NoPage />;
  if (broken) return <Failure error={new Error(t.errors.pageBroken)} again={mend} />;
  const Page = loaded.value[name];
  if (Page) return <Page />;
  return failed.value ? <Failure error={new Error(t.errors.unreachable)} again={() => load(name)} /> : <Waiting />;
}

export function App() {
  const now = session.value;
  useEffect(() => {
    if (now.kind !== "unreachable") return undefined;
    const timer = window.setTimeout(() => void findSession(), 3000);
    return () => window.clearTimeout(timer);
  }, [now]);
  if (page.value === "shared") return <><main class="alone"><Outlet /></main><Notices /></>;
  if (isLocked.value) return <Unlock />;
  if (now.kind === "asking") return <Waiting />;
  if (now.kind === "unreachable") return <main class="alone"><Failure error={new Error(t.errors.unreachable)} again={() => void findSession()} /></main>;
  if (now.kind === "none") return <><SignIn /><Notices /></>;
  if (now.session.user?.must_change_password) return <><OwnPassword /><Notices /></>;
  return <><Frame><Outlet /></Frame><Notices /></>;
}
