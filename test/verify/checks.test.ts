import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainApi, SmallWorld, startMs } from './small-world.ts';

function worldFor(allowedAddresses: string): SmallWorld {
  const world = new SmallWorld();
  world.put('api', 'api_1', { ...plainApi, allowedAddresses });
  return world;
}

test('a key is good at the instant of its expiry, and not one millisecond after it', () => {
  const world = new SmallWorld();
  world.putKey({ expiresAtMs: startMs });
  assert.equal(world.code(), 'VALID');
  world.nowMs += 1;
  assert.equal(world.code(), 'EXPIRED');
  world.putKey({ expiresAtMs: 0 });
  assert.equal(world.code(), 'VALID');
});

test('a workspace that is gone is as good as disabled', () => {
  const world = new SmallWorld();
  world.remove('workspace', 'ws_1');
  assert.equal(world.code(), 'WORKSPACE_DISABLED');
});

test('without a list of addresses nobody is asked where the call comes from', () => {
  const world = worldFor('');
  world.callerAddress = '';
  assert.equal(world.code(), 'VALID');
  assert.equal(world.addressCount, 0);
});

test('a list admits its addresses and ranges, IPv4 and IPv6, and nobody else', () => {
  const world = worldFor('192.0.2.1, 10.0.0.0/8,2001:db8::/32');
  for (const inside of ['192.0.2.1', '10.255.0.1', '::ffff:10.0.0.1', '2001:0db8:0:0:0:0:0:1']) {
    world.callerAddress = inside;
    assert.equal(world.code(), 'VALID', inside);
  }
  for (const outside of ['192.0.2.2', '11.0.0.1', '2001:db9::1', '', 'localhost', '10.0.0.1:80']) {
    world.callerAddress = outside;
    assert.equal(world.code(), 'FORBIDDEN', outside);
  }
});

test('the address in the request stands for the end caller and wins over that of the call', () => {
  const world = worldFor('10.0.0.0/8');
  world.callerAddress = '10.0.0.1';
  assert.equal(world.code({ ip: '192.0.2.1' }), 'FORBIDDEN');
  world.callerAddress = '192.0.2.1';
  assert.equal(world.code({ ip: '10.0.0.1' }), 'VALID');
  assert.equal(world.code({ ip: 'no address' }), 'FORBIDDEN');
  assert.equal(world.addressCount, 0);
});

test('a list that cannot be read admits nobody', () => {
  for (const list of ['10.0.0.0/8, nonsense', '10.0.0.0/33', ',', '10.0.0.1,']) {
    assert.equal(worldFor(list).code({ ip: '10.0.0.1' }), 'FORBIDDEN', list);
  }
});

test('a list that has been changed counts at once', () => {
  const world = worldFor('10.0.0.0/8');
  assert.equal(world.code({ ip: '192.0.2.1' }), 'FORBIDDEN');
  world.put('api', 'api_1', { ...plainApi, allowedAddresses: '192.0.2.0/24' });
  assert.equal(world.code({ ip: '192.0.2.1' }), 'VALID');
});
