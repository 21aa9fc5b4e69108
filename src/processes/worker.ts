/**
 * One worker process: forked by the primary, told what to do in its first message. It answers the
 * public API and shares nothing with the other workers but memory-mapped files.
 */
import type { FromWorker, ToWorker } from './messages.ts';
import { startWorker, type Worker } from './worker-life.ts';

process.umask(0o077);
// The terminal sends Ctrl-C to all processes: the primary decides when a worker stops.
process.on('SIGINT', () => {});
// For the primary too, and systemd sends a signal to all processes of a service.
process.on('SIGUSR2', () => {});

let worker: Promise<Worker> | undefined;

function send(message: FromWorker): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}

async function receive(message: ToWorker): Promise<void> {
  if (message.kind === 'start') {
    worker = startWorker(message.settings, send);
    await worker;
    return;
  }
  await (await worker)?.receive(message);
}

process.on('message', (message: ToWorker) => void receive(message));
// Told by nobody: a signal to this worker alone, or the primary is gone. What is there is finished.
process.on('SIGTERM', () => void receive({ kind: 'drain', drain: { mode: 'leave' } }));
process.on('disconnect', () => void receive({ kind: 'drain', drain: { mode: 'stop' } }));
