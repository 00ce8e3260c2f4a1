// node embed.mjs DIST OUT: writes OUT/assets.bin, the content of all files below DIST, plain and compressed, and
// OUT/built_assets.cc, the table of src/edge/web/assets.h that says where each lies.
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { extname, join, relative } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const [dist, out] = process.argv.slice(2);
const types = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml", ".json": "application/json", ".woff2": "font/woff2", ".png": "image/png",
};

function below(folder) {
  return readdirSync(folder).sort().flatMap((name) => {
    const path = join(folder, name);
    return statSync(path).isDirectory() ? below(path) : [path];
  });
}

const pieces = [];
let at = 0;
function place(bytes) {
  const row = `{content + ${at}, ${bytes.length}}`;
  pieces.push(bytes);
  at += bytes.length;
  return row;
}

const rows = below(dist).map((path) => {
  const name = relative(dist, path);
  const type = types[extname(path)];
  if (!type) throw new Error(`${name}: no media type is known for this kind of file`);
  const plain = readFileSync(path);
  const gzip = gzipSync(plain, { level: 9 });
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } });
  const form = (bytes) => (bytes.length < plain.length ? place(bytes) : "{}");
  const digest = createHash("sha256").update(plain).digest("hex").slice(0, 32);
  return `    {"${name}", "${type}", "${digest}", ${place(plain)}, ${form(gzip)}, ${form(brotli)}},`;
});

writeFileSync(join(out, "assets.bin"), Buffer.concat(pieces));
writeFileSync(join(out, "built_assets.cc"), `// Made by web/tools/embed.mjs.
#include <array>
#include <cstdint>

#include "edge/web/assets.h"

extern "C" const std::uint8_t atoll_page_content[];

namespace atl::web {

std::span<const Asset> built_assets() {
  static const std::uint8_t* const content = atoll_page_content;
  static const std::array<Asset, ${rows.length}> assets{{
${rows.join("\n")}
  }};
  return assets;
}

}  // namespace atl::web
`);
