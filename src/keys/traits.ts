/**
 * What many records have in common: the API, permissions and roles of a key, and the terms of
 * limits. It is stored with each record as one text, so that a record is read in one look-up, and
 * parsed once for each different text: a map of texts takes 0.1 µs, parsing a usual one 1.5.
 */
import type { KeyRecord, LimitConfig } from '../domain/records.ts';

/** A limit without its id. */
export type LimitTerms = Omit<LimitConfig, 'limitId'>;

export type KeyTraits = Pick<KeyRecord, 'workspaceId' | 'apiId' | 'permissionIds' | 'roleIds'> & {
  limits: readonly LimitTerms[];
};

export type IdentityTraits = { workspaceId: string; limits: readonly LimitTerms[] };

/** Traits are the first `length` characters of a record's texts. */
export type TraitsReader<Traits> = (record: string, length: number) => Traits;

/** Parsed texts that are kept; past it all are forgotten. */
const cachedTextsMax = 10_000;

export class TraitsCache<Traits> {
  readonly #parse: (text: string) => Traits;
  readonly #cached = new Map<string, Traits>();
  #lastText = '';
  #last: Traits | undefined;

  constructor(parse: (text: string) => Traits) {
    this.#parse = parse;
  }

  /** Of the first `length` characters; the same object for the same text, until `forget`. */
  read(record: string, length: number): Traits {
    // Mostly it is that of the record before: comparing is cheaper than cutting and hashing.
    const isLast = length === this.#lastText.length && record.startsWith(this.#lastText);
    if (isLast && this.#last !== undefined) return this.#last;
    const text = record.substring(0, length);
    const traits = this.#cached.get(text) ?? this.#add(text);
    this.#lastText = text;
    this.#last = traits;
    return traits;
  }

  forget(): void {
    this.#cached.clear();
    this.#last = undefined;
  }

  #add(text: string): Traits {
    if (this.#cached.size >= cachedTextsMax) this.#cached.clear();
    const traits = this.#parse(text);
    this.#cached.set(text, traits);
    return traits;
  }
}

type TermsText = [name: string, limit: number, durationMs: number, autoApply: 0 | 1];
type KeyText = [string, string, readonly string[], readonly string[], TermsText[]];
type IdentityText = [string, TermsText[]];

/** An array without names: it stands in every record. */
export function keyTraitsText(traits: KeyTraits): string {
  const { workspaceId, apiId, permissionIds, roleIds, limits } = traits;
  const parts: KeyText = [workspaceId, apiId, permissionIds, roleIds, limits.map(termsText)];
  return JSON.stringify(parts);
}

export function parseKeyTraits(text: string): KeyTraits {
  const [workspaceId, apiId, permissionIds, roleIds, limits] = JSON.parse(text) as KeyText;
  return { workspaceId, apiId, permissionIds, roleIds, limits: limits.map(parseTerms) };
}

export function identityTraitsText(workspaceId: string, limits: readonly LimitConfig[]): string {
  return JSON.stringify([workspaceId, limits.map(termsText)] satisfies IdentityText);
}

export function parseIdentityTraits(text: string): IdentityTraits {
  const [workspaceId, limits] = JSON.parse(text) as IdentityText;
  return { workspaceId, limits: limits.map(parseTerms) };
}

function termsText({ name, limit, durationMs, autoApply }: LimitTerms): TermsText {
  return [name, limit, durationMs, autoApply ? 1 : 0];
}

function parseTerms([name, limit, durationMs, autoApply]: TermsText): LimitTerms {
  return { name, limit, durationMs, autoApply: autoApply === 1 };
}

const noLimits: readonly LimitConfig[] = [];

/** The limits of one record: terms, and the ids that it has for them, with commas between. */
export function limitsOf(terms: readonly LimitTerms[], ids: string): readonly LimitConfig[] {
  const [first] = terms;
  if (!first) return noLimits;
  if (terms.length === 1) return [limitOf(first, ids)];
  const limitIds = ids.split(',');
  return terms.map((one, index) => limitOf(one, limitIds[index] as string));
}

function limitOf(terms: LimitTerms, limitId: string): LimitConfig {
  const { name, limit, durationMs, autoApply } = terms;
  return { limitId, name, limit, durationMs, autoApply };
}

export function limitIdsText(limits: readonly LimitConfig[]): string {
  return limits.map(({ limitId }) => limitId).join(',');
}
