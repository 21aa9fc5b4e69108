import assert from 'node:assert/strict';
import { BlockList, isIPv4 } from 'node:net';
import { test } from 'node:test';
import { contains, parseAddressList } from '../../src/verify/address-list.ts';
import { createRandom } from '../support/random.ts';

function listOf(text: string) {
  const parsed = parseAddressList(text);
  assert.ok(parsed.ok, `${text} was refused`);
  return parsed.list;
}

for (const [text, inside, outside] of [
  ['192.0.2.1', ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:C000:201'], ['192.0.2.2', '::1']],
  [' 10.0.0.0/8 , 192.0.2.7', ['10.255.0.1', '192.0.2.7'], ['11.0.0.0', '192.0.2.8']],
  ['10.1.2.3/8', ['10.9.9.9'], ['9.9.9.9']],
  ['0.0.0.0/0', ['255.255.255.255', '0.0.0.0'], ['::1', '2001:db8::1']],
  ['128.0.0.0/1', ['128.0.0.0', '255.0.0.1'], ['127.255.255.255']],
  ['198.51.100.8/31', ['198.51.100.8', '198.51.100.9'], ['198.51.100.10', '198.51.100.7']],
  ['2001:db8::/32', ['2001:db8::', '2001:0DB8:ffff::1'], ['2001:db9::', '32.1.13.184']],
  ['2001:db8::8', ['2001:db8:0:0:0:0:0:8', '2001:db8::0:8'], ['2001:db8::9']],
  ['1:2:3:4:5:6:7::', ['1:2:3:4:5:6:7:0'], ['0:1:2:3:4:5:6:7', '::1:2:3:4:5:6:7']],
  ['::/0', ['::', 'ffff::1', '::1.2.3.4'], ['1.2.3.4', '::ffff:1.2.3.4']],
  ['::ffff:0:0/90', ['::fffe:1.2.3.4'], ['1.2.3.4', '::ffff:1.2.3.4']],
  ['::ffff:10.0.0.0/104', ['10.3.3.3', '::ffff:10.3.3.3'], ['11.3.3.3']],
  ['64:ff9b::192.0.2.0/120', ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'], ['192.0.2.33']],
] as const) {
  test(`${text} contains ${inside.join(', ')} and not ${outside.join(', ')}`, () => {
    const list = listOf(text);
    for (const address of inside) assert.equal(contains(list, address), true, address);
    for (const address of outside) assert.equal(contains(list, address), false, address);
  });
}

test('blank text is a list without entries, which contains nobody', () => {
  const list = listOf('  ');
  assert.equal(list.entryCount, 0);
  assert.equal(contains(list, '127.0.0.1'), false);
});

test('what is not an address is in no list', () => {
  const list = listOf('0.0.0.0/0,::/0');
  const notAddresses = ['', ' 1.2.3.4', '1.2.3.4:80', '[::1]', '01.2.3.4', '1.2.3', 'fe80::1%eth0'];
  for (const text of notAddresses) assert.equal(contains(list, text), false, text);
});

for (const [text, problem] of [
  ['localhost', "'localhost' is not an IP address or a CIDR range"],
  ['1.2.3.4,', "'' is not an IP address or a CIDR range"],
  ['1.2.3.4 5.6.7.8', "'1.2.3.4 5.6.7.8' is not an IP address or a CIDR range"],
  ['10.0.0.256', "'10.0.0.256' is not an IP address or a CIDR range"],
  ['fe80::1%eth0', "'fe80::1%eth0' is not an IP address or a CIDR range"],
  ['1:2:3:4:5:6:7:8::', "'1:2:3:4:5:6:7:8::' is not an IP address or a CIDR range"],
  ['10.0.0.0/33', "'10.0.0.0/33' has a prefix length that is not from 0 to 32"],
  ['10.0.0.0/', "'10.0.0.0/' has a prefix length that is not from 0 to 32"],
  ['10.0.0.0/08', "'10.0.0.0/08' has a prefix length that is not from 0 to 32"],
  ['10.0.0.0/255.0.0.0', "'10.0.0.0/255.0.0.0' has a prefix length that is not from 0 to 32"],
  ['::/129', "'::/129' has a prefix length that is not from 0 to 128"],
] as const) {
  test(`the list '${text}' is refused: ${problem}`, () => {
    assert.deepEqual(parseAddressList(text), { ok: false, problem });
  });
}

test('10,000 random addresses are found as BlockList of Node finds them', () => {
  const random = createRandom(3);
  const below = (limit: number) => Math.floor(random() * limit);
  const ipv4 = () => [10, below(4), below(2) * 128, below(256)].join('.');
  const group = () => (random() < 0.4 ? 0 : below(0x10000)).toString(16);
  const ipv6 = () => {
    const tail = Array.from({ length: 6 }, group).join(':');
    const compressed = tail.replace(/(?:^|:)0(?::0)+(?::|$)/, '::');
    return `2001:${below(2)}${compressed.startsWith(':') ? '' : ':'}${compressed}`;
  };
  for (let round = 0; round < 500; round += 1) {
    const blockList = new BlockList();
    const ranges = Array.from({ length: 1 + below(6) }, () => {
      const address = random() < 0.5 ? ipv4() : ipv6();
      const prefix = isIPv4(address) ? 8 + below(25) : 15 + below(114);
      blockList.addSubnet(address, prefix, isIPv4(address) ? 'ipv4' : 'ipv6');
      return `${address}/${prefix}`;
    });
    const list = listOf(ranges.join(','));
    for (let caller = 0; caller < 20; caller += 1) {
      const address = random() < 0.5 ? ipv4() : ipv6();
      const expected = blockList.check(address, isIPv4(address) ? 'ipv4' : 'ipv6');
      assert.equal(contains(list, address), expected, `${address} in ${ranges}`);
    }
  }
});

test('10,000 random texts never throw', () => {
  const random = createRandom(5);
  const parts = [
    '1',
    '255',
    '.',
    ':',
    '::',
    'ffff',
    '/',
    '0',
    '32',
    ',',
    ' ',
    '%',
    'x',
    '10.0.0.1',
  ];
  const list = listOf('10.0.0.0/8,2001:db8::/32');
  for (let round = 0; round < 10_000; round += 1) {
    const count = Math.floor(random() * 12);
    const text = Array.from({ length: count }, () => parts[Math.floor(random() * 14)]).join('');
    const parsed = parseAddressList(text);
    if (parsed.ok) contains(parsed.list, '10.0.0.1');
    contains(list, text);
  }
});
