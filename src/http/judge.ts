/** The one decision behind every door: judged, and recorded before anybody is answered. */
import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import type { VerificationEvent } from '../domain/verification-event.ts';
import type { KeyLookup, VerifyPorts } from '../verify/ports.ts';
import type { Decision, FirstUse, PendingSpend, Verdict } from '../verify/verdict.ts';
import { type SpentCredits, settleSpend, settleUnknown, verifyKey } from '../verify/verify-key.ts';
import { callerAddress } from './caller-address.ts';
import type { Exchange } from './exchange.ts';
import { toVerificationEvent } from './verification-record.ts';
import type { VerifyCall } from './verify-call.ts';

export type JudgePorts = {
  lookup: KeyLookup;
  limits: VerifyPorts['limits'];
  credits: VerifyPorts['credits'] & {
    /**
     * Has the primary spend what this node's lease does not cover. undefined when it cannot now;
     * `unlimited` when the key is not limited any more. Never rejects.
     */
    spendLeased(keyId: string, cost: number): Promise<SpentCredits | 'unlimited' | undefined>;
  };
  pepperOf: VerifyPorts['pepperOf'];
  /** Stores an imported key under its own hash. Never rejects. */
  completeFirstUse(use: FirstUse): Promise<void>;
  record(event: VerificationEvent): void;
  /** Unix ms. */
  clock: () => number;
  /** Monotonic, in ms with fractions. */
  stopwatch: () => number;
};

export type Judged = { ok: true; verdict: Verdict } | { ok: false; fault: RequestFault };

const creditsUnknown = fault(
  'unkey/application/service_unavailable',
  'The credits of this key cannot be reached right now. Try again.',
);

/**
 * One verification, decided and recorded. A promise only where credits must be leased first, and
 * at the first use of an imported key: the steps that may take the network.
 */
export function judge(
  ports: JudgePorts,
  exchange: Exchange,
  call: VerifyCall,
): Judged | Promise<Judged> {
  const asked = { ports, exchange, call, nowMs: ports.clock() };
  const decision = decide(asked, false);
  if (decision.kind === 'verdict') return record(asked, decision.verdict);
  return finish(asked, decision);
}

type Asked = { ports: JudgePorts; exchange: Exchange; call: VerifyCall; nowMs: number };

function decide({ ports, exchange, call, nowMs }: Asked, acceptsPending: boolean): Decision {
  const { lookup, limits, credits, pepperOf } = ports;
  const { principal, request, original } = call;
  return verifyKey(principal, request, {
    lookup,
    limits,
    credits,
    pepperOf,
    acceptsPending,
    nowMs,
    callerAddress: () => original?.clientAddress ?? callerAddress(exchange),
  });
}

/** Before the answer leaves. */
function record({ ports, exchange, call, nowMs }: Asked, verdict: Verdict): Judged {
  const { requestId, receivedAtMs } = exchange;
  const latencyUs = Math.round((ports.stopwatch() - receivedAtMs) * 1000);
  ports.record(toVerificationEvent(verdict, call, { requestId, timeMs: nowMs, latencyUs }));
  return { ok: true, verdict };
}

function finish(asked: Asked, decision: Decision): Judged | Promise<Judged> {
  const { ports } = asked;
  switch (decision.kind) {
    case 'verdict':
      return record(asked, decision.verdict);
    case 'fault':
      return { ok: false, fault: decision.fault };
    case 'first-use':
      // Without Postgres the key is judged as it is, and stored under its own hash another time.
      return ports.completeFirstUse(decision.use).then(() => finish(asked, decide(asked, true)));
    case 'pending':
      return settle(ports, decision.pending).then((verdict) =>
        verdict ? record(asked, verdict) : { ok: false, fault: creditsUnknown },
      );
    default:
      return decision satisfies never;
  }
}

async function settle(
  { credits }: JudgePorts,
  pending: PendingSpend,
): Promise<Verdict | undefined> {
  const spend = await credits.spendLeased(pending.subject.key.keyId, pending.cost);
  return spend === undefined ? settleUnknown(pending) : settleSpend(pending, spend);
}
