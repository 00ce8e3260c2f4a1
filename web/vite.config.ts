// How the page is built: one entry, a file for each page, everything from this server (no CDN), nothing inline, so that the
// Content-Security-Policy can forbid inline scripts and styles.
import { defineConfig } from "vite";

const server = process.env.ATOLL_URL ?? "http://127.0.0.1:7070";

export default defineConfig({
  base: "./",
  build: {
    outDir: process.env.ATOLL_WEB_OUT ?? "dist",
    assetsDir: "ui/assets",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: { polyfill: false },
  },
  esbuild: { jsx: "automatic", jsxImportSource: "preact" },
  server: { proxy: { "/api": { target: server }, "/openapi.json": { target: server } } },
});
