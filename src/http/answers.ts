/**
 * The bodies of all JSON answers, as strings. A fault becomes status, content type and body in one
 * place. Envelopes are put together around `JSON.stringify` of their parts, so that a part which is
 * JSON already is not parsed and written again. Ids of requests are our own and need no escaping.
 */
import { type ErrorCode, errorCatalogue, type RequestFault } from '../domain/error-catalogue.ts';

export const jsonContentType = 'application/json';
export const problemContentType = 'application/problem+json';

const errorTypeBase = 'https://unkey.com/docs/errors/';

/** `{"meta":{"requestId":…}}`: the whole body of the one operation that has no `data`. */
export function metaAnswer(requestId: string): string {
  return `{"meta":{"requestId":"${requestId}"}}`;
}

/** The success envelope around a value that `JSON.stringify` can write; `{}` for no result. */
export function answer(requestId: string, result: object): string {
  return answerOfJson(requestId, JSON.stringify(result));
}

/** The success envelope around a result that is JSON text already. */
export function answerOfJson(requestId: string, resultJson: string): string {
  return `{"meta":{"requestId":"${requestId}"},"data":${resultJson}}`;
}

/**
 * The envelope of one page of a list. `nextCursor` is where the next page starts; undefined on the
 * last page, whose answer then has no `cursor` at all (the SDK refuses null).
 */
export function pageAnswer(
  requestId: string,
  rows: readonly object[],
  nextCursor: string | undefined,
): string {
  const pagination =
    nextCursor === undefined
      ? '{"hasMore":false}'
      : `{"hasMore":true,"cursor":${JSON.stringify(nextCursor)}}`;
  const head = `{"meta":{"requestId":"${requestId}"},"data":${JSON.stringify(rows)}`;
  return `${head},"pagination":${pagination}}`;
}

export type ErrorAnswer = { status: number; contentType: string; body: string };

/** What a refused request reads. */
export function errorAnswer(
  fault: RequestFault,
  request: { id: string; path: string; accept: string },
): ErrorAnswer {
  const { status } = errorCatalogue[fault.code];
  return {
    status,
    contentType: errorContentType(fault, status, request),
    body: `{"meta":{"requestId":"${request.id}"},"error":${errorJson(fault)}}`,
  };
}

/** What stands under `error` in the answer. */
export function errorJson(fault: RequestFault): string {
  const { status, title, carriesErrors } = errorCatalogue[fault.code];
  const fields =
    `{"title":"${title}","detail":${JSON.stringify(fault.detail)},` +
    `"status":${status},"type":"${errorType(fault.code)}"`;
  return carriesErrors ? `${fields},"errors":${JSON.stringify(fault.errors ?? [])}}` : `${fields}}`;
}

/** The URL by which callers know an error. */
export function errorType(code: ErrorCode): string {
  return errorTypeBase + code;
}

/**
 * The official SDK reads a 429, and each error of identities.deleteIdentity, as a typed error only
 * when it comes as problem+json, although it does not list that type in Accept; so these always do.
 */
function errorContentType(
  fault: RequestFault,
  status: number,
  request: { path: string; accept: string },
): string {
  if (status === 429 || request.path === '/v2/identities.deleteIdentity') return problemContentType;
  if (fault.errors !== undefined) return jsonContentType;
  return acceptsProblem(request.accept) ? problemContentType : jsonContentType;
}

/** Quality values are ignored: a type counts as accepted when it is listed. */
function acceptsProblem(accept: string): boolean {
  for (const entry of accept.split(',')) {
    const semicolon = entry.indexOf(';');
    const mediaType = (semicolon < 0 ? entry : entry.slice(0, semicolon)).trim().toLowerCase();
    if (mediaType === problemContentType || mediaType === 'application/*' || mediaType === '*/*') {
      return true;
    }
  }
  return false;
}
