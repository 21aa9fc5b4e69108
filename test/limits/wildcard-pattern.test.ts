import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileWildcard } from '../../src/limits/wildcard-pattern.ts';
import { createRandom } from '../support/random.ts';

/** The definition itself, with all the backtracking that the real one must not do. */
function matchesNaively(pattern: string, text: string): boolean {
  if (pattern === '') return text === '';
  if (pattern[0] !== '*') {
    return pattern[0] === text[0] && matchesNaively(pattern.slice(1), text.slice(1));
  }
  for (let at = 0; at <= text.length; at += 1) {
    if (matchesNaively(pattern.slice(1), text.slice(at))) return true;
  }
  return false;
}

test('a star is any characters or none; all else is itself, at both ends, in its case', () => {
  const rows: [pattern: string, text: string, isMatch: boolean][] = [
    ['*', '', true],
    ['*', 'anything\nat all', true],
    ['user_*', 'user_', true],
    ['user_*', 'user_1', true],
    ['user_*', 'a user_1', false],
    ['user_*', 'User_1', false],
    ['*@example.com', 'a@example.com', true],
    ['*@example.com', 'a@example.com.org', false],
    ['a*a', 'a', false],
    ['a*a', 'aa', true],
    ['ab*ba', 'aba', false],
    ['a**b', 'ab', true],
    ['*a*b*', 'xxbxxa', false],
    ['*ab*ab*', 'abab', true],
    ['*ab*ab*', 'abxb', false],
    ['*aab*', 'aaab', true],
    ['x*aa', 'xa', false],
    ['a.c*', 'abc', false],
    ['[ab]*', 'a', false],
    ['(a+)+$*', '(a+)+$!', true],
    ['\\*', '\\x', true],
    ['😀*', '😀!', true],
    ['user_*', 'user_*', true],
  ];
  for (const [pattern, text, isMatch] of rows) {
    assert.equal(compileWildcard(pattern).matches(text), isMatch, `${pattern} on ${text}`);
  }
});

test('it says the same as the naive definition, on 50,000 random pairs', () => {
  const random = createRandom(7);
  const word = (letters: string, lengthMax: number) =>
    Array.from({ length: Math.floor(random() * (lengthMax + 1)) }, () => {
      return letters[Math.floor(random() * letters.length)];
    }).join('');
  let matchCount = 0;
  for (let round = 0; round < 50_000; round += 1) {
    const pattern = `${word('ab*', 5)}*${word('ab*', 4)}`;
    const text = word('ab', 9);
    const isMatch = compileWildcard(pattern).matches(text);
    assert.equal(isMatch, matchesNaively(pattern, text), `${pattern} on ${text}`);
    if (isMatch) matchCount += 1;
  }
  assert.ok(matchCount > 10_000 && matchCount < 40_000, 'both answers are usual');
});
