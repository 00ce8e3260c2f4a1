// usearch on the vectors that bench_compare_vectors --write-data left: node bench/compare_usearch.mjs FOLDER [DIMENSION]
// The package is looked for in FOLDER/node_modules. Shapes as there: M 32, construction 200, the same exact answers;
// widths go up until recall@10 is 0.97 and 0.99, or can get no better. One thread asks one question a call, two threads
// are given all questions at once.
import { createRequire } from 'node:module';
import { readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';

const folder = resolve(process.argv[2]);
const dimensions = Number(process.argv[3] ?? 384);
const { Index } = createRequire(join(folder, 'package.json'))('usearch');
const floats = (name) => {
  const bytes = readFileSync(join(folder, name));
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
};
const rows = floats('rows.f32');
const questions = floats('questions.f32');
const exactBytes = readFileSync(join(folder, 'exact.u32'));
const exact = new Uint32Array(exactBytes.buffer, exactBytes.byteOffset, exactBytes.length / 4);
const count = rows.length / dimensions;
const asked = questions.length / dimensions;
const nearest = exact.length / asked;
const keys = BigUint64Array.from({ length: count }, (_, i) => BigInt(i));

function recall(found) {
  let hits = 0;
  for (let q = 0; q < asked; q++) {
    const wanted = new Set(exact.subarray(q * nearest, (q + 1) * nearest));
    for (let i = 0; i < nearest; i++) if (wanted.has(Number(found[q * nearest + i]))) hits++;
  }
  return hits / exact.length;
}

function perSecond(ask) {
  const begin = performance.now();
  ask();
  return (asked / ((performance.now() - begin) / 1000)).toFixed(0);
}

for (const quantization of ['f32', 'bf16', 'i8']) {
  const shape = { metric: 'ip', dimensions, quantization, connectivity: 32, expansion_add: 200 };
  const index = new Index({ ...shape, expansion_search: 64 });
  const residentBefore = process.memoryUsage().rss;
  const begin = performance.now();
  index.add(keys, rows, 2);
  const seconds = (performance.now() - begin) / 1000;
  const megabytes = (process.memoryUsage().rss - residentBefore) / 1e6;
  console.log(`usearch ${quantization} built in ${seconds.toFixed(1)} s on 2 threads, ${megabytes.toFixed(0)} MB`);
  const file = join(folder, `usearch.${quantization}`);
  index.save(file);
  const openings = [];
  for (let i = 0; i < 5; i++) {
    const other = new Index({ ...shape, expansion_search: 64 });
    const openBegin = performance.now();
    other.load(file);
    other.search(questions.subarray(0, dimensions), nearest, 1);
    openings.push(performance.now() - openBegin);
  }
  openings.sort((a, b) => a - b);
  console.log(`  opened in ${openings[2].toFixed(1)} ms, ${(statSync(file).size / 1e6).toFixed(0)} MB in its file`);
  let wanted = 0.97;
  let best = 0;
  for (const width of [32, 48, 64, 96, 128, 192, 256, 384, 512, 768, 1024]) {
    const at = new Index({ ...shape, expansion_search: width });
    at.load(file);
    const share = recall(at.search(questions, nearest, 1).keys);
    const none = share < best + 0.0005 && width > 256;
    best = Math.max(best, share);
    if (share < wanted && width !== 64 && !none) continue;
    const one = perSecond(() => {
      for (let q = 0; q < asked; q++) at.search(questions.subarray(q * dimensions, (q + 1) * dimensions), nearest, 1);
    });
    const two = perSecond(() => at.search(questions, nearest, 2));
    console.log(`  width ${width}: recall@10 ${share.toFixed(4)}, ${one}/s on one thread, ${two}/s on 2`);
    if (share >= 0.99 || none) break;
    if (share >= wanted) wanted = 0.99;
  }
}
