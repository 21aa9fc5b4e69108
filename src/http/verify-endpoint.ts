/** `keys.verifyKey`: the decision and its answer, without a pause between them. */
import type { VerifyKeyBody } from '../contract/verify-key.ts';
import type { BodyBytes } from '../native/engine.ts';
import { answerOfJson, jsonContentType } from './answers.ts';
import { type Exchange, sendFault, sendJson, writeReply } from './exchange.ts';
import type { Admitted } from './json-endpoint.ts';
import { type Judged, type JudgePorts, judge } from './judge.ts';
import type { QuickVerifier } from './quick-verifier.ts';
import { verifyResultJson } from './verify-answer.ts';

/** By the native engine, if it can. */
export function verifyQuickly(
  quick: QuickVerifier,
  clock: () => number,
  { exchange, body }: { exchange: Exchange; body: BodyBytes },
): boolean {
  const { contentType, authorization } = exchange;
  if (contentType !== jsonContentType) return false;
  const answered = quick.verify({ body, authorization, nowMs: clock() });
  if (answered === undefined) return false;
  writeReply(exchange, { status: 200, contentType: jsonContentType, body: answered });
  return true;
}

export function answerVerification(
  ports: JudgePorts,
  exchange: Exchange,
  { principal, body }: Admitted,
): void {
  const judged = judge(ports, exchange, { principal, request: body as VerifyKeyBody });
  if (judged instanceof Promise) void judged.then((later) => send(exchange, later));
  else send(exchange, judged);
}

function send(exchange: Exchange, judged: Judged): void {
  if (judged.ok) {
    sendJson(exchange, answerOfJson(exchange.requestId, verifyResultJson(judged.verdict)));
  } else {
    sendFault(exchange, judged.fault);
  }
}
