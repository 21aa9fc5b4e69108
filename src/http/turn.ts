/**
 * When one turn of the event loop brings many requests, those of the next turn are read one after
 * the other, then decided one after the other, then answered: code and data of each part stay in
 * the processor's caches, and a caller that sleeps is woken once. Under load it takes a third less
 * than going from one part to the next for each request. Where few come, each is answered at once.
 *
 * A second request that comes on a connection while the first waits so (pipelining) closes it.
 */
import type { HttpResponse } from './uws.ts';

/** A turn with so many requests is a crowded one, and the next one is expected to be. */
const crowdMin = 8;
/** So many are decided before the first of them is answered. */
const togetherMax = 32;

type Request = { exchange: { readonly isAborted: boolean }; decide: () => void };
type Answer = { response: HttpResponse; write: () => void };

export class Turn {
  #requests: Request[] = [];
  #answers: Answer[] = [];
  /** Of this turn. */
  #requestCount = 0;
  #isCrowded = false;
  #isDeciding = false;

  /** Whether requests wait for the end of this turn: what belongs to the library must be copied. */
  get isCrowded(): boolean {
    return this.#isCrowded;
  }

  /**
   * Now; or at the end of a crowded turn, unless its caller has gone away by then. Of the request
   * only what has been read can still be known.
   */
  decide(exchange: Request['exchange'], decide: () => void): void {
    this.#requestCount += 1;
    if (this.#requestCount === 1) setImmediate(() => this.#end());
    if (this.#isCrowded) this.#requests.push({ exchange, decide });
    else decide();
  }

  /**
   * Together with the others that are being decided; of one that has waited for something, now.
   * `write` hands the whole answer over, as one piece.
   */
  answer(response: HttpResponse, write: () => void): void {
    if (this.#isDeciding) this.#answers.push({ response, write });
    else response.cork(write);
  }

  #end(): void {
    this.#isCrowded = this.#requestCount >= crowdMin;
    this.#requestCount = 0;
    const requests = this.#requests;
    this.#requests = [];
    for (let start = 0; start < requests.length; start += togetherMax) {
      this.#isDeciding = true;
      for (const { exchange, decide } of requests.slice(start, start + togetherMax)) {
        if (!exchange.isAborted) decide();
      }
      this.#isDeciding = false;
      const answers = this.#answers;
      this.#answers = [];
      for (const { response, write } of answers) response.cork(write);
    }
  }
}
