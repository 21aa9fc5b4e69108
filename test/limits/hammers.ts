import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { mapFile } from '../../src/lib/mapped-file.ts';
import { prepareCreditTable } from '../../src/limits/prepare-credit-table.ts';
import { prepareWindowTable } from '../../src/limits/prepare-window-table.ts';
import type { HammerOrder, HammerPaths } from './hammer.ts';
import { cellBytes, cellCount, cellOf, cellRows, clockCell, startCell } from './hammer-cells.ts';

export class Hammers {
  readonly folder = mkdtempSync(join(tmpdir(), 'latchkey-hammer-'));
  readonly paths: HammerPaths;
  readonly #cells: ReturnType<typeof mapFile>;
  readonly cells: Int32Array;
  readonly #children: ChildProcess[] = [];
  #start = 0;

  /** Tables of `baseMs`, the time of all hammers until `setClock`. */
  constructor(baseMs: number) {
    const inFolder = (name: string) => join(this.folder, name);
    this.paths = {
      windows: inFolder('windows'),
      credits: inFolder('credits'),
      cells: inFolder('cells'),
      baseMs,
    };
    prepareWindowTable(this.paths.windows, 1400, baseMs);
    prepareCreditTable(this.paths.credits, 800);
    this.#cells = mapFile(this.paths.cells, cellBytes);
    this.cells = new Int32Array(this.#cells.buffer);
  }

  setClock(sinceBaseMs: number): void {
    Atomics.store(this.cells, clockCell, sinceBaseMs);
  }

  /** What all hammers were admitted of one choice in one window. */
  admitted(choice: number, window: number): number {
    let sum = 0;
    for (let row = 1; row < cellRows; row += 1) {
      sum += this.cells[row * cellCount + cellOf(choice, window)] as number;
    }
    return sum;
  }

  async start(number: number): Promise<ChildProcess> {
    const child = fork(join(import.meta.dirname, 'hammer.ts'), [
      JSON.stringify(this.paths),
      String(number),
    ]);
    this.#children[number] = child;
    await once(child, 'message');
    return child;
  }

  /** Lets all started hammers go at the same moment; gives each one's admitted takes by choice. */
  async race(orders: (OrderOf<'take'> | OrderOf<'spend'>)[]): Promise<number[][]> {
    this.#start += 1;
    const answers = orders.map(async (order, number) => {
      const child = this.#children[number] as ChildProcess;
      child.send({ ...order, start: this.#start });
      const [tally] = (await once(child, 'message')) as [number[]];
      return tally;
    });
    Atomics.store(this.cells, startCell, this.#start);
    return Promise.all(answers);
  }

  /** Lets one hammer go until it is killed, or has given up. */
  release(number: number, order: OrderOf<'take'> | OrderOf<'spend'>): void {
    this.#children[number]?.send({ ...order, start: this.#start });
  }

  /** Waits until the hammer has been admitted its first of choice 0; `meanwhile` feeds it. */
  async waitForProgressOf(number: number, meanwhile: () => void = () => {}): Promise<void> {
    const cell = (number + 1) * cellCount + cellOf(0, 0);
    const giveUpAtMs = Date.now() + 30_000;
    while (Atomics.load(this.cells, cell) === 0) {
      if (Date.now() > giveUpAtMs) throw new Error(`hammer ${number} makes no progress`);
      meanwhile();
      await sleep(1);
    }
  }

  stop(number: number): void {
    this.#children[number]?.kill('SIGSTOP');
  }

  async kill(number: number): Promise<void> {
    const child = this.#children[number] as ChildProcess;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  async end(): Promise<void> {
    for (const [number, child] of this.#children.entries()) {
      if (child.exitCode === null && child.signalCode === null) await this.kill(number);
    }
    this.#cells.unmap();
    rmSync(this.folder, { recursive: true });
  }
}

type OrderOf<Kind> = Omit<Extract<HammerOrder, { kind: Kind }>, 'start'>;
