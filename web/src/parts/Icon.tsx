// Line icons on a 24 × 24 grid. Decoration only: the words stand beside them or in a label.
const paths = {
  home: "M4 11l8-7 8 7M6 9.5V20h4.5v-5.5h3V20H18V9.5",
  folder: "M3 7.5V18a1.5 1.5 0 0 0 1.5 1.5h15A1.5 1.5 0 0 0 21 18V9a1.5 1.5 0 0 0-1.5-1.5H12l-2-2.5H4.5A1.5 1.5 0 0 0 3 6.5z",
  bucket: "M4 7c0-1.7 3.6-3 8-3s8 1.3 8 3-3.6 3-8 3-8-1.3-8-3zm0 0l1.6 11c.2 1.2 3 2 6.4 2s6.2-.8 6.4-2L20 7",
  file: "M6 3.5h8L18.5 8v11a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5zM14 3.5V8h4.5",
  document: "M6 3.5h8L18.5 8v11a1.5 1.5 0 0 1-1.5 1.5H7A1.5 1.5 0 0 1 5.5 19V5A1.5 1.5 0 0 1 7 3.5zM14 3.5V8h4.5M8.5 12h7M8.5 16h7",
  mail: "M4.5 5.5h15A1.5 1.5 0 0 1 21 7v10a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17V7a1.5 1.5 0 0 1 1.5-1.5zM3.5 7l8.5 6.5L20.5 7",
  slides: "M3.5 5h17M5 5v10.5h14V5M12 15.5V19M8.5 20.5L12 19l3.5 1.5",
  image: "M4.5 5h15A1.5 1.5 0 0 1 21 6.5v11a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 3 17.5v-11A1.5 1.5 0 0 1 4.5 5zM3.5 16.5l5-5 4 4 2.5-2.5 5.5 5M15.5 9.5h.01",
  video: "M4.5 6h10A1.5 1.5 0 0 1 16 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-10A1.5 1.5 0 0 1 3 16.5v-9A1.5 1.5 0 0 1 4.5 6zM16 10.5l5-3v9l-5-3",
  audio: "M9 18V6l11-2v12M9 18a3 2.5 0 1 1-6 0 3 2.5 0 0 1 6 0zm11-2a3 2.5 0 1 1-6 0 3 2.5 0 0 1 6 0z",
  table: "M4.5 4.5h15v15h-15zM4.5 9.5h15M4.5 14.5h15M10 4.5v15",
  code: "M8.5 7.5L4 12l4.5 4.5M15.5 7.5L20 12l-4.5 4.5",
  archive: "M4 4.5h16v4H4zM5.5 8.5v11h13v-11M10 12.5h4",
  search: "M10.5 17a6.5 6.5 0 1 1 0-13 6.5 6.5 0 0 1 0 13zM15.5 15.5L21 21",
  activity: "M12 7v5l3.5 2M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18z",
  safety: "M12 3l7.5 3v5.5c0 4.5-3 8-7.5 9.5-4.5-1.5-7.5-5-7.5-9.5V6zM8.5 12l2.5 2.5 4.5-5",
  jobs: "M4 6.5h10M4 12h16M4 17.5h7M18 6.5h2M15 17.5h5",
  monitor: "M3.5 19.5h17M6 16v-4M10.5 16V7M15 16v-6M19.5 16V4.5",
  settings: "M4 7h9M17 7h3M4 17h3M11 17h9M15 9.5a2.5 2.5 0 1 1 0-5 2.5 2.5 0 0 1 0 5zM9 19.5a2.5 2.5 0 1 1 0-5 2.5 2.5 0 0 1 0 5z",
  upload: "M12 16V4.5M7.5 9L12 4.5 16.5 9M4.5 15.5v3A1.5 1.5 0 0 0 6 20h12a1.5 1.5 0 0 0 1.5-1.5v-3",
  download: "M12 4v11.5M7.5 11l4.5 4.5 4.5-4.5M4.5 16v2.5A1.5 1.5 0 0 0 6 20h12a1.5 1.5 0 0 0 1.5-1.5V16",
  close: "M6 6l12 12M18 6L6 18",
  check: "M5 12.5l4.5 4.5L19 7",
  pause: "M8.5 5.5v13M15.5 5.5v13",
  play: "M7.5 5l11 7-11 7z",
  more: "M5.5 12h.01M12 12h.01M18.5 12h.01",
  link: "M10 14a4 4 0 0 0 6 .3l3-3a4 4 0 0 0-5.7-5.6l-1.2 1.2M14 10a4 4 0 0 0-6-.3l-3 3a4 4 0 0 0 5.7 5.6l1.2-1.2",
  trash: "M5 7h14M9.5 7V4.5h5V7M6.5 7l1 13h9l1-13M10.5 11v5.5M13.5 11v5.5",
  back: "M14.5 5.5L8 12l6.5 6.5",
  right: "M9.5 5.5L16 12l-6.5 6.5",
  down: "M5.5 9.5L12 16l6.5-6.5",
  tag: "M4 4h8l8 8-8 8-8-8zM8.5 8.5h.01",
  edit: "M4.5 19.5l1-4.5L16 4.5l3.5 3.5L9 18.5zM13.5 7l3.5 3.5",
  move: "M3.5 12h14M12.5 6.5L18 12l-5.5 5.5M20.5 5v14",
  undo: "M8.5 5L4 9.5 8.5 14M4.5 9.5H14a5.5 5.5 0 0 1 0 11h-3",
  person: "M12 12a4 4 0 1 1 0-8 4 4 0 0 1 0 8zM4.5 20c1-3.5 4-5 7.5-5s6.5 1.5 7.5 5",
  key: "M14.5 13.5a5 5 0 1 1-.9-3.4L21 10.5v3h-2.5V16H15.5zM8.5 12h.01",
  warning: "M12 4L2.5 20h19zM12 10v4.5M12 17.2h.01",
  menu: "M4 7h16M4 12h16M4 17h16",
  sun: "M12 16a4 4 0 1 1 0-8 4 4 0 0 1 0 8zM12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4M17.3 17.3l1.4 1.4M18.7 5.3l-1.4 1.4M6.7 17.3l-1.4 1.4",
  grid: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM13.5 13.5h6v6h-6z",
  list: "M9 6h11M9 12h11M9 18h11M4.5 6h.01M4.5 12h.01M4.5 18h.01",
  plus: "M12 5v14M5 12h14",
  copy: "M9 9h10.5v10.5H9zM5 15H4.5V4.5H15V5",
  signout: "M14 4.5H6A1.5 1.5 0 0 0 4.5 6v12A1.5 1.5 0 0 0 6 19.5h8M10 12h10M16.5 8L20.5 12l-4 4",
  refresh: "M19.5 12a7.5 7.5 0 1 1-2.2-5.3M19.5 3.5v4h-4",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  const bold = name === "more" ? 3 : 1.75;
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width={bold}
      stroke-linecap="round" stroke-linejoin="round" aria-hidden="true">
      <path d={paths[name]} />
    </svg>
  );
}

