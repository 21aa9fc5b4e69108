/** Management calls: answered when Postgres has them, and this node's replica too. */
import type { Schema } from '../contract/json-schema.ts';
import type { Page } from '../control/operation.ts';
import type { RequestFault } from '../domain/error-catalogue.ts';
import type { Principal } from '../domain/principal.ts';
import { answer, answerOfJson, jsonContentType, metaAnswer, pageAnswer } from './answers.ts';
import { callerAddress } from './caller-address.ts';
import { type Exchange, sendFault, sendReply } from './exchange.ts';
import type { Admitted } from './json-endpoint.ts';

/** What is around a result: `data`, `data` of a Page with `pagination`, or `meta` alone. */
export type Envelope = 'data' | 'page' | 'meta';

export type ManagementOutcome =
  | { ok: true; result: object }
  /** `data`, as JSON text. */
  | { ok: true; resultJson: string }
  | { ok: false; fault: RequestFault };

/** Who calls, and from where: the audit log keeps it. */
export type ManagementCaller = Principal & {
  requestId: string;
  address: string;
  userAgent: string;
};

/** A management call: what it is called, what its body must be, and what it does. */
export type ManagementCall = {
  /** `apis.createApi`: the path is `/v2/` and this. */
  name: string;
  body: Schema;
  /** Of `data` in the answer. */
  result: Schema;
  envelope: Envelope;
  /** A change is answered after this node's replica has it. */
  isChange: boolean;
  /** Never rejects. */
  run(caller: ManagementCaller, body: unknown): Promise<ManagementOutcome>;
};

/** Resolves true when this node's replica has what was committed before; false when it is late. */
export type AwaitApplied = () => Promise<boolean>;

/** Past the bounded wait the change is made, but this node may still answer as before it. */
const replicationPending = ['X-Latchkey-Replication', 'pending'] as const;

export async function runManagementCall(
  call: ManagementCall,
  { exchange, request }: { exchange: Exchange; request: Admitted },
  awaitApplied: AwaitApplied,
): Promise<void> {
  const outcome = await call.run(callerOf(exchange, request.principal), request.body);
  if (!outcome.ok) return sendFault(exchange, outcome.fault);
  const isApplied = !call.isChange || (await awaitApplied());
  sendReply(exchange, {
    status: 200,
    contentType: jsonContentType,
    body:
      'resultJson' in outcome
        ? answerOfJson(exchange.requestId, outcome.resultJson)
        : enveloped(call.envelope, exchange.requestId, outcome.result),
    headers: isApplied ? [] : [replicationPending],
  });
}

function enveloped(envelope: Envelope, requestId: string, result: object): string {
  switch (envelope) {
    case 'data':
      return answer(requestId, result);
    case 'page': {
      const { rows, nextCursor } = result as Page<object>;
      return pageAnswer(requestId, rows, nextCursor);
    }
    case 'meta':
      return metaAnswer(requestId);
    default:
      return envelope satisfies never;
  }
}

export function callerOf(exchange: Exchange, principal: Principal): ManagementCaller {
  const { requestId, userAgent } = exchange;
  return { ...principal, requestId, userAgent, address: callerAddress(exchange) };
}
