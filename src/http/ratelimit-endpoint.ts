/**
 * `ratelimit.limit` and `ratelimit.multiLimit`: decided, recorded and answered before the handler
 * returns. Only the first request that names a namespace waits, for Postgres to have it.
 */
import { type LimitBody, limitBody, multiLimitBody } from '../contract/ratelimit.ts';
import type { RequestFault } from '../domain/error-catalogue.ts';
import type { Principal } from '../domain/principal.ts';
import type { RatelimitEvent } from '../domain/ratelimit-event.ts';
import type { NamespaceRecord } from '../domain/records.ts';
import { assert } from '../lib/assert.ts';
import { compileNamespace, type NamespaceLookup } from '../limits/namespace.ts';
import {
  type DecidedLimit,
  decideLimit,
  decideLimits,
  type LimitDecision,
  type LimitPorts,
} from '../verify/decide-limits.ts';
import { answerOfJson } from './answers.ts';
import { type Exchange, sendFault, sendJson } from './exchange.ts';
import { type Admitted, addJsonEndpoint, type JsonEndpointOptions } from './json-endpoint.ts';
import { type AwaitApplied, callerOf, type ManagementCaller } from './management.ts';
import { limitResultJson, multiLimitResultJson } from './ratelimit-answer.ts';
import { toRatelimitEvent } from './ratelimit-record.ts';

export type RatelimitPorts = {
  lookup: NamespaceLookup;
  limits: LimitPorts['counters'];
  /** Makes those that do not exist. Never rejects. */
  createNamespaces(caller: ManagementCaller, names: readonly string[]): Promise<MadeNamespaces>;
  awaitApplied: AwaitApplied;
  recordLimit(event: RatelimitEvent): void;
  /** Unix ms. */
  clock: () => number;
  /** Monotonic, in ms with fractions. */
  stopwatch: () => number;
};

export type MadeNamespaces =
  | { ok: true; result: { namespaces: readonly NamespaceRecord[] } }
  | { ok: false; fault: RequestFault };

/** `disabled` keeps a decision out of analytics. */
const metricsHeader = 'x-unkey-metrics';

type Asked = { exchange: Exchange; admitted: Admitted };

/** What the two endpoints do not share. */
type Door = {
  decide(principal: Principal, ports: LimitPorts): LimitDecision;
  resultJson(isPassed: boolean, limits: readonly DecidedLimit[]): string;
};

export function addRatelimitEndpoints(options: JsonEndpointOptions, ports: RatelimitPorts): void {
  const shared = { isAudited: true, header: metricsHeader };
  const limit = { ...shared, path: '/v2/ratelimit.limit', body: limitBody };
  addJsonEndpoint(options, limit, (exchange, admitted) => {
    const item = admitted.body as LimitBody;
    answerLimits(
      ports,
      { exchange, admitted },
      {
        decide: (principal, limitPorts) => decideLimit(principal, item, limitPorts),
        resultJson: (_isPassed, limits) => limitResultJson(limits[0] as DecidedLimit),
      },
    );
  });
  const multiLimit = { ...shared, path: '/v2/ratelimit.multiLimit', body: multiLimitBody };
  addJsonEndpoint(options, multiLimit, (exchange, admitted) => {
    const items = admitted.body as LimitBody[];
    answerLimits(
      ports,
      { exchange, admitted },
      {
        decide: (principal, limitPorts) => decideLimits(principal, items, limitPorts),
        resultJson: multiLimitResultJson,
      },
    );
  });
}

function answerLimits(ports: RatelimitPorts, asked: Asked, door: Door): void {
  const { lookup, limits: counters, clock } = ports;
  const { principal } = asked.admitted;
  const nowMs = clock();
  const decision = door.decide(principal, { lookup, counters, nowMs });
  if (decision.kind === 'missing') {
    void createAndAnswer(ports, asked, { door, names: decision.names });
  } else {
    finish(ports, asked, { door, decision, nowMs });
  }
}

type Creation = { door: Door; names: readonly string[] };

/** Once the namespaces are there, the decision is made from the start. */
async function createAndAnswer(
  ports: RatelimitPorts,
  asked: Asked,
  { door, names }: Creation,
): Promise<void> {
  const { exchange, admitted } = asked;
  const { principal } = admitted;
  const made = await ports.createNamespaces(callerOf(exchange, principal), names);
  if (!made.ok) return sendFault(exchange, made.fault);
  await ports.awaitApplied();
  const nowMs = ports.clock();
  const decision = door.decide(principal, {
    lookup: withMade(ports.lookup, made.result.namespaces),
    counters: ports.limits,
    nowMs,
  });
  finish(ports, asked, { door, decision, nowMs });
}

/** The replica, and what it may be late with. */
function withMade(lookup: NamespaceLookup, made: readonly NamespaceRecord[]): NamespaceLookup {
  return {
    namespace(workspaceId, nameOrId) {
      const known = lookup.namespace(workspaceId, nameOrId);
      const record = known ? undefined : made.find(({ name }) => name === nameOrId);
      return record ? compileNamespace(record) : known;
    },
  };
}

type Ending = { door: Door; decision: LimitDecision; nowMs: number };

function finish(ports: RatelimitPorts, { exchange, admitted }: Asked, ending: Ending): void {
  const { door, decision, nowMs } = ending;
  assert(decision.kind !== 'missing', 'a namespace that was just made is missing');
  if (decision.kind === 'fault') {
    sendFault(exchange, decision.fault);
    return;
  }
  const { isPassed, limits } = decision;
  const { requestId } = exchange;
  if (exchange.header !== 'disabled') {
    const latencyUs = Math.round((ports.stopwatch() - exchange.receivedAtMs) * 1000);
    const { workspaceId } = admitted.principal;
    const of = { requestId, workspaceId, timeMs: nowMs, latencyUs, isCounted: isPassed };
    for (const decided of limits) ports.recordLimit(toRatelimitEvent(decided, of));
  }
  sendJson(exchange, answerOfJson(requestId, door.resultJson(isPassed, limits)));
}
