// `npm run favor -- VERB`: the service's own tool for those who run it.
import { existsSync } from 'node:fs';
import { systemNames } from './doctor/names.ts';
import { runFavor } from './run.ts';

// What the environment says already goes before.
if (existsSync('.env')) process.loadEnvFile();

process.exitCode = await runFavor(process.argv.slice(2), {
  env: process.env,
  machineNow: () => new Date(),
  names: systemNames(),
  say: (text) => process.stdout.write(`${text}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
});
