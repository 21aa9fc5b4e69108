import assert from 'node:assert/strict';
import { test } from 'node:test';
import { quoteJson } from '../../src/lib/quote-json.ts';

test('any text is quoted as JSON.stringify quotes it', () => {
  for (let unit = 0; unit < 0x10000; unit += 1) {
    const text = `a${String.fromCharCode(unit)}b`;
    assert.equal(quoteJson(text), JSON.stringify(text));
  }
  for (const text of ['', '😀', 'x'.repeat(64), 'x'.repeat(65), `${'x'.repeat(64)}"`]) {
    assert.equal(quoteJson(text), JSON.stringify(text));
  }
});
