// `npm run favor -- VERB`: the service's own tool for those who run it.
import { existsSync } from 'node:fs';
import { systemNames } from './doctor/names.ts';
import { runFavor } from './run.ts';

const clearLine = process.stderr.isTTY ? '\r\u001b[K' : '';

// Whoever reads the answer may have had enough of it, as `head` has.
process.stdout.on('error', (error) => {
  if (!('code' in error) || error.code !== 'EPIPE') throw error;
});

// What the environment says already goes before.
if (existsSync('.env')) process.loadEnvFile();

process.exitCode = await runFavor(process.argv.slice(2), {
  env: process.env,
  machineNow: () => new Date(),
  names: systemNames(),
  say: (text) => process.stdout.write(`${text}\n`),
  note: (line) => process.stderr.write(`${clearLine}${line}\n`),
  pulse: (line) => {
    if (process.stderr.isTTY) process.stderr.write(`${clearLine}${line}`);
  },
  write: (text) =>
    new Promise((resolve, reject) => {
      process.stdout.write(text, (error) => (error ? reject(error) : resolve()));
    }),
});
