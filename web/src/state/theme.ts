// Light, dark, or as the device is set. Kept in this browser.
import { effect, signal } from "@preact/signals";

export type Theme = "device" | "light" | "dark";
const kept = localStorage.getItem("atoll.theme");
export const theme = signal<Theme>(kept === "light" || kept === "dark" ? kept : "device");

effect(() => {
  if (theme.value === "device") {
    delete document.documentElement.dataset.theme;
    localStorage.removeItem("atoll.theme");
  } else {
    document.documentElement.dataset.theme = theme.value;
    localStorage.setItem("atoll.theme", theme.value);
  }
});
