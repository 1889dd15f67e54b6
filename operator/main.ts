// The operator's entry point: settings in, signals in, exit code out. Everything else is in run.ts.
import { systemClock } from '../runtime/clock.ts';
import { terminationSignal } from '../runtime/lifecycle.ts';
import { createLogger } from '../runtime/logger.ts';
import { foreignVariables, helpText, readSettings, redactSettings } from '../runtime/settings.ts';
import { terminalLog } from '../runtime/terminal-log.ts';
import { version } from '../runtime/version.ts';
import { operatorSettings, SETTINGS_PREFIX } from './config.ts';
import { run } from './run.ts';

if (process.argv.includes('--help')) {
  const about = 'The inference operator: makes what each InferenceDeployment of a cluster needs.';
  const call = 'operator --sidecar-image IMAGE [flags]';
  process.stdout.write(helpText(about, call, SETTINGS_PREFIX, operatorSettings));
  process.exit(0);
}
if (process.argv.includes('--version')) {
  process.stdout.write(`${version}\n`);
  process.exit(0);
}

try {
  const settings = readSettings(SETTINGS_PREFIX, operatorSettings, process.env, process.argv.slice(2));
  const output = process.stdout.isTTY ? terminalLog((text) => process.stdout.write(text)) : undefined;
  const log = createLogger('operator', settings.logLevel, output);
  log.info({ settings: redactSettings(operatorSettings, settings) }, 'settings');
  const variables = foreignVariables(SETTINGS_PREFIX, operatorSettings, process.env);
  if (variables.length > 0) log.warn({ variables }, 'variables of the environment that set nothing here');
  await run(terminationSignal(log), settings, { clock: systemClock, log });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
// What still waits for an answer is not waited for.
process.exit();
