/**
 * A database server as a child process that cannot outlive this one.
 *
 * A shell becomes the server by `exec`, so that the pid is the server's own. Before that it leaves
 * a watcher behind, which reads from a socket whose other end only this process holds: a line
 * means that the server has ended and sends the watcher home; the end of the stream means that
 * this process is gone, whatever killed it, and the watcher asks the server to stop. `read` is
 * built into the shell, so the watcher is one sleeping process and has no child to leave behind;
 * being forked twice, it is no child of the server, which would have to reap it.
 *
 * The server runs in a session of its own: Ctrl-C in a terminal is for us to act on, in our order.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import type { Writable } from 'node:stream';
import type { StoreExit } from './embedded-store.ts';
import type { StoreLog } from './store-folder.ts';

export type ServerCommand = {
  readonly program: string;
  readonly args: readonly string[];
  /** Whether everybody else comes first who wants a processor. */
  readonly canWait?: boolean;
};

export type ServerProcess = {
  readonly pid: number;
  readonly exited: Promise<StoreExit>;
  /** Undefined while it runs. */
  readonly exit: StoreExit | undefined;
  signal(name: NodeJS.Signals): void;
};

/** `nice` where all are compared, or in this session, which Linux may count as one (autogroup). */
const lateNiceness = 10;

const watchedExec = `
  signal=$1 niceness=$2; shift 2
  [ "$niceness" = 0 ] || { echo "$niceness" >/proc/self/autogroup; } 2>/dev/null
  ( ( read -r line <&3 || kill -s "$signal" $$ ) >/dev/null 2>&1 & )
  exec nice -n "$niceness" "$@" 3<&-`;

/** Nothing of our environment, which holds secrets, goes to a server. */
const serverEnvironment = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  LC_ALL: 'C',
  TZ: 'UTC',
};

export function spawnServer(
  command: ServerCommand,
  stopSignal: NodeJS.Signals,
  log: StoreLog,
): ServerProcess {
  const niceness = command.canWait ? lateNiceness : 0;
  const shellArgs = ['-c', watchedExec, 'sh', stopSignal.slice(3), String(niceness)];
  const child = spawn('/bin/sh', [...shellArgs, command.program, ...command.args], {
    cwd: '/',
    detached: true,
    env: serverEnvironment,
    stdio: ['ignore', log.fd, log.fd, 'pipe'],
  });
  let exit: StoreExit | undefined;
  const exited = exitOf(child).then((value) => {
    exit = value;
    return value;
  });
  if (child.pid === undefined) throw new Error('/bin/sh cannot be started');
  return {
    pid: child.pid,
    exited,
    get exit() {
      return exit;
    },
    signal(name) {
      child.kill(name);
    },
  };
}

function exitOf(child: ChildProcess): Promise<StoreExit> {
  const lifeline = child.stdio[3] as Writable;
  // The watcher may be gone already: somebody ended it.
  lifeline.on('error', () => {});
  return new Promise((resolve) => {
    child.once('error', () => resolve({ code: null, signal: null }));
    child.once('exit', (code, signal) => {
      lifeline.end('\n');
      resolve({ code, signal });
    });
  });
}