const byType: Array<[RegExp, IconName]> = [
  [/^image\//, "image"], [/^video\//, "video"], [/^audio\//, "audio"], [/csv|spreadsheet|excel/, "table"], [/rfc822|mbox/, "mail"], [/presentation|powerpoint/, "slides"], [/pdf|msword|wordprocessing|opendocument\.text|rtf|epub/, "document"],
  [/zip|tar|gzip|compressed/, "archive"], [/json|javascript|xml|x-python|x-c/, "code"]];
const byEnding: Array<[RegExp, IconName]> = [
  [/\.(jpe?g|png|gif|webp|avif|heic|svg|bmp|tiff?)$/i, "image"], [/\.(mp4|webm|mov|mkv|m4v)$/i, "video"],
  [/\.(mp3|flac|ogg|opus|m4a|wav)$/i, "audio"], [/\.(csv|tsv|xlsx?|ods|parquet)$/i, "table"],
  [/\.(zip|tar|gz|xz|zst|7z|bz2)$/i, "archive"], [/\.(eml|msg|mbox)$/i, "mail"], [/\.(pptx?|odp)$/i, "slides"], [/\.(pdf|docx?|odt|rtf|epub|mobi|txt|md)$/i, "document"], [/\.(js|ts|tsx|py|c|cc|cpp|h|rs|go|java|sh|json|toml|ya?ml|xml|html?|css|sql)$/i, "code"]];

export function iconOf(key: string, type?: string, contentType?: string): IconName {
  if (type === "directory") return "folder";
  for (const [pattern, name] of byType) if (contentType && pattern.test(contentType)) return name;
  for (const [pattern, name] of byEnding) if (pattern.test(key)) return name;
  return "file";
}
