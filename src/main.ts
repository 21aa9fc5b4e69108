#!/usr/bin/env node
import './lib/use-stripped-sources.js';

const { runCommandLine } = await import('./command-line/run-command-line.ts');
process.exitCode = await runCommandLine(process.argv.slice(2), process.env);
