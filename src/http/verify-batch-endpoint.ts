/**
 * `keys.verifyKeys`: up to a thousand verifications in one body. Each item is judged as if it had
 * come alone, in the order of the body; one that is wrong gets its own error and spoils no other.
 */
import { type VerifyKeyBody, verifyKeyBody } from '../contract/verify-key.ts';
import type { RequestFault } from '../domain/error-catalogue.ts';
import type { Principal } from '../domain/principal.ts';
import type { BodyBytes } from '../native/engine.ts';
import { answerOfJson, errorJson, jsonContentType } from './answers.ts';
import { createBodyValidator } from './body-validator.ts';
import { type Exchange, sendJson, sendReply } from './exchange.ts';
import type { Admitted } from './json-endpoint.ts';
import { type Judged, type JudgePorts, judge } from './judge.ts';
import { quickVerifyItem } from './quick-body.ts';
import type { QuickVerifier } from './quick-verifier.ts';
import { viewOf } from './request-body.ts';
import { verifyResultJson } from './verify-answer.ts';

const comma = Buffer.from(',');

/** By the native engine, if it can read the list; what it declines is judged here, in its turn. */
export function verifyManyQuickly(
  quick: QuickVerifier,
  ports: JudgePorts,
  { exchange, principal, body }: { exchange: Exchange; principal: Principal; body: BodyBytes },
): void {
  const { requestId, authorization } = exchange;
  const asked = { body, authorization, nowMs: ports.clock() };
  const pieces = quick.verifyMany(asked, requestId, (at) => {
    const { item, end } = quickVerifyItem(viewOf(body), at);
    const judged = judge(ports, exchange, { principal, request: item });
    const toPiece = (one: Judged) => Buffer.from(itemJson(one));
    const piece = judged instanceof Promise ? judged.then(toPiece) : toPiece(judged);
    // Behind the comma, or the bracket that ends the list.
    return { piece, end: end + 1 };
  });
  const isReady = pieces.every((piece) => !(piece instanceof Promise));
  const send = (ready: readonly Uint8Array[]) => sendPieces(exchange, quick, ready);
  if (isReady) send(pieces as Uint8Array[]);
  else void Promise.all(pieces).then(send);
}

function sendPieces(exchange: Exchange, quick: QuickVerifier, pieces: readonly Uint8Array[]): void {
  const [first = comma, ...others] = pieces;
  const items =
    others.length === 0 ? first : Buffer.concat([first, ...others.flatMap((one) => [comma, one])]);
  const start = `{"meta":{"requestId":"${exchange.requestId}"},"data":[`;
  const body = quick.framed(start, items, ']}');
  sendReply(exchange, { status: 200, contentType: jsonContentType, body });
}

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
  // A batch without a credit lease to wait for is answered before the handler returns.
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
