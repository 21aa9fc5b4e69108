/** Forward auth by the native engine: a key that is good, asked for in the usual way. */
import { cachedSettings, type ForwardAuthSettings } from './forward-auth-settings.ts';
import { findPresentedKey } from './key-source.ts';
import { readOriginalRequest } from './original-request.ts';
import type { ProxyAnswer, ProxyTerms, QuickVerifier } from './quick-verifier.ts';
import type { HttpRequest } from './uws.ts';

type UsualSettings = Pick<ForwardAuthSettings, 'sources' | 'hopCount'> & { terms: ProxyTerms };

/**
 * Told of settings, by the text of their query string, that need no more than a look at one header:
 * `keyHeader` in lower case, empty for `Authorization: Bearer`.
 */
export type OnUsualProxy = (query: string, keyHeader: string, terms: ProxyTerms) => void;

export class QuickProxy {
  readonly #quick: Pick<QuickVerifier, 'verifyProxy'>;
  readonly #openApiIds: ReadonlySet<string>;
  readonly #onUsual: OnUsualProxy | undefined;
  /** A proxy asks with the same settings again and again; comparing is cheaper than to look up. */
  #text: string | undefined;
  #settings: UsualSettings | undefined;

  constructor(
    quick: Pick<QuickVerifier, 'verifyProxy'>,
    openApiIds: ReadonlySet<string>,
    onUsual?: OnUsualProxy,
  ) {
    this.#quick = quick;
    this.#openApiIds = openApiIds;
    this.#onUsual = onUsual;
  }

  /** Undefined where TypeScript has to decide; nothing has happened then. */
  answer(request: HttpRequest, nowMs: number): ProxyAnswer | undefined {
    const settings = this.#settingsOf(request.getQuery() ?? '');
    if (!settings) return undefined;
    const rootKey = request.getHeader('x-latchkey-root-key');
    const original = readOriginalRequest(request, 'headers', settings.hopCount);
    const presented = findPresentedKey(settings.sources, request, original.query);
    if (!presented) return undefined;
    const { key } = presented;
    return this.#quick.verifyProxy({ terms: settings.terms, rootKey, key, original, nowMs });
  }

  #settingsOf(text: string): UsualSettings | undefined {
    if (text !== this.#text) {
      this.#settings = this.#usual(text);
      this.#text = text;
      this.#tell(text);
    }
    return this.#settings;
  }

  #tell(text: string): void {
    const [source, another] = this.#settings?.sources ?? [];
    if (!this.#settings || !source || another) return;
    const { terms } = this.#settings;
    if (source.kind === 'bearer') this.#onUsual?.(text, '', terms);
    if (source.kind === 'header') this.#onUsual?.(text, source.name, terms);
  }

  /** Nothing may be wanted but permissions; a cost matters to keys with credits only. */
  #usual(text: string): UsualSettings | undefined {
    const parsed = cachedSettings(text);
    if (!parsed.ok) return undefined;
    const { sources, hopCount, apiId, check } = parsed.settings;
    const { ratelimits, tags, migrationId, permissions = '' } = check;
    if (ratelimits ?? tags ?? migrationId) return undefined;
    const terms = { apiId, isOpen: this.#openApiIds.has(apiId), permissions };
    return { sources, hopCount, terms };
  }
}
