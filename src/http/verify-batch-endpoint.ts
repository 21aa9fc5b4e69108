/**
 * `keys.verifyKeys`: up to a thousand verifications in one body. Each item is judged as if it had
 * come alone, in the order of the body; one that is wrong gets its own error and spoils no other.
 */
import { type VerifyKeyBody, verifyKeyBody } from '../contract/verify-key.ts';
import type { RequestFault } from '../domain/error-catalogue.ts';
import { answerOfJson, errorJson } from './answers.ts';
import { createBodyValidator } from './body-validator.ts';
import { type Exchange, sendJson } from './exchange.ts';
import type { Admitted } from './json-endpoint.ts';
import { type Judged, type JudgePorts, judge } from './judge.ts';
import { verifyResultJson } from './verify-answer.ts';

const validateItem = createBodyValidator(verifyKeyBody);

export async function answerBatch(
  ports: JudgePorts,
  exchange: Exchange,
  { principal, body, isQuick }: Admitted,
): Promise<void> {
  const pending = (body as unknown[]).map((item) => {
    const violation = isQuick ? undefined : validateItem(exchange.path, item);
    if (violation) return { ok: false, fault: violation } as const;
    return judge(ports, exchange, { principal, request: item as VerifyKeyBody });
  });
  // A batch without a credit lease to wait for is answered in the turn that brings it.
  const isReady = pending.every((item) => !(item instanceof Promise));
  const judged = isReady ? (pending as Judged[]) : await Promise.all(pending);
  const items = judged.map((item) => itemJson(item));
  sendJson(exchange, answerOfJson(exchange.requestId, `[${items.join(',')}]`));
}

function itemJson(judged: Judged): string {
  return judged.ok ? verifyResultJson(judged.verdict) : faultJson(judged.fault);
}

function faultJson(fault: RequestFault): string {
  return `{"error":${errorJson(fault)}}`;
}
