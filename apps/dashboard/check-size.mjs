// Sizes of what a browser loads for the Overview, gzipped, against their budgets. Prints one line
// per kind and fails when one is more than 5 % over. Run after `vite build`; reads
// dist/.vite/manifest.json.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = join(import.meta.dirname, 'dist');
const budgets = { js: 220_000, css: 40_000, woff2: 50_000 };
const tolerance = 1.05;

const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const files = new Set();

/** Adds a chunk with everything it imports at once. */
function add(key) {
  const chunk = manifest[key];
  if (!chunk || files.has(chunk.file)) return;
  files.add(chunk.file);
  for (const file of [...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file);
  for (const imported of chunk.imports ?? []) add(imported);
}

add('index.html');
add('style.css');
add('src/routes/overview.tsx');

let isOver = false;
for (const [kind, budget] of Object.entries(budgets)) {
  const chosen = [...files].filter((file) => file.endsWith(`.${kind}`));
  const bytes = chosen.reduce((sum, file) => {
    const content = readFileSync(join(dist, file));
    return sum + (kind === 'woff2' ? content.length : gzipSync(content).length);
  }, 0);
  const over = bytes > budget * tolerance;
  isOver ||= over;
  const kB = (value) => (value / 1000).toFixed(1);
  console.log(
    `${kind.padEnd(5)} ${kB(bytes).padStart(6)} kB of ${kB(budget)} kB, ${chosen.length} files${over ? ': over budget' : ''}`,
  );
}
if (isOver) process.exitCode = 1;
