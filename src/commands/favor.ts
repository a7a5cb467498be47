// `npm run favor -- VERB`: the service's own tool for those who run it.
import { systemNames } from './doctor/names.ts';
import { runFavor } from './run.ts';

process.exitCode = await runFavor(process.argv.slice(2), {
  env: process.env,
  machineNow: () => new Date(),
  names: systemNames(),
  say: (text) => process.stdout.write(`${text}\n`),
  note: (line) => process.stderr.write(`${line}\n`),
});
