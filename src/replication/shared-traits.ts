/**
 * From what the server sends of a key's API, permissions, roles and limits to the one object that
 * stands for all keys that have the same: so that it is parsed once, and not a million times. The
 * bytes are gathered row by row and looked up; mostly they are those of the key before.
 */
import type { KeyTraits, LimitTerms } from '../keys/traits.ts';
import { type CopiedRows, readI32, readI64 } from './copied-rows.ts';
import { GatheredBytes } from './gathered-bytes.ts';

/** What a part is of; its fields follow, each with its length before it, as they lie in a row. */
export type TraitsPart = keyof typeof partNumbers;
const partNumbers = { owner: 0, permissions: 1, roles: 2, limit: 3 } as const;

type Columns = { readonly first: number; readonly last: number };

/** Past either all are forgotten. One with a thousand permissions has 30 kB, and takes 100. */
const keptMax = 10_000;
const keptBytesMax = 64 * 2 ** 20;
const noIds: readonly string[] = [];

export class SharedTraits {
  readonly #kept = new Map<string, KeyTraits>();
  #keptBytes = 0;
  #parts = new GatheredBytes();
  #lastParts = new GatheredBytes();
  #last: KeyTraits | undefined;

  /** The row's fields from the one column to the other: see `parse`. */
  add(part: TraitsPart, { bytes, starts, ends }: CopiedRows, columns: Columns): void {
    this.#parts.appendByte(partNumbers[part]);
    const from = (starts[columns.first] as number) - 4;
    this.#parts.append(bytes, from, ends[columns.last] as number);
  }

  /** Of the parts since the last time: the same object for the same parts. */
  take(): KeyTraits {
    const parts = this.#parts;
    if (this.#last === undefined || !parts.equals(this.#lastParts)) {
      this.#last = this.#find(parts);
      this.#parts = this.#lastParts;
      this.#lastParts = parts;
    }
    this.#parts.length = 0;
    return this.#last;
  }

  #find({ bytes, length }: GatheredBytes): KeyTraits {
    const name = bytes.toString('latin1', 0, length);
    const kept = this.#kept.get(name);
    if (kept) return kept;
    this.#keptBytes += length;
    if (this.#kept.size >= keptMax || this.#keptBytes > keptBytesMax) {
      this.#kept.clear();
      this.#keptBytes = length;
    }
    const traits = parse(bytes, length);
    this.#kept.set(name, traits);
    return traits;
  }
}

function parse(bytes: Buffer, length: number): KeyTraits {
  const reader = new FieldReader(bytes);
  const limits: LimitTerms[] = [];
  const traits = { workspaceId: '', apiId: '', permissionIds: noIds, roleIds: noIds, limits };
  while (reader.at < length) {
    switch (reader.part()) {
      case partNumbers.owner:
        traits.workspaceId = reader.text();
        traits.apiId = reader.text();
        break;
      case partNumbers.permissions:
        traits.permissionIds = reader.text().split(',');
        break;
      case partNumbers.roles:
        traits.roleIds = reader.text().split(',');
        break;
      default:
        limits.push(readTerms(reader));
    }
  }
  return traits;
}

export function readTerms(reader: FieldReader): LimitTerms {
  return {
    name: reader.text(),
    limit: reader.bigint(),
    durationMs: reader.bigint(),
    autoApply: reader.flag(),
  };
}

/** Fields one after the other, none of them null. */
export class FieldReader {
  readonly #bytes: Buffer;
  at: number;

  constructor(bytes: Buffer, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  part(): number {
    this.at += 1;
    return this.#bytes[this.at - 1] as number;
  }

  text(): string {
    const start = this.#enter();
    return this.#bytes.toString('utf8', start, this.at);
  }

  bigint(): number {
    return readI64(this.#bytes, this.#enter());
  }

  flag(): boolean {
    return this.#bytes[this.#enter()] === 1;
  }

  #enter(): number {
    const start = this.at + 4;
    this.at = start + readI32(this.#bytes, this.at);
    return start;
  }
}
