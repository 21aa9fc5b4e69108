import type { LimitRequest, LimitVerdict } from '../../src/limits/window-table.ts';

type Cell = { sequence: number; count: number };

/** The same promises by the plainest means: exact integers, no memory but a Map. */
export class ReferenceWindows {
  readonly #cells = new Map<string, Cell[]>();

  takeAll(requests: readonly LimitRequest[], nowMs: number): LimitVerdict[] {
    const costs = new Map<string, number>();
    for (const request of requests) {
      const name = nameOf(request);
      costs.set(name, (costs.get(name) ?? 0) + request.cost);
    }
    const views = requests.map((request) => this.#view(request, nowMs));
    const room = requests.map(
      (request, item) =>
        BigInt(Math.min(request.limit, Number.MAX_SAFE_INTEGER)) - (views[item]?.used ?? 0n),
    );
    const exceeded = requests.map(
      (request, item) =>
        request.limit <= 0 || (room[item] as bigint) < BigInt(costs.get(nameOf(request)) as number),
    );
    const refused = exceeded.includes(true);
    if (!refused) for (const [name, cost] of costs) this.#count(name, nowMs, cost);
    return requests.map((request, item) => {
      const taken = refused ? 0n : BigInt(costs.get(nameOf(request)) as number);
      return {
        exceeded: exceeded[item] as boolean,
        remaining: exceeded[item] ? 0 : Number((room[item] as bigint) - taken),
        resetAtMs: (Math.floor(nowMs / request.durationMs) + 1) * request.durationMs,
        isTableFull: false,
      };
    });
  }

  #view(request: LimitRequest, nowMs: number): { used: bigint } {
    const duration = request.durationMs;
    const sequence = Math.floor(nowMs / duration);
    const cells = this.#cells.get(nameOf(request)) ?? [];
    const count = (wanted: number) =>
      BigInt(cells.find((cell) => cell.sequence === wanted)?.count ?? 0);
    const leftMs = BigInt(duration - (nowMs % duration));
    return { used: count(sequence) + (count(sequence - 1) * leftMs) / BigInt(duration) };
  }

  #count(name: string, nowMs: number, cost: number): void {
    const sequence = Math.floor(nowMs / Number(name.slice(0, name.indexOf(' '))));
    const cells = this.#cells.get(name) ?? [];
    const cell = cells.find((one) => one.sequence === sequence);
    if (cell) cell.count += cost;
    else cells.push({ sequence, count: cost });
    this.#cells.set(name, cells);
  }
}

function nameOf({ durationMs, workspaceId, scope, identifier }: LimitRequest): string {
  return `${durationMs} ${JSON.stringify([workspaceId, scope, identifier])}`;
}
