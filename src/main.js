#!/usr/bin/env node
/** JavaScript, because for a first module with types Node loads its stripper, in 0.1 s. */
import './lib/use-stripped-sources.js';

const { runCommandLine } = await import('./command-line/run-command-line.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), process.env);
