/**
 * The PostgreSQL driver, version 3.4.9, with its faults around a connection that ends in the middle
 * of a transaction repaired while it is loaded. As it is, whoever has a transaction open when the
 * server restarts is taken down: the ROLLBACK that the driver then sends throws where nobody can
 * catch it. What is more, later statements of the transaction may reach the next connection, where
 * they are no transaction any more; and a connection that ends with something still to be written,
 * or to be answered, keeps it and lets all who use it again wait for ever.
 *
 * The text of the driver is replaced on its way from the disk: nothing is changed there, and an
 * installation that runs no scripts has the repairs too. `database.pg.test.ts` fails without any of
 * them; a driver that they do not fit fails at its first load. `reserve` is not repaired: there is
 * `begin`. The other way was another driver, without tagged templates.
 */
import { createRequire, registerHooks } from 'node:module';
import type postgres from 'postgres';

type Repair = { broken: string; sound: string };

/** A transaction ends with its connection: nothing that belongs to it is sent any more. */
const ofTransactions: readonly Repair[] = [
  {
    broken: `      , connection
      , prepare = null`,
    sound: `      , connection
      , lost = null
      , prepare = null`,
  },
  {
    broken: 'connection.onclose = reject)',
    sound: `connection.onclose = error => {
          lost = error
          while (queries.length) queries.shift().reject(error)
          reject(error)
        })`,
  },
  {
    broken: `        q.catch(e => uncaughtError || (uncaughtError = e))
`,
    sound: `        q.catch(e => uncaughtError || (uncaughtError = e))
        if (lost) return q.reject(lost)
`,
  },
];

/** A connection that has ended sends nothing, and leaves nothing to the one after it. */
const ofConnections: readonly Repair[] = [
  {
    broken: `  function nextWrite(fn) {
`,
    sound: `  function forgetWrites() {
    clearImmediate(nextWriteTimer)
    chunk = nextWriteTimer = null
  }

  function nextWrite(fn) {
    if (socket === null) {
      forgetWrites()
      return false
    }
`,
  },
  {
    broken: `    incomings = null
    clearImmediate(nextWriteTimer)
`,
    sound: `    incomings = null
    errorResponse = null
    forgetWrites()
`,
  },
  {
    broken: '!hadError && (query || sent.length) && error(',
    sound: ';(query || sent.length) && error(',
  },
];

/**
 * Rows of a COPY are handed on as they came, all of a piece of the network's at once and with the
 * headers of their messages: one by one, each is a buffer and a pass through a stream. And when a
 * COPY ends while its reader is behind, the connection is listened to again. An error that comes
 * before anybody reads is one of the reader's, and does not end the process.
 */
const ofCopies: readonly Repair[] = [
  {
    broken: `      read() { socket.resume() }
    })
    query.resolve(stream)
`,
    sound: `      read() { socket.resume() }
    })
    stream.on('error', () => {})
    query.resolve(stream)
`,
  },
  {
    broken: `    stream && stream.push(null)
    stream = null
`,
    sound: `    stream && stream.push(null)
    stream = null
    socket.resume()
`,
  },
  {
    broken: 'stream && (stream.destroy(err), stream = null)',
    sound: 'stream && (stream.destroy(err), stream = null, socket && socket.resume())',
  },
  {
    broken: `    while (incoming.length > 4) {
`,
    sound: `    while (incoming.length > 4) {
      if (stream && incoming[0] === 100) {
        const end = endOfCopied(incoming)
        if (end > 0) {
          stream.push(incoming.subarray(0, end)) || socket.pause()
          incoming = incoming.subarray(end)
          incomings = null
          remaining = 0
          continue
        }
      }
`,
  },
  {
    broken: `  async function connect() {
`,
    sound: `  function endOfCopied(x) {
    let end = 0
    while (end + 5 <= x.length && x[end] === 100) {
      const next = end + 1 + x.readUInt32BE(end + 1)
      if (next > x.length)
        break
      end = next
    }
    return end
  }

  async function connect() {
`,
  },
];

const repairsOf = new Map([
  ['index.js', ofTransactions],
  ['connection.js', [...ofConnections, ...ofCopies]],
]);

function loadRepaired(): typeof postgres {
  const open = new Set(repairsOf.keys());
  const hooks = registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      const name = /\/postgres\/cjs\/src\/([^/]+)$/.exec(url)?.[1] ?? '';
      const repairs = repairsOf.get(name);
      if (!repairs) return loaded;
      open.delete(name);
      return { ...loaded, source: repaired(String(loaded.source), repairs) };
    },
  });
  try {
    const driver = createRequire(import.meta.url)('postgres');
    if (open.size > 0) throw new Error('the PostgreSQL driver was loaded without its repairs');
    return driver;
  } finally {
    hooks.deregister();
  }
}

function repaired(source: string, repairs: readonly Repair[]): string {
  let text = source;
  for (const { broken, sound } of repairs) {
    const [before, after, ...more] = text.split(broken);
    if (after === undefined || more.length > 0) {
      throw new Error('the PostgreSQL driver is not the version that its repairs are made for');
    }
    text = `${before}${sound}${after}`;
  }
  return text;
}

export const postgresDriver = loadRepaired();
