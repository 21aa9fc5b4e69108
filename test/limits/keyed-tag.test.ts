import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeyedTag } from '../../src/limits/keyed-tag.ts';

const key = new Int32Array([0x01234567, 0x89abcdef | 0]);

function tagOf(number: number, ...texts: [string, string, string]): string {
  const tag = new KeyedTag(key);
  tag.make(number, ...texts);
  return `${tag.low}/${tag.high}/${tag.extra}`;
}

test('tuples that differ anywhere, if only in where one text ends, have different tags', () => {
  const tags = [
    tagOf(1000, 'ws', 'a', 'bc'),
    tagOf(1000, 'ws', 'ab', 'c'),
    tagOf(1000, 'ws', '', 'abc'),
    tagOf(1000, 'wsa', 'b', 'c'),
    tagOf(1001, 'ws', 'a', 'bc'),
    tagOf(1000 + 2 ** 32, 'ws', 'a', 'bc'),
    tagOf(1000, 'ws', 'a', 'bc\0'),
    tagOf(1000, 'ws', 'a', 'b\u0163'),
    tagOf(1000, 'ws', 'a', 'b\u6300'),
    tagOf(1000, 'ws', 'a', '\u{1f511}'),
    tagOf(1000, 'ws', 'a', '\ud83d'),
  ];
  assert.equal(new Set(tags).size, tags.length);
});

test('one object makes the same tag again after others, and texts may be of any length', () => {
  const tag = new KeyedTag(key);
  tag.make(1000, 'ws', 'scope', 'identifier');
  const { low, high, extra } = tag;
  tag.make(1000, 'w'.repeat(5000), 'é'.repeat(5000), '鍵'.repeat(5000));
  assert.notEqual(tag.low, low);
  tag.make(1000, 'ws', 'scope', 'identifier');
  assert.deepEqual([tag.low, tag.high, tag.extra], [low, high, extra]);
});

test('a tag fits where it is stored: 31 bits in high, 10 in extra', () => {
  const tag = new KeyedTag(key);
  for (let number = 0; number < 1000; number += 1) {
    tag.make(number, 'a', 'b', 'c');
    assert.ok(tag.high >= 0 && tag.extra >= 0 && tag.extra < 1024);
  }
});
