import { fault, type RequestFault } from '../domain/error-catalogue.ts';
import { classifyDatabaseError } from '../lib/database.ts';
import type { Logger } from '../lib/logger.ts';
import { type Caller, type ControlContext, type Operation, RequestRefused } from './operation.ts';

export type OperationOutcome<Result extends object = object> =
  | { ok: true; result: Result }
  | { ok: false; fault: RequestFault };

/** Another transaction was in the way: the same call, begun again, finds what that one left. */
const conflictTriesMax = 5;

/**
 * Runs an operation to its outcome and never throws: a refusal, a lost race and a database that is
 * away are values. What the log says and what the caller reads are two different sentences.
 */
export async function runOperation<Result extends object>(
  operation: { name: string; run: Operation<never, Result> },
  { context, caller, logger }: { context: ControlContext; caller: Caller; logger: Logger },
  body: unknown,
): Promise<OperationOutcome<Result>> {
  for (let triesLeft = conflictTriesMax; ; triesLeft -= 1) {
    try {
      return { ok: true, result: await operation.run(context, caller, body as never) };
    } catch (error) {
      if (error instanceof RequestRefused) return { ok: false, fault: error.fault };
      const failure = classifyDatabaseError(error);
      if (failure === 'conflict' && triesLeft > 1) continue;
      const { requestId } = caller;
      logger.error({ requestId, operation: operation.name, failure, err: error }, 'call failed');
      return { ok: false, fault: faultOf(failure) };
    }
  }
}

function faultOf(failure: ReturnType<typeof classifyDatabaseError>): RequestFault {
  switch (failure) {
    case 'unstorable':
      return fault('unkey/application/invalid_input', 'A text holds the character U+0000.');
    case 'duplicate':
    case 'other':
      return fault('unkey/application/unexpected_error', 'An unexpected error occurred.');
    case 'unreachable':
    case 'unprepared':
    case 'refused':
    case 'conflict':
      return fault(
        'unkey/application/service_unavailable',
        'The database cannot be used right now. Verification goes on; try this call again.',
      );
    default:
      return failure satisfies never;
  }
}
