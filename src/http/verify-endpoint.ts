/** `keys.verifyKey`: the decision and its answer, without a pause between them. */
import type { VerifyKeyBody } from '../contract/verify-key.ts';
import { answerOfJson } from './answers.ts';
import { type Exchange, sendFault, sendJson } from './exchange.ts';
import type { Admitted } from './json-endpoint.ts';
import { type Judged, type JudgePorts, judge } from './judge.ts';
import { verifyResultJson } from './verify-answer.ts';

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
