import { expect, it } from 'vitest';
import { MemoryFiles } from './faults/memory-files.ts';
import { SimulatedClock } from './faults/simulated-clock.ts';
import { OpenFiles, PooledFile } from './open-files.ts';

/** Files of which only so many can be open at once. */
class FewFiles extends MemoryFiles {
  readonly #max: number;
  #count = 0;

  constructor(max: number) {
    super(new SimulatedClock());
    this.#max = max;
  }

  override open(path: string, mode: 'read' | 'write' | 'replace'): number {
    if (this.#count >= this.#max) throw Object.assign(new Error('EMFILE'), { code: 'EMFILE' });
    this.#count++;
    return super.open(path, mode);
  }

  override close(descriptor: number): void {
    this.#count--;
    super.close(descriptor);
  }
}

it('closes what is idle when the process may open no more, and leaves alone what is not', () => {
  const files = new FewFiles(4);
  files.makeDirectory('/d');
  const pool = new OpenFiles(files, 1_000);
  const all = Array.from({ length: 20 }, (_, i) => new PooledFile(`/d/${i}`, 'write'));
  for (const file of all) expect(pool.descriptor(file)).toBeGreaterThanOrEqual(0);
  expect(pool.count).toBeLessThanOrEqual(4);

  pool.closeAll();
  for (const file of all.slice(0, 4)) {
    pool.descriptor(file);
    file.pins++;
  }
  expect(() => pool.descriptor(all[5]!)).toThrow('EMFILE');
  all[0]!.pins--;
  expect(pool.descriptor(all[5]!)).toBeGreaterThanOrEqual(0);
});
