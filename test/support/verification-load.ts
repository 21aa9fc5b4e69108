/** Verifications without end, by callers who connect again whenever their connection breaks. */
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRawConnection, postText, type RawConnection } from './raw-connection.ts';

export type VerificationLoad = {
  /** Ids of the requests, in the order of their answers. */
  readonly answered: readonly string[];
  /** Requests whose connection broke before the answer: each may be recorded, or not. */
  readonly unansweredCount: number;
  /** Resolves when every caller has its last answer; rejects when one was not VALID. */
  stop(): Promise<void>;
};

export type LoadOptions = {
  server: { url: string; rootKey: string };
  keys: readonly string[];
  callerCount: number;
  /** Between an answer and the next request of the same caller. */
  pauseMs: number;
};

/** Before a caller whose connection broke tries again: the server may be starting. */
const reconnectMs = 20;
const brokenCodes = new Set(['ECONNRESET', 'ECONNREFUSED', 'EPIPE']);

export function startVerifications(options: LoadOptions): VerificationLoad {
  const { server, keys, callerCount, pauseMs } = options;
  const answered: string[] = [];
  let unansweredCount = 0;
  let isStopping = false;
  let askedCount = 0;

  async function ask({ send, response }: RawConnection): Promise<void> {
    const body = JSON.stringify({ key: keys[askedCount % keys.length] });
    askedCount += 1;
    send(postText('/v2/keys.verifyKey', { rootKey: server.rootKey, body }));
    const answer = JSON.parse((await response()).body);
    assert.equal(answer.data?.code, 'VALID', JSON.stringify(answer));
    answered.push(answer.meta.requestId);
  }

  async function askUntilBroken(connection: RawConnection): Promise<void> {
    while (!isStopping) {
      await ask(connection).catch((error) => {
        unansweredCount += 1;
        throw error;
      });
      await sleep(pauseMs);
    }
    connection.socket.destroy();
  }

  async function runCaller(): Promise<void> {
    while (!isStopping) {
      try {
        await askUntilBroken(await openRawConnection(server.url));
      } catch (error) {
        if (!brokenCodes.has(String((error as NodeJS.ErrnoException).code))) throw error;
        await sleep(reconnectMs);
      }
    }
  }

  const callers = Promise.all(Array.from({ length: callerCount }, runCaller));
  // Told by `stop`, and not before.
  callers.catch(() => {});
  return {
    answered,
    get unansweredCount() {
      return unansweredCount;
    },
    async stop() {
      isStopping = true;
      await callers;
    },
  };
}
